"""A declared path in a payload: checked against the struct once, then read by an expression.

Whatever a declaration names exists, or the plugin does not load. The expressions end up in the one
function that a check runs for all rules; they are made of a struct's own field names.
"""

from collections.abc import Callable
from types import NoneType
from typing import Any, cast, get_args

from msgspec import UNSET, Struct

from rushes._payload.constraints import described, nearest
from rushes._payload.fields import FieldShape, extra, is_struct, shape, unwrap
from rushes._structs.unrolled import unrolled
from rushes.errors import BrokenPluginError

Schema = dict[str, Any]
KNOWN = {"UNSET": UNSET}
"""What the expressions use."""


class Place(Struct, frozen=True, kw_only=True):
    """One field of a payload.

    `value` is an expression for its value as rules see it (`read`, in which an absent field has the
    provider's default), `sent` one for the value that is sent (`raw`), UNSET or None if there is
    none. `in_object` says that the field is a key of an open object.
    """

    path: str
    hint: Any
    default: Any
    value: str
    sent: str
    in_object: bool = False

    @property
    def name(self) -> str:
        """The last step of the path."""
        return self.path.rpartition(".")[2]

    @property
    def items(self) -> str:
        """An expression for the items of a list; one that is absent has none."""
        return f"({self.value} or ())"

    @property
    def given(self) -> str:
        """An expression for whether the caller gave the field: not blank, empty or false."""
        bounds = described(self.hint)
        if bounds.words == "text" and not bounds.choices:
            return f"({self.sent} and not {self.sent}.isspace())"
        return self.sent if bounds.words in EMPTY_IS_ABSENT else self.present

    @property
    def present(self) -> str:
        """An expression for whether the caller sends any value."""
        return f"({self.sent} not in (UNSET, None))"

    def reader(self) -> Callable[[Any], Any]:
        """Return a function that reads the value from `read`."""
        return unrolled("read", (f"return {self.value}",), **KNOWN)

    def nested(self, schema: Schema, *, required: bool = True) -> Schema:
        """Return a JSON Schema that applies `schema` to this field of a payload."""
        for name in reversed(self.path.split(".")):
            schema = {"properties": {name: schema}}
            if required:
                schema["required"] = [name]
        return schema

    def given_schema(self) -> Schema:
        """Return the JSON Schema of a payload in which the field is given."""
        bounds = described(self.hint)
        if bounds.words == "true or false":
            return self.nested({"const": True})
        if bounds.words in ("a list", "an object"):
            return self.nested({"minItems" if bounds.words == "a list" else "minProperties": 1})
        may_be_blank = bounds.words == "text" and not (bounds.choices or bounds.pattern)
        return self.nested({"pattern": r"\S"} if may_be_blank else {})

    def item(self, name: str) -> "Place":
        """Return a field of this list's items, read from `item`.

        Raises BrokenPluginError if this is not a list of structs with such a field.
        """
        arms = get_args(unwrap(self.hint)[0])
        inner = unwrap(arms[0])[0] if arms else None
        if described(self.hint).words != "a list" or not is_struct(inner):
            raise BrokenPluginError(f"{self.path} is not a list of structs with a field {name!r}")
        if self.in_object:
            raise BrokenPluginError(
                f"{self.path} is in an open object, whose lists have no fields that a rule can "
                "name; use @rule"
            )
        return find(cast("type[Struct]", inner), name, read="item", raw="item")


EMPTY_IS_ABSENT = frozenset(("text", "a list", "true or false", "an object"))
"""The kinds of fields whose empty (or false) value counts as not given."""


def find(struct: type[Struct], path: str, *, read: str = "read", raw: str = "raw") -> Place:
    """Return a field of a payload struct; `a.b` is a field of a nested struct or open object.

    Raises BrokenPluginError if the struct has no such field; it names the nearest.
    """
    name, _, rest = path.partition(".")
    field = _field(struct, name, path)
    value, sent = f"{read}.{field.name}", f"{raw}.{field.name}"
    if not rest:
        return Place(path=path, hint=field.hint, default=field.reads_as, value=value, sent=sent)
    base, metas = unwrap(field.hint)
    if known := extra(metas, "known"):
        return _key(_field(known, rest, path), path, rest, value, sent)
    if not is_struct(base):
        raise BrokenPluginError(f"the payload has no field {path!r}: {name!r} has no fields")
    inner = find(base, rest, read=value, raw=sent)
    return Place(
        path=path,
        hint=inner.hint,
        default=inner.default,
        value=f"({inner.value} if {value} else {_written(inner.default)})",
        sent=f"({inner.sent} if {sent} else None)",
        in_object=inner.in_object,
    )


def _key(field: FieldShape, path: str, key: str, value: str, sent: str) -> Place:
    """Return a documented key of an open object, which is a dict."""
    return Place(
        path=path,
        hint=field.hint,
        default=field.reads_as,
        value=f"({value} or {{}}).get({key!r}, {_written(field.reads_as)})",
        sent=f"({sent} or {{}}).get({key!r})",
        in_object=True,
    )


def _written(default: Any) -> str:
    """Write a default as an expression; one that cannot be written reads as None."""
    return repr(default) if type(default) in (str, int, float, bool, list, NoneType) else "None"


def _field(struct: type[Struct], name: str, path: str) -> FieldShape:
    fields = {field.wire: field for field in shape(struct)}
    if name not in fields:
        near = (nearest(name, list(fields)) or list(fields))[0]
        raise BrokenPluginError(f"the payload has no field {path!r} (nearest: {near!r})")
    return fields[name]
