"""Checking data against a struct, field by field, so that every problem is found at once."""

import math
from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any, get_args, get_origin

import msgspec
from msgspec import Struct

from rushes._payload.constraints import (
    NOT_BLANK,
    Bounds,
    described,
    finite,
    nearest,
    nearest_number,
    spans,
    utf8_bytes,
    utf16_units,
)
from rushes._payload.fields import FieldShape, extra, is_struct, shape, unwrap
from rushes._payload.request_fields import is_empty
from rushes._structs.invalid import INVALID
from rushes._urls import public_url_objection, web_url_objection
from rushes.problems import Note, Problem, listing, show

MOST_NAMES = 4
"""How many fields an object may have to be named where it is missing."""
MAX_DEPTH = 64
"""How deep an open object may nest; no provider documents more than a few levels."""


MAX_BITS = 14_000
"""How long an integer may be: Python writes no more than 4,300 digits."""


class Examiner:
    """Checks one piece of data, collecting problems and notes.

    `who` is the variant whose payload it is, or None for a portable request, in which empty values
    count as absent and 5.0 is 5. Values with a problem are marked in what is returned.
    """

    def __init__(self, who: str | None, *, loopback: bool) -> None:
        self.by = f" by {who}" if who else ""
        self.who = who or "a request"
        self.portable = who is None
        self.loopback = loopback
        self.problems: list[Problem] = []
        self.notes: list[Note] = []
        self.marked: list[str] = []
        """The paths at which the data was already marked as having a problem."""

    def problem(self, path: str, code: str, message: str, accepted: Any = None) -> Any:
        """Record a problem; return the mark of an invalid value."""
        self.problems.append(Problem(path=path, code=code, message=message, accepted=accepted))
        return INVALID

    def value(self, hint: Any, value: Any, path: str) -> Any:
        """Return the value with the type of the hint, or INVALID after recording a problem."""
        base, metas = unwrap(hint)
        if value is INVALID:
            self.marked.append(path)
            return self.mark(base) if is_struct(base) else INVALID
        if base is Any:
            return value if self.plain(value, path, 0) else INVALID
        if value is None and NoneType in get_args(hint):
            return None
        if is_struct(base):
            return self.struct(base, value, path)
        if value is None:
            return self.null(path)
        if known := extra(metas, "known"):
            return self.open_object(known, value, path)
        if get_origin(base) in (list, Sequence):
            return self.list(hint, value, path)
        if isinstance(value, str) and (extra(metas, "public_url") or extra(metas, "web_url")):
            return self.address(hint, value, path, public=bool(extra(metas, "public_url")))
        return self.leaf(hint, value, path)

    def struct(self, struct: type[Struct], value: Any, path: str) -> Any:
        """Check every field of an object; invalid fields are marked in the struct returned."""
        if isinstance(value, struct):
            value = {
                field.wire: given
                for field in shape(struct)
                if (given := getattr(value, field.name)) is not msgspec.UNSET and given is not None
            }
        if value is None:
            self.null(path)
            return self.mark(struct)
        if not isinstance(value, Mapping):
            names = [field.wire for field in shape(struct)]
            some = f" with {listing(names)}" if len(names) <= MOST_NAMES else ""
            self.problem(path, "type", f"must be an object{some}, not {show(value)}")
            return self.mark(struct)
        prefix = f"{path}." if path else ""
        values: dict[str, Any] = {}
        for field in shape(struct):
            given = value.get(field.wire, msgspec.UNSET)
            if not self.absent(field, given):
                values[field.name] = self.value(field.hint, given, prefix + field.wire)
            elif field.required:
                values[field.name] = self.missing(field.hint, prefix + field.wire)
        known = [field.wire for field in shape(struct)]
        for name in value:
            if name not in known:
                self.unknown(name, [*known, *_inner(struct, name)], prefix)
        return struct(**values)

    def mark(self, struct: type[Struct]) -> Any:
        """Return a struct whose fields are all marked as invalid."""
        made: dict[str, Any] = {}
        for field in shape(struct):
            listed = get_origin(unwrap(field.hint)[0]) in (list, Sequence)
            made[field.name] = self.mark_list() if listed else INVALID
        return struct(**made)

    def mark_list(self) -> Any:
        """Return the mark of a list; in a request it can be iterated, as plugins do."""
        return [INVALID] if self.portable else INVALID

    def absent(self, field: FieldShape, given: Any) -> bool:
        """Whether the value given for a field counts as absent."""
        if given is msgspec.UNSET or given is INVALID:
            return given is msgspec.UNSET
        if self.portable:
            return given is None or is_empty(given)
        return field.required and isinstance(given, list) and not given

    def null(self, path: str) -> Any:
        """Record a null."""
        return self.problem(path, "null", "null is not accepted; leave the field out")

    def missing(self, hint: Any, path: str) -> Any:
        """Record a missing required field."""
        accepted, bounds = finite(hint), described(hint)
        more = f"; accepted: {listing(accepted)}" if accepted else ""
        if bounds.words == "text" and (bounds.pattern == NOT_BLANK or bounds.min_length):
            more = " and must not be " + ("blank" if bounds.pattern == NOT_BLANK else "empty")
        return self.problem(path, "missing", f"is required{self.by}{more}", accepted)

    def unknown(self, name: Any, known: Sequence[str], prefix: str) -> None:
        """Record a field that does not exist, with the names that may have been meant."""
        near = nearest(name, known)
        nearest_name = f" (nearest: {near[0]})" if near else ""
        message = f"{self.who} has no such field{nearest_name}"
        self.problem(f"{prefix}{printable(name)}", "unknown_field", message, near or None)

    def list(self, hint: Any, value: Any, path: str) -> Any:
        """Check the length of a list, and each of its items."""
        if not isinstance(value, (list, tuple)):
            self.problem(path, "type", f"must be a list, not {show(value)}")
            return self.mark_list() if "." in path else INVALID
        base, _ = unwrap(hint)
        bounds = described(hint)
        # A marked item may belong elsewhere, so it does not count.
        count = sum(item is not INVALID for item in value)
        if bounds.max_length is not None and count > bounds.max_length:
            message = f"has {count} items; at most {bounds.max_length} are accepted{self.by}"
            self.problem(path, "length", message)
        # An empty list counts as absent, so a minimum length applies only to a list with items.
        if value and bounds.min_length is not None and len(value) < bounds.min_length:
            message = f"has {len(value)} items; at least {bounds.min_length} are needed{self.by}"
            self.problem(path, "length", message)
        item_hint = get_args(base)[0]
        return [self.value(item_hint, item, f"{path}[{index}]") for index, item in enumerate(value)]

    def open_object(self, known: type[Struct], value: Any, path: str) -> Any:
        """Check an object whose known fields are typed and whose other keys pass with a note."""
        if not isinstance(value, Mapping):
            return self.problem(path, "type", f"must be an object, not {show(value)}")
        typed = {field.wire: field for field in shape(known)}
        for field in typed.values():
            if field.required and field.wire not in value:
                self.missing(field.hint, f"{path}.{field.wire}")
        kept: dict[str, Any] = {}
        for name, item in value.items():
            at = f"{path}.{printable(name)}"
            if name in typed:
                valid = self.value(typed[name].hint, item, at) is not INVALID
                kept[name] = item if valid else INVALID
            elif self._key(name, path) and self.plain(item, at, 0):
                message = f"{self.who} does not document this field; it is passed on unchecked"
                self.notes.append(Note(path=at, code="unchecked", message=message))
                kept[name] = item
        return kept

    def plain(self, value: Any, path: str, depth: int) -> bool:
        """Check whether a value can be written as JSON and read back unchanged."""
        if depth > MAX_DEPTH:
            self.problem(path, "not_json", f"is nested more than {MAX_DEPTH} levels deep")
        elif isinstance(value, dict):
            return all(
                self._key(key, path) and self.plain(item, path, depth + 1)
                for key, item in value.items()
            )
        elif isinstance(value, (list, tuple)):
            return all(self.plain(item, path, depth + 1) for item in value)
        elif objection := _unwritable(value):
            self.problem(path, "not_json", objection)
        else:
            return True
        return False

    def _key(self, key: Any, path: str) -> bool:
        if isinstance(key, str):
            return self.plain(key, path, 0)
        self.problem(path, "not_json", f"{show(key)} is not a field name; names are text")
        return False

    def address(self, hint: Any, value: str, path: str, *, public: bool) -> Any:
        """Check the text of an address: a public one, or any http(s) one."""
        if public:
            objection, wanted = public_url_objection(value, loopback=self.loopback), "a public"
        else:
            objection, wanted = web_url_objection(value), "an"
        if not objection:
            return self.leaf(hint, value, path)
        message = f"{show(value)} {objection}; {wanted} http(s) address is required"
        return self.problem(path, "public_url" if public else "web_url", message)

    def leaf(self, hint: Any, value: Any, path: str) -> Any:
        """Check a single value with msgspec, and report what is wrong in our own words."""
        if objection := _unwritable(value):
            return self.problem(path, "not_json", objection)
        base, metas = unwrap(hint)
        if (get_origin(base) or base) is dict and not self.plain(value, path, 0):
            return INVALID
        if self.portable and type(value) is float and int in (base, *get_args(base)):
            value = int(value) if value.is_integer() else value
        if isinstance(value, str) and value.isspace() and extra(metas, "not_blank"):
            return self._explain(hint, value, path)
        try:
            typed = msgspec.convert(value, hint)
        except (msgspec.ValidationError, ValueError, OverflowError):
            return self._explain(hint, value, path)
        bounds = described(hint)
        if isinstance(value, str) and not bounds.short_enough(value):
            return self._explain(hint, value, path)
        if isinstance(value, (int, float)) and not bounds.on_a_step(value):
            return self._explain(hint, value, path)
        return value if self.portable else typed

    def _explain(self, hint: Any, value: Any, path: str) -> Any:
        bounds = described(hint)
        accepted = finite(hint, near=value)
        span = spans(bounds)
        choices = span or (listing(finite(hint) or []) if accepted else "")
        if not bounds.fits(value):
            listed = choices and bounds.words != "true or false"
            tail = f"; accepted: {choices}" if listed else ""
            message = f"must be {bounds.words}, not {show(value)}{tail}"
            return self.problem(path, "type", message, accepted)
        if isinstance(value, str) and not accepted:
            return self._explain_text(bounds, value, path)
        best = accepted[0] if accepted else nearest_number(bounds, value)
        near = "" if best is None else f"nearest: {listing([best])}; "
        message = f"{show(value)} is not accepted{self.by} ({near}accepted: {choices})"
        return self.problem(path, "range" if span else "choice", message, accepted)

    def _explain_text(self, bounds: Bounds, value: str, path: str) -> Any:
        if not value.strip():
            return self.problem(path, "blank", "must not be blank")
        if bounds.max_length is not None and len(value) > bounds.max_length:
            message = (
                f"has {len(value)} characters; at most {bounds.max_length} are accepted{self.by}"
            )
            return self.problem(path, "length", message)
        for most, count, what in (
            (bounds.max_bytes, utf8_bytes, "bytes in UTF-8"),
            (bounds.max_utf16, utf16_units, "units in UTF-16"),
        ):
            if most is not None and count(value) > most:
                message = f"has {count(value)} {what}; at most {most} are accepted{self.by}"
                return self.problem(path, "length", message)
        if bounds.min_length is not None and len(value) < bounds.min_length:
            message = f"has {len(value)} characters; at least {bounds.min_length} are needed"
            return self.problem(path, "length", message)
        message = f"{show(value)} is not accepted{self.by}; it must match {bounds.pattern}"
        return self.problem(path, "pattern", message)


def _inner(struct: type[Struct], name: Any) -> list[str]:
    """List the paths of fields with this name in a struct's open objects."""
    fields = ((field.wire, extra(unwrap(field.hint)[1], "known")) for field in shape(struct))
    return [
        f"{wire}.{name}"
        for wire, known in fields
        if known and any(inner.wire == name for inner in shape(known))
    ]


def printable(name: Any) -> str:
    """Write a field's name so that it can be printed anywhere; an empty name as `''`."""
    return show(name)[1:-1] if isinstance(name, str) and name else show(name)


def _unwritable(value: Any) -> str | None:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return "contains a lone surrogate, which is not a character"
    elif isinstance(value, float):
        if not math.isfinite(value):
            return "is not a finite number; JSON cannot express it"
    elif isinstance(value, int):
        if value.bit_length() > MAX_BITS:
            return "is a number with too many digits to be written"
    elif value is not None and not isinstance(value, (dict, list, tuple)):
        return f"is {show(value)}, which JSON cannot express"
    return None
