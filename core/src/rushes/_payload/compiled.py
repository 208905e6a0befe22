"""What a check does with every payload of one struct, derived from the struct once."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any, get_args, get_origin

from msgspec import UNSET, Struct
from msgspec.structs import force_setattr

from rushes._payload.fields import FieldShape, extra, is_struct, shape, takes_null, unwrap
from rushes._structs.unrolled import unrolled


class CompiledStruct(Struct, frozen=True, kw_only=True):
    """One struct as a check uses it: what takes long to derive is derived once."""

    reading: Callable[[Any], Any]
    """Copies a payload as rules see it: absent fields have the provider's default."""
    filled: Callable[[Any], bool]
    """Returns whether no `Text` of a payload is blank, and no required list empty."""
    special: Mapping[str, FieldShape]
    """The fields that msgspec cannot check completely, by their wire names."""
    transport: tuple[FieldShape, ...]
    """The fields that concern the delivery, not the video."""


@cache
def compiled(struct: type[Struct]) -> CompiledStruct:
    """Return what a check needs of one struct."""
    fields = shape(struct)
    return CompiledStruct(
        reading=_reader(fields),
        filled=unrolled("payload", (*_empty_lines(struct, "payload"), "return True")),
        special={field.wire: field for field in fields if field.special},
        transport=tuple(field for field in fields if field.transport),
    )


def reading(payload: Any) -> Any:
    """Return a copy of a payload as rules see it: absent fields have the provider's default."""
    return compiled(payload.__class__).reading(payload)


def _reader(fields: tuple[FieldShape, ...]) -> Callable[[Any], Any]:
    lines = ["read = payload.__copy__()"]
    for place, field in enumerate(fields):
        name = field.name
        if not field.required:
            lines.append(f"if read.{name} is UNSET: put(read, {name!r}, defaults[{place}])")
        if _holds_absent(field.hint):
            lines.append(f"put(read, {name!r}, within(read.{name}))")
    defaults = [field.reads_as for field in fields]
    known = {"UNSET": UNSET, "put": force_setattr, "within": _within, "defaults": defaults}
    return unrolled("payload", (*lines, "return read"), **known)


def _within(value: Any) -> Any:
    """Read a field's value, if that has fields that may be absent."""
    if isinstance(value, Struct):
        return reading(value)
    if isinstance(value, list) and value and isinstance(value[0], Struct):
        return [reading(item) for item in value]
    return value


def _holds_absent(hint: Any) -> bool:
    base, _ = unwrap(hint)
    if is_struct(base):
        return any(not field.required or _holds_absent(field.hint) for field in shape(base))
    return any(_holds_absent(arm) for arm in get_args(base) if not isinstance(arm, (str, int)))


def _empty_lines(hint: Any, at: str, indent: str = "", *, given: bool = True) -> list[str]:
    """Write the lines that look for what is empty in the value `at`, which may not be given."""
    base, metas = unwrap(hint)
    given = given and not takes_null(hint)
    if extra(metas, "not_blank"):
        is_text = "" if given and base is str else f"type({at}) is str and "
        return [f"{indent}if {is_text}{at}.isspace(): return False"]
    if is_struct(base):
        deeper = indent if given else f"{indent} "
        found = [*chain(*(_field_lines(field, at, deeper) for field in shape(base)))]
        return found if given or not found else [f"{indent}if {at}:", *found]
    if get_origin(base) in (list, Sequence):
        item = f"item_{len(indent)}"
        lines = _empty_lines(get_args(base)[0], item, f"{indent} ")
        return [f"{indent}for {item} in {at}{'' if given else ' or ()'}:", *lines] if lines else []
    return []


def _field_lines(field: FieldShape, struct: str, indent: str) -> list[str]:
    at = f"{struct}.{field.name}"
    lines = _empty_lines(field.hint, at, indent, given=field.required)
    if field.required and get_origin(unwrap(field.hint)[0]) is list:
        return [f"{indent}if not {at}: return False", *lines]
    return lines
