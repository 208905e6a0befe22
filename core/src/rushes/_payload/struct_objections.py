"""Whether a check can enforce all that a payload struct declares; judged when a plugin is loaded.

What msgspec would accept but a check could not describe, or what would be sent though nobody gave
it, is refused there, with what to write instead.
"""

import enum
from collections.abc import Iterator, Sequence
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import UNSET, Struct

from rushes._payload.constraints import described
from rushes._payload.fields import (
    Absent,
    FieldShape,
    extra,
    fields_given,
    is_struct,
    shape,
    unwrap,
)
from rushes._structs.type_info import ready
from rushes.problems import show

EMPTY: tuple[Any, ...] = (None, "", [], {}, ())
"""Defaults that mean that nothing is given, whatever the field's type."""
INSTEAD: dict[Any, str] = {
    tuple: "list[…] with Meta(min_length=…, max_length=…)",
    set: "list[…]",
    frozenset: "list[…]",
    bytes: "str",
}


def objections(struct: type[Struct], prefix: str = "", *, closed: bool = True) -> Iterator[str]:
    """Yield what is wrong with a payload struct, and with every struct in it.

    `closed` means that it accepts no other keys.
    """
    yield from _objections(struct, prefix, (), closed=closed)


def _objections(
    struct: type[Struct], prefix: str, outer: tuple[Any, ...], *, closed: bool
) -> Iterator[str]:
    where = prefix.rstrip(".") or "the payload"
    try:
        ready(struct)
        fields = shape(struct)
    except Exception as error:  # noqa: BLE001 - an annotation may raise anything
        yield f"msgspec cannot read the struct of {where}: {error}"
        return
    if closed and not struct.__struct_config__.forbid_unknown_fields:
        yield (
            f"{struct.__name__}, the struct of {where}, drops unknown fields silently; "
            "declare it with forbid_unknown_fields=True"
        )
    for field, info in zip(fields, msgspec.structs.fields(struct), strict=True):
        path = prefix + field.wire
        yield from _default(path, field, info)
        yield from _type(path, field.hint, (*outer, struct))


def _default(path: str, field: FieldShape, info: Any) -> Iterator[str]:
    """Yield what is wrong with a field's default."""
    if field.required:
        return
    if not isinstance(info.default_factory, Absent):
        plain = info.default if info.default is not msgspec.NODEFAULT else info.default_factory()
        shown = "" if plain in (None, UNSET) else repr(plain)
        yield (
            f"{path} has the plain default {plain!r}, which would be sent though nobody gave it; "
            f"write absent({shown}) instead"
        )
        return
    default, (base, metas) = field.reads_as, unwrap(field.hint)
    known = extra(metas, "known")
    if known or is_struct(base):
        given = default if isinstance(default, dict) else fields_given(default)
        required = {inner.wire for inner in shape(known or base) if inner.required}
        for name, value in given.items():
            if name in required:  # which have no default of their own
                continue
            yield (
                f"{path} has a default with {name}={value!r}; give that default to the field "
                f"itself: {name} = absent({value!r}) in {(known or base).__name__}"
            )
    elif default not in EMPTY and not _converts(default, field.hint):
        yield (
            f"{path} reads as {show(default)} if it is absent, which its type does not accept; "
            "one of the two is not what the page says"
        )


def _converts(value: Any, hint: Any) -> bool:
    try:
        msgspec.convert(value, hint)
    except (msgspec.ValidationError, ValueError):
        return False
    return True


def type_objections(name: str, hint: Any) -> Iterator[str]:
    """Yield what is wrong with a type that stands on its own, under a name."""
    try:
        ready(hint)
    except Exception as error:  # noqa: BLE001 - an annotation may raise anything
        yield f"msgspec cannot read the type of {name}: {error}"
        return
    yield from _type(name, hint, ())


def _type(path: str, hint: Any, outer: tuple[Any, ...]) -> Iterator[str]:
    """Yield what is wrong with a field's type, and with the types in it."""
    base, metas = unwrap(hint)
    if known := extra(metas, "known"):
        if known not in outer:
            yield from _objections(known, f"{path}.", outer, closed=False)
    elif is_struct(base):
        if base not in outer:
            yield from _objections(base, f"{path}.", outer, closed=True)
    elif get_origin(base) in (list, Sequence):
        yield from _type(f"{path}[]", get_args(base)[0], outer)
        yield from _limits(path, hint)
    elif base is not Any:
        yield from _leaf(path, base, hint)
        yield from _limits(path, hint)


def _leaf(path: str, base: Any, hint: Any) -> Iterator[str]:
    shown = getattr(base, "__name__", None) if isinstance(base, type) else None
    shown = shown or str(base).replace("typing.", "")
    if get_origin(base) in (Union, UnionType):
        if {*get_args(base)} - {NoneType} != {int, float}:
            yield f"{path} is of several types ({shown}); declare one of them, or Any"
    elif get_origin(base) is Literal:
        if len({type(value) for value in get_args(base)}) > 1:
            yield f"{path} mixes kinds of values ({shown}); declare values of one kind, or Any"
    elif base in (list, Sequence):
        yield f"{path} is a list without an item type; declare list[Any] instead"
    elif described(hint).words == "another value":
        if isinstance(base, type) and issubclass(base, enum.Enum):
            instead = f"Literal[{', '.join(repr(one.value) for one in base)}]"
        else:
            instead = INSTEAD.get(get_origin(base) or base, "str, int, float, bool, list or Struct")
        yield f"{path} is of a type that no check can describe ({shown}); use {instead}"


def _limits(path: str, hint: Any) -> Iterator[str]:
    """Yield each limit of ours that does not belong to a field's type."""
    _, metas = unwrap(hint)
    types = described(hint).types
    for name, key, of in (
        ("max_bytes", "max_bytes", str),
        ("max_utf16", "max_utf16", str),
        ("steps_of", "steps", int),
    ):
        if extra(metas, key) is not None and types != (of,):
            yield f"{path} has {name}(), which is for {of.__name__} only"
