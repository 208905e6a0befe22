"""A declared path in a payload: checked against the struct once, then read by an expression.

Whatever a declaration names exists, or the plugin does not load. The expressions end up in the one
function that a check runs for all rules; they are made of a struct's own field names.
"""

from types import NoneType
from typing import Any, cast, get_args

from msgspec import UNSET, Struct

from rushes._payload.constraints import described, nearest
from rushes._payload.fields import FieldShape, extra, is_struct, shape, unwrap
from rushes.errors import BrokenPluginError

Schema = dict[str, Any]


class Place(Struct, frozen=True, kw_only=True):
    """One field of a payload.

    `value` is an expression for its value as rules see it (`read`, in which an absent field has the
    provider's default), `given` one for whether the caller gave it (`raw`, as it will be sent):
    present, and not blank, empty or false.
    """

    path: str
    hint: Any
    default: Any
    value: str
    given: str

    @property
    def attribute(self) -> str:
        """The field's name in the struct, for a path of one step."""
        return self.value.partition(".")[2]

    @property
    def name(self) -> str:
        """The last step of the path."""
        return self.path.rpartition(".")[2]

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
        if bounds.words == "a list":
            return self.nested({"minItems": 1})
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
        return find(cast("type[Struct]", inner), name, read="item", raw="item")


def find(struct: type[Struct], path: str, *, read: str = "read", raw: str = "raw") -> Place:
    """Return a field of a payload struct; `a.b` is a field of a nested struct or open object.

    Raises BrokenPluginError if the struct has no such field; it names the nearest.
    """
    name, _, rest = path.partition(".")
    field = _field(struct, name, path)
    value, given = f"{read}.{field.name}", f"{raw}.{field.name}"
    if not rest:
        return _place(path, field, value, given)
    base, metas = unwrap(field.hint)
    if known := extra(metas, "known"):
        return _open(known, path, rest, f"({value} or {{}})")
    if not is_struct(base):
        raise BrokenPluginError(f"the payload has no field {path!r}: {name!r} has no fields")
    inner = find(base, rest, read=value, raw=given)
    return Place(
        path=path,
        hint=inner.hint,
        default=inner.default,
        value=f"({inner.value} if {value} else None)",
        given=f"({given} and {inner.given})",
    )


def _open(known: type[Struct], path: str, rest: str, value: str) -> Place:
    """Return a documented key of an open object, which is a dict."""
    field = _field(known, rest, path)
    plain = isinstance(
        field.reads_as, (str, int, float, list, NoneType)
    )  # written as an expression
    default = repr(field.reads_as) if plain else "None"
    given = f"{value}.get({rest!r})"
    return _place(path, field, f"{value}.get({rest!r}, {default})", given)


def _place(path: str, field: FieldShape, value: str, given: str) -> Place:
    bounds = described(field.hint)
    if bounds.words not in ("text", "a list", "true or false", "an object"):
        given = f"({given} not in (UNSET, None))"
    elif bounds.words == "text" and not bounds.choices:
        given = f"({given} and not {given}.isspace())"
    return Place(path=path, hint=field.hint, default=field.reads_as, value=value, given=given)


def _field(struct: type[Struct], name: str, path: str) -> FieldShape:
    fields = {field.wire: field for field in shape(struct)}
    if name not in fields:
        near = (nearest(name, list(fields)) or list(fields))[0]
        message = f"the payload has no field {path!r} (nearest: {near!r})"
        raise BrokenPluginError(message)
    return fields[name]


KNOWN = {"UNSET": UNSET}
"""What the expressions use."""
