"""The declaration of a variant: everything about it that is data."""

import datetime
import re
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any, Literal
from urllib.parse import quote

import msgspec
from msgspec import Struct

from rushes._urls import climbs, join, origin
from rushes.answers import Answers
from rushes.problems import Source, show, show_size
from rushes.rules import Rule

__all__ = [
    "SPEC", "WEBHOOK_SECRETS", "Always", "Built", "Cancel", "Polling", "Shots", "To", "Together",
    "Uploads", "Variant", "environment_prefix", "key_name", "key_variable",
]  # fmt: skip

WEBHOOK_SECRETS = ("webhook_secret", "old_webhook_secret")
"""What deliveries are signed with: `TOAPIS_WEBHOOK_SECRET`, and what it replaces, if that is still
used."""
SPEC = 2
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


class Shots(Struct, frozen=True, kw_only=True):
    """The target of shots: each becomes an item of the list `path` (`scenes[]`).

    `prompt`, `duration` and `number` (from 1) are the item's fields for them; without one for the
    `duration`, the length of a shot is a problem. `form` computes the wire's length (`str`), `also`
    are payload fields that shots set to a value.

    `fill_in`: if every shot has a length, and the request has none, the common `duration` is set to
    their sum, with a note, as far as it is accepted there.
    """

    path: str
    prompt: str = "prompt"
    duration: str | None = "duration"
    number: str | None = None
    form: Callable[[Any], Any] | None = None
    also: Mapping[str, Any] = {}
    fill_in: bool = False


class Built(Struct, frozen=True):
    """The target to which the plugin's own `build_payload`, not the core, carries a common value.

    `also` names further payload fields that it fills in.
    """

    path: str
    also: tuple[str, ...] = ()


class Polling(Struct, frozen=True, kw_only=True):
    """The provider's advice on polling, in seconds.

    A task is first polled `first` seconds after it was sent, or later, and waited for at most
    `at_most` seconds. Its end is noticed as soon, on average, as by polls every `every` seconds,
    but with fewer polls once it is known how long such tasks take. Two polls are at least `floor`
    seconds apart: what the provider asks for, or `every` if no `floor` is given.
    """

    first: float = 5.0
    every: float = 10.0
    at_most: float = 1800.0
    floor: float | None = None


class Uploads(Struct, frozen=True, kw_only=True):
    """Which local files are accepted: types by content (`image/png`, `video/mp4`), size in bytes.

    `max_bytes` limits each file, or the files of each kind: `{"image": 30_000_000, "sound":
    15_000_000}`. The hook `upload` sends each file to the provider and returns its public address,
    or a text that stands for it and begins with `handle` (`runway://`).

    If there is no endpoint for that, files go into the payload: `inline` is the template of a text
    ("{base64}", "data:{type};base64,{base64}") or of an object of texts, and `max_body` how large
    the payload may be with all its files, if the page says so.

    `addresses`: whether the provider also fetches such files from public addresses; if not, the
    core does. `source` is the page that says all this, if it is not the variant's.
    """

    types: tuple[str, ...]
    max_bytes: int | Mapping[str, int]
    max_body: int | None = None
    source: Source | None = None
    handle: str | None = None
    inline: str | Mapping[str, str] | None = None
    addresses: bool = True

    def types_of(self, kind: str) -> tuple[str, ...]:
        """Return the accepted types of one kind of file: `image`, `video` or `sound`."""
        prefix = "audio/" if kind == "sound" else f"{kind}/"
        return tuple(name for name in self.types if name.startswith(prefix))

    def most(self, kind: str) -> int:
        """Return how many bytes a file of one kind may have: an `image`, a `video` or a `sound`."""
        return self.max_bytes if isinstance(self.max_bytes, int) else self.max_bytes[kind]

    @property
    def limits(self) -> str:
        """The limits of size in words: "up to 30 MB an image, 15 MB a sound, 64 MB in all"."""
        if isinstance(self.max_bytes, int):
            each = [show_size(self.max_bytes)]
        else:
            articles = {"image": "an image", "video": "a video", "sound": "a sound"}
            each = [f"{show_size(most)} {articles[kind]}" for kind, most in self.max_bytes.items()]
        if self.max_body is not None:
            each = [] if self.max_bytes == self.max_body else each
            each.append(f"{show_size(self.max_body)} in all")
        return f"up to {', '.join(each)}"


class Cancel(Struct, frozen=True, kw_only=True):
    """The call that cancels a task; its path has placeholders like `status_path`.

    `while_queued`: the provider cancels only tasks that have not begun.
    """

    path: str
    method: str = "POST"
    while_queued: bool = False


class _Shared(Struct, frozen=True, kw_only=True):
    """What the models of one provider share; a `Provider` or a `Variant` declares it.

    `spec` is the number of the hook specification that the plugin was written for, 2.

    Paths are appended to `base_url`. `{id}` in them is the remote id, or the value that `answers`
    keeps under that name, encoded; in `{+id}` slashes stay as they are, and a path that begins with
    `{+name}` is an address that the provider gave. `submit_paths` has those that differ by the
    payload's input mode. `statuses_path` asks for several tasks at once: `{ids}` are their ids,
    joined by commas, and `?of={ids*}` repeats the parameter for each. The answer lists the tasks as
    that to `status_path` does, or as `answers.listed` says. In
    `look_up_path`, `{client_id}` is our client id, by which the provider recognises a call that it
    saw before; it is put into the payload's `client_id_field`, or sent as the header
    `client_id_header`. `query_fields` are text fields of the payload that go into the query of the
    address that it is submitted to, not into the body. `callback_field` is the text field for an
    address that the provider calls when the task changes (`options.callback_url` in an object);
    the hook `parse_webhook` reads what it sends there.

    `secrets` lists what calls to the provider are authorised with: alternatives, each a set of
    names; the first that is complete is used. `api_key` is the provider's key, `TOAPIS_API_KEY` in
    the environment; another is `TOAPIS_<NAME>`. `variables` names a further variable for each; one
    that begins with the name of another installed provider is that one's, and is not read.
    `authorization` is the header that carries the key; a hook `authorize` or `token` does more.
    Secrets go to the base URL's origin and to the further `origins`, by name, and nowhere else; if
    another base URL is configured, it stands for all of them.

    `model_field` is the payload's field for the model, if it has one; the core fills it in.

    `headers` are sent with every call to the provider. `answers` says how its answers are read,
    `hooks` are functions marked `@hookimpl` for what no declaration can express; a later one is
    asked before an earlier one of the same name.
    """

    spec: int
    id: str
    submit_path: str
    status_path: str
    statuses_path: str | None = None
    submit_paths: Mapping[str, str] = {}
    base_url: str | None = None
    origins: Mapping[str, str] = {}
    secrets: tuple[tuple[str, ...], ...] = (("api_key",),)
    variables: Mapping[str, str] = {}
    authorization: str = "Authorization: Bearer {key}"
    headers: Mapping[str, str] = {}
    answers: Answers | None = None
    idempotency: Literal["replay", "reject", "none"] = "none"
    look_up: Literal["by_client_id", "none"] = "none"
    look_up_path: str | None = None
    client_id_field: str | None = None
    client_id_header: str | None = None
    query_fields: tuple[str, ...] = ()
    callback_field: str | None = None
    model_field: str = "model"
    cancel: Cancel | None = None
    polling: Polling = Polling()
    uploads: Uploads | None = None
    facts: tuple[str, ...] = ()
    hooks: tuple[Callable[..., Any], ...] = ()


class Variant(_Shared, frozen=True, kw_only=True):
    """One model at one provider. What a provider's models share is declared in a `Provider`.

    `fields` says the target of each common field, with `images.<role>` for each role of an image; a
    field that is not in it, and that `build_payload` does not take, is a problem. `cost` estimates
    USD for a valid payload, a number that is not negative, or None if unknown. From the day
    `ends` the model is gone: every request has a problem that says so.
    """

    payload: type[Struct]
    page: Source
    model: str
    fields: Mapping[str, To | Together | Always | Shots | Built] = {}
    rules: tuple[Rule, ...] = ()
    cost: Callable[[Any], float | None] | None = None
    input_mode: Callable[[Any], str] | None = None
    ends: datetime.date | None = None

    @property
    def provider(self) -> str:
        """Whose endpoint and key are used."""
        return self.id.partition("/")[0]

    @property
    def environment_prefix(self) -> str:
        """The prefix of the provider's environment variables: `TOAPIS`."""
        return environment_prefix(self.provider)

    @property
    def key_variables(self) -> tuple[tuple[str, ...], ...]:
        """The environment variables that may hold the key: each way, with all that it takes."""
        own = [tuple(key_variable(self.provider, name) for name in way) for way in self.secrets]
        further = [
            tuple(self.variables.get(name) or key_variable(self.provider, name) for name in way)
            for way in self.secrets
        ]
        return tuple(dict.fromkeys((*own, *further)))

    def at(self, base_url: str | None) -> "Variant":
        """Return the same declaration at another base URL, if one is given.

        It stands for the further origins, too.
        """
        if not base_url or base_url == self.base_url:
            return self
        origins = dict.fromkeys(self.origins, base_url)
        return msgspec.structs.replace(self, base_url=base_url, origins=origins)

    def submit_url(self, input_mode: str | None = None) -> str:
        """Return the address that a payload with this input mode is sent to."""
        return self.url(self.submit_paths.get(input_mode or "", self.submit_path))

    @property
    def own_origins(self) -> tuple[str, ...]:
        """The base URL, if there is one, and the addresses of the further origins."""
        return (*([self.base_url] if self.base_url else ()), *self.origins.values())

    def url(self, path: str, at: str | None = None, /, **values: Any) -> str:
        """Return an endpoint's address, with its placeholders filled in.

        `at` is the name of one of the further `origins`.

        Raises ValueError if there is no text for one, if an address that the provider gave is at
        another origin, or if dots in a value would lead to another path.
        """
        base = self.origins[at] if at else self.base_url or ""
        if "{" not in path:
            return _fixed_url(base, path)
        whole = ""
        if begins := _ADDRESS.match(path):
            there, path = _value(values, begins[1]), path[begins.end() :]
            _refuse_climbing(begins[1], re.split(r"[?#]", there, maxsplit=1)[0])
            if "://" in there and origin(there) not in map(origin, self.own_origins):
                raise ValueError(f"{there} is not at {self.base_url}")
            whole = there if "://" in there else join(base, there)
        if "*}" in path:
            path = _REPEATED.sub(partial(_repeated, values), path)
        filled = _PLACEHOLDER.sub(partial(_written, values), path)
        return whole + filled if begins else join(base, filled)


_fixed_url = lru_cache(maxsize=256)(join)
"""Addresses without placeholders are those of every submit: each is made, and kept, once."""
_PLACEHOLDER = re.compile(r"\{(\+?)(\w+)\}")
_REPEATED = re.compile(r"(?<=[?&])([^?&={}]+=)\{(\w+)\*\}")
_ADDRESS = re.compile(r"\{\+(\w+)\}")
_PLAIN = re.compile(r"[A-Za-z0-9_~-]*")
"""Values that are the same in an address, and lead nowhere else."""


def _written(values: Mapping[str, Any], placeholder: re.Match[str]) -> str:
    """Return the value of a placeholder, encoded for an address (RFC 6570, 3.2.2 and 3.2.3)."""
    plus, name = placeholder.groups()
    if isinstance(several := values.get(name), list):
        return ",".join(quote(value, safe="") for value in several)
    value = _value(values, name)
    if _PLAIN.fullmatch(value):
        return value
    if "?" not in placeholder.string[: placeholder.start()]:
        _refuse_climbing(name, value)
    return quote(value, safe="/" if plus else "")


def _refuse_climbing(name: str, value: str) -> None:
    """Raise ValueError if a value would lead to another path than the one it is put into."""
    if climbs(value):
        raise ValueError(f"{name!r} is {show(value)}, which would lead to another address")


def _repeated(values: Mapping[str, Any], parameter: re.Match[str]) -> str:
    """Return a parameter of the query once for each of several values (RFC 6570, 3.2.8)."""
    begins, name = parameter.groups()
    return "&".join(f"{begins}{quote(value, safe='')}" for value in values[name])


def _value(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ValueError(f"{name!r} is not known, which the address needs")
    return str(value)


def environment_prefix(provider: str) -> str:
    """Return the prefix of a provider's environment variables."""
    return provider.upper().replace("-", "_")


def key_variable(provider: str, secret: str = "api_key") -> str:  # noqa: S107 - its name
    """Return the environment variable that holds a provider's key: `TOAPIS_API_KEY`."""
    return f"{environment_prefix(provider)}_{secret.upper()}"


def key_name(provider: str, secret: str = "api_key") -> str:  # noqa: S107 - its name
    """Return the name by which a secret is passed and stored: `toapis`, or `kling.secret_key`."""
    return provider if secret == "api_key" else f"{provider}.{secret}"  # noqa: S105 - its name
