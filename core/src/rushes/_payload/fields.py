"""The vocabulary of payload structs: the type of a field, and its value when absent."""

from functools import cache, partial
from types import UnionType
from typing import Annotated, Any, Self, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from rushes._structs.type_info import ready

Text = Annotated[str, Meta(min_length=1, extra={"not_blank": True})]
"""Text that is not blank: on its own, in a list or in a struct.

msgspec only checks that it is not empty: a pattern would cost as much as the rest of a shot.
"""

PublicURL = Annotated[
    str,
    Meta(
        pattern=r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#]+\.[^\s/?#]+([/?#]\S*)?$",
        extra={"public_url": True},
    ),
]
"""A public http(s) address: a host with a dot, no white space, no private address."""

TransportText = Annotated[str, Meta(min_length=1, pattern=r"\S", extra={"transport": True})]
"""A field that concerns the delivery, not the video: shown separately from the payload."""

TransportURL = Annotated[str, Meta(min_length=1, extra={"web_url": True, "transport": True})]
"""Where the provider sends notifications: an http(s) address, shown apart from the payload."""


SPECIAL = ("known", "public_url", "web_url", "max_bytes", "max_utf16", "steps")
"""What we declare and msgspec does not check."""


def max_bytes(most: int) -> Meta:
    """Annotate text that may have at most this many bytes in UTF-8."""
    return _limit("max_bytes", most)


def max_utf16(most: int) -> Meta:
    """Annotate text that may have at most this many UTF-16 units; an emoji has two."""
    return _limit("max_utf16", most)


def steps_of(step: int, *, plus: int = 0) -> Meta:
    """Annotate an integer that is a multiple of `step`, plus another number: 8n + 1."""
    if type(step) is not int or type(plus) is not int or step < 1:
        raise TypeError("steps_of() takes whole numbers; the first is 1 or more")
    return Meta(extra={"steps": (step, plus)})


def _limit(name: str, most: int) -> Meta:
    if type(most) is not int or most < 1:
        raise TypeError(f"{name}() takes a whole number from 1")
    return Meta(extra={name: most})


class Absent(partial[UnsetType]):
    """Makes a field optional: omitted from the wire body, seen by rules as `reads_as`.

    msgspec calls it for each field that is left out: it gives UNSET without a call of Python.
    """

    reads_as: Any

    def __new__(cls, reads_as: Any) -> Self:
        """Remember the provider's default."""
        made = super().__new__(cls, UnsetType)
        made.reads_as = reads_as
        return made


def absent(reads_as: Any = None, *, name: str | None = None) -> Any:
    """Declare a field that may be left out; `reads_as` is the provider's documented default.

    `name` is the field's name on the wire, if it is not a valid Python name.
    """
    return msgspec.field(default_factory=Absent(reads_as), name=name)


class FieldShape(Struct, frozen=True, kw_only=True):
    """One field of a payload struct, as declared."""

    name: str
    wire: str
    hint: Any
    required: bool
    reads_as: Any
    transport: bool
    """Concerns the delivery, not the video."""
    special: bool
    """Holds an address, an open object, a number that may be NaN: more than msgspec can check."""


def unwrap(hint: Any) -> tuple[Any, tuple[Meta, ...]]:
    """Split a type hint into the bare type and its `Annotated` metadata; None is dropped."""
    metas: tuple[Meta, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *rest = get_args(hint)
        metas = tuple(meta for meta in rest if isinstance(meta, Meta))
    if get_origin(hint) in (Union, UnionType):
        rest = [arm for arm in get_args(hint) if arm is not type(None)]
        if len(rest) == 1:
            inner, more = unwrap(rest[0])
            return inner, metas + more
    return hint, metas


def takes_null(hint: Any) -> bool:
    """Whether null is one of a hint's values."""
    if get_origin(hint) is Annotated:
        return takes_null(get_args(hint)[0])
    return hint is Any or type(None) in get_args(hint)


def extra(metas: tuple[Meta, ...], key: str) -> Any:
    """Return the value of `key` in the `extra` of one of the metas, or None."""
    return next((meta.extra[key] for meta in metas if meta.extra and key in meta.extra), None)


def is_struct(hint: Any) -> bool:
    """Whether a bare type is a msgspec struct."""
    return isinstance(hint, type) and issubclass(hint, Struct)


@cache
def shape(struct: type[Struct]) -> tuple[FieldShape, ...]:
    """Return a payload struct's fields in order, read once."""
    ready(struct)  # the fields of an open object are not in the payload's annotations
    hints = get_type_hints(struct, include_extras=True)
    shapes = []
    for field in msgspec.structs.fields(struct):
        base, metas = unwrap(hints[field.name])
        factory = field.default_factory
        shapes.append(
            FieldShape(
                name=field.name,
                wire=field.encode_name,
                hint=hints[field.name],
                required=field.required,
                reads_as=factory.reads_as if isinstance(factory, Absent) else None,
                transport=bool(extra(metas, "transport")),
                special=_special(base, metas),
            )
        )
    return tuple(shapes)


def _special(base: Any, metas: tuple[Meta, ...]) -> bool:
    if base in (Any, float) or any(extra(metas, key) for key in SPECIAL):
        return True
    if is_struct(base):
        return any(field.special for field in shape(base))
    return any(_special(*unwrap(arm)) for arm in get_args(base) if not isinstance(arm, (str, int)))


def with_text(payload: Struct, path: str, text: str) -> Struct:
    """Return a payload with a text in one of its fields; an object on the way there is made."""
    first, _, rest = path.partition(".")
    field = next(field for field in shape(type(payload)) if field.wire == first)
    value: Any = text
    if rest:
        inner = getattr(payload, field.name)
        if not isinstance(inner, Struct):
            inner = msgspec.convert({}, unwrap(field.hint)[0])
        value = with_text(inner, rest, text)
    return msgspec.structs.replace(payload, **{field.name: value})


def fields_given(struct: Any) -> dict[str, Any]:
    """Return a struct's fields that have a value, by their wire names."""
    fields = shape(type(struct)) if isinstance(struct, Struct) else ()
    values = {field.wire: getattr(struct, field.name) for field in fields}
    return {name: value for name, value in values.items() if value is not UNSET}
