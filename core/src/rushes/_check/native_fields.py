"""A variant's own fields, as its payload declares them: each with its limits, in words."""

from collections.abc import Iterator, Sequence
from typing import Any, get_args, get_origin

from msgspec import Struct
from msgspec.structs import replace

from rushes._check.naming import CommonNames
from rushes._payload.constraints import NOT_BLANK, described, lengths, spans
from rushes._payload.fields import FieldShape, extra, is_struct, shape, unwrap
from rushes.variant import Variant


class NativeField(Struct, frozen=True, kw_only=True):
    """One field of a variant's payload.

    `path` is its place in the JSON, with `[]` for every item of a list. `takes` says what it
    accepts, `choices` lists the values if they are enumerated. `default` is the field's value when
    it is absent, None if none is declared; `common` the common field that goes there.
    """

    path: str
    takes: str
    choices: tuple[Any, ...] = ()
    required: bool = False
    default: Any = None
    common: str | None = None


def native_fields(variant: Variant) -> list[NativeField]:
    """List every field of a variant's payload in order, including nested ones."""
    names = CommonNames(variant)
    return [
        replace(field, common=_common(names, field.path)) for field in _fields(variant.payload, "")
    ]


def _common(names: CommonNames, path: str) -> str | None:
    """Name the common field that goes to a path, or to there in the first item of a list."""
    paths = (path, path.replace("[]", "[0]"))
    return next((names.field(at) for at in paths if names.has(at)), None)


def _fields(struct: type[Struct], prefix: str) -> Iterator[NativeField]:
    for field in shape(struct):
        path = prefix + field.wire
        default = None if field.required or field.reads_as in ("", [], {}) else field.reads_as
        yield _field(path, field.hint, required=field.required, default=_plain(default))
        yield from _within(path, field)


def _within(path: str, field: FieldShape) -> Iterator[NativeField]:
    """Yield the fields of an object, or of a list's items."""
    base, metas = unwrap(field.hint)
    if inner := extra(metas, "known") or (base if is_struct(base) else None):
        yield from _fields(inner, f"{path}.")
    elif get_origin(base) in (list, Sequence):
        item = get_args(base)[0]
        inner, _ = unwrap(item)
        if is_struct(inner):
            yield from _fields(inner, f"{path}[].")
        elif item is not Any:
            yield _field(f"{path}[]", item)


def _field(path: str, hint: Any, **more: Any) -> NativeField:
    return NativeField(path=path, takes=takes(hint), choices=described(hint).choices, **more)


def _plain(default: Any) -> Any:
    """Return a default that can be shown; an object's are those of its fields."""
    return None if isinstance(default, Struct) else default


def takes(hint: Any) -> str:
    """Say in words what a field accepts."""
    base, metas = unwrap(hint)
    bounds = described(hint)
    tail = "; concerns the delivery" if extra(metas, "transport") else ""
    if extra(metas, "public_url"):
        return "public http(s) address" + tail
    if extra(metas, "web_url"):
        return "http(s) address" + tail
    if extra(metas, "known"):
        return "object; other keys pass, with a note"
    if is_struct(base):
        return "object"
    if base is Any:
        return "anything"
    if bounds.words == "a list":
        item, _ = unwrap(get_args(base)[0])
        of = " of anything" if item is Any else " of objects" if is_struct(item) else ""
        return _with(f"list{of}", lengths(bounds, "items"))
    if bounds.words == "text" and bounds.pattern == NOT_BLANK:  # which implies a minimum length
        return _with("text, not blank", lengths(replace(bounds, min_length=None))) + tail
    if bounds.words == "text":
        matching = f"matching {bounds.pattern}" if bounds.pattern else ""
        return _with(_with("text", lengths(bounds)), matching) + tail
    return _with(bounds.words.removeprefix("a ").removeprefix("an "), spans(bounds))


def _with(words: str, more: str) -> str:
    return f"{words}, {more}" if more else words
