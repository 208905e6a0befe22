"""The declaration of a variant: everything about it that is data."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct

from rushes.problems import Source
from rushes.rules import Rule
from rushes.urls import join

SPEC = 1
"""The version of the hook specification that this core supports."""


class To(Struct, frozen=True):
    """The target of a common value: `metadata.watermark`, or `image_urls[]` to append.

    `values` translates the common value ("720p") to the wire's ("std") and lists what is accepted.

    `form` computes the wire value if a translation is not enough. `accepts` is the type of the
    common values that it can turn, as a payload would declare it (`Annotated[int, Meta(ge=2,
    le=10)]`); `form` is called with no other. `back` computes the common value from the wire's, so
    that problems speak of what the caller asked for.

    Images with `ordered` go into a list in the order of `fields`; without a `form` they always do.
    """

    path: str
    values: Mapping[Any, Any] | None = None
    form: Callable[[Any], Any] | None = None
    accepts: Any = None
    back: Callable[[Any], Any] | None = None
    ordered: bool = False


class Together(Struct, frozen=True):
    """The target of two common fields that make one value: a ratio and a resolution make a size.

    It is the target of both. `values` has the wire's value for each pair, in the order of `fields`;
    if only one of them is given, the other is that of the payload's default, if it has one.
    """

    fields: tuple[str, str]
    path: str
    values: Mapping[tuple[Any, Any], Any]


class Always(Struct, frozen=True):
    """What the variant always does: requesting it is accepted, anything else is a problem."""

    value: Any


class Built(Struct, frozen=True):
    """The target to which the plugin's own `build_payload`, not the core, carries a common value.

    `also` names further payload fields that it fills in.
    """

    path: str
    also: tuple[str, ...] = ()


class Polling(Struct, frozen=True, kw_only=True):
    """The provider's advice on polling, in seconds."""

    first: float = 5.0
    every: float = 10.0
    at_most: float = 1800.0


class Uploads(Struct, frozen=True, kw_only=True):
    """What the provider's upload endpoint accepts: types by content, size in bytes."""

    types: tuple[str, ...]
    max_bytes: int
    source: Source


class Variant(Struct, frozen=True, kw_only=True):
    """One model at one provider.

    `spec` is the version of the hook specification that the plugin was written for. `fields` says
    the target of each common field, with `images.<role>` for each role of an image; a field that is
    not in it, and that `build_payload` does not take, is a problem. `cost` estimates USD for a
    valid payload, None if unknown. `status_path` has `{id}` in place of the remote id.
    The client id, by which the provider recognises a call that it saw before, is put into the
    payload's `client_id_field`, or sent as the header `client_id_header`.
    """

    spec: int
    id: str
    payload: type[Struct]
    page: Source
    model: str
    submit_path: str
    status_path: str
    base_url: str | None = None
    fields: Mapping[str, To | Together | Always | Built] = {}
    rules: tuple[Rule, ...] = ()
    cost: Callable[[Any], float | None] | None = None
    input_mode: Callable[[Any], str] | None = None
    idempotency: Literal["replay", "reject", "none"] = "none"
    look_up: Literal["by_client_id", "none"] = "none"
    client_id_field: str | None = None
    client_id_header: str | None = None
    polling: Polling = Polling()
    uploads: Uploads | None = None
    facts: tuple[str, ...] = ()

    @property
    def provider(self) -> str:
        """Whose endpoint and key are used."""
        return self.id.partition("/")[0]

    @property
    def environment_prefix(self) -> str:
        """The prefix of the provider's environment variables: `TOAPIS`."""
        return environment_prefix(self.provider)

    def url(self, path: str, **ids: str) -> str:
        """Return an endpoint's address; ids in it are encoded."""
        from urllib.parse import quote

        encoded = {name: quote(value, safe="") for name, value in ids.items()}
        return join(self.base_url or "", path.format(**encoded))


def environment_prefix(provider: str) -> str:
    """Return the prefix of a provider's environment variables."""
    return provider.upper().replace("-", "_")


def key_variable(provider: str) -> str:
    """Return the environment variable that holds a provider's key: `TOAPIS_API_KEY`."""
    return f"{environment_prefix(provider)}_API_KEY"


def configured(variant: Variant, base_url: str | None) -> Variant:
    """Return the declaration with the configured base URL, if there is one."""
    return msgspec.structs.replace(variant, base_url=base_url) if base_url else variant
