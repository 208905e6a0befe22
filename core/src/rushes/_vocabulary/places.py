"""A declared path in a payload: checked against the struct once, then read by an expression.

Whatever a declaration names exists, or the plugin does not load. The expressions end up in the one
function that a check runs for all rules; they are made of a struct's own field names.
"""

from collections.abc import Callable
from types import NoneType
from typing import Any, cast, get_args

from msgspec import UNSET, Struct
from msgspec.structs import replace

from rushes._payload.constraints import described, nearest
from rushes._payload.fields import (
    FieldShape,
    extra,
    fields_given,
    is_struct,
    shape,
    takes_null,
    unwrap,
)
from rushes._payload.paths import steps_to
from rushes._structs.unrolled import unrolled
from rushes.errors import BrokenPluginError

Schema = dict[str, Any]
FIRST = "[0]"
"""What leads to the first item of a list: the other items have no place of their own."""
KNOWN = {"UNSET": UNSET}
"""What the expressions use."""
EMPTY_IS_ABSENT = frozenset(("text", "a list", "true or false", "an object"))
"""The kinds of fields whose empty (or false) value counts as not given."""


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
        for name in reversed(steps_to(self.path)):
            if isinstance(name, int):
                schema = {"prefixItems": [schema], **({"minItems": 1} if required else {})}
                continue
            schema = {"properties": {name: schema}}
            if required:
                schema["required"] = [name]
        return schema

    def given_schema(self) -> Schema:
        """Return the JSON Schema of a payload in which the field is given."""
        bounds = described(self.hint)
        schema: Schema = {}
        if bounds.words == "true or false":
            schema = {"const": True}
        elif bounds.words in ("a list", "an object"):
            schema = {"minItems" if bounds.words == "a list" else "minProperties": 1}
        elif bounds.words == "text" and not (bounds.choices or bounds.pattern):
            schema = {"pattern": r"\S"}  # it may be blank
        if takes_null(self.hint):
            schema = {**schema, "not": {"const": None}}
        return self.nested(schema)

    def item(self, name: str) -> "Place":
        """Return a field of this list's items, read from `item`.

        Raises BrokenPluginError if this is not a list of structs with such a field.
        """
        inner = _listed(self.hint)
        if inner is None:
            raise BrokenPluginError(f"{self.path} is not a list of structs with a field {name!r}")
        if self.in_object:  # whose values stay as they are given
            return _key(inner, name, "item", "item", f"{self.path}[].")
        return find(inner, name, read="item", raw="item", within=f"{self.path}[].")

    def item_struct(self) -> type[Struct]:
        """Return the struct of this list's items; raises BrokenPluginError if it has none."""
        inner = None if self.in_object else _listed(self.hint)
        if inner is None:
            raise BrokenPluginError(f"{self.path} is not a list of structs")
        return inner


def _listed(hint: Any) -> type[Struct] | None:
    """Return the struct of a list's items, if the type is a list of structs."""
    arms = get_args(unwrap(hint)[0])
    inner = unwrap(arms[0])[0] if arms else None
    return cast("Any", inner) if described(hint).words == "a list" and is_struct(inner) else None


def find(
    struct: type[Struct], path: str, *, read: str = "read", raw: str = "raw", within: str = ""
) -> Place:
    """Return a field of a payload struct.

    `a.b` is a field of a nested struct or open object, `a[0].b` one of the first item of a list.
    `within` is the path of the struct itself. Raises BrokenPluginError, naming the nearest field,
    if the struct has no such field.
    """
    name, _, rest = path.partition(".")
    listed, name = name.endswith(FIRST), name.removesuffix(FIRST)
    field = _field(struct, name, path, within)
    value, sent = f"{read}.{field.name}", f"{raw}.{field.name}"
    if listed:
        return _in_first(field, path, rest, value, sent, within)
    if not rest:
        return Place(path=path, hint=field.hint, default=field.reads_as, value=value, sent=sent)
    inner, is_open = _inner(field, path, within)
    deeper = f"{within}{name}."
    if is_open:
        found = _key(inner, rest, value, sent, deeper)
        return replace(found, path=path, default=_whole_default(field, rest, found.default))
    found = find(inner, rest, read=value, raw=sent, within=deeper)
    return replace(
        found,
        path=path,
        default=_whole_default(field, rest, found.default),
        value=f"({found.value} if {value} else {_written(found.default)})",
        sent=f"({found.sent} if {sent} else None)",
    )


def _in_first(field: FieldShape, path: str, rest: str, value: str, sent: str, within: str) -> Place:
    """Return a field of the first item of a list, which reads as its default if there is none."""
    inner = _listed(field.hint)
    if inner is None or not rest:
        raise BrokenPluginError(
            f"the payload has no field {within + path!r}: {within + field.wire!r} is not a list of "
            "structs"
        )
    deeper = f"{within}{field.wire}{FIRST}."
    first = {"read": f"{value}{FIRST}", "raw": f"{sent}{FIRST}"}
    found = find(inner, rest, **first, within=deeper)
    return replace(
        found,
        path=path,
        value=f"({found.value} if {value} else {_written(found.default)})",
        sent=f"({found.sent} if {sent} else None)",
    )


def _key(struct: type[Struct], path: str, value: str, sent: str, within: str) -> Place:
    """Return a documented key of an open object, which is a dict, and so is every object in it."""
    name, _, rest = path.partition(".")
    field = _field(struct, name, path, within)
    value, sent = f"({value} or {{}}).get({name!r}", f"({sent} or {{}}).get({name!r})"
    if rest:
        inner, _ = _inner(field, path, within)
        return replace(_key(inner, rest, f"{value})", sent, f"{within}{name}."), path=path)
    return Place(
        path=path,
        hint=field.hint,
        default=field.reads_as,
        value=f"{value}, {_written(field.reads_as)})",
        sent=sent,
        in_object=True,
    )


def _whole_default(field: FieldShape, rest: str, own: Any) -> Any:
    """Return what a field within an object reads as: the object's default may have it."""
    whole = field.reads_as
    given = whole if isinstance(whole, dict) else fields_given(whole)
    return given.get(rest, own)


def _inner(field: FieldShape, path: str, within: str) -> tuple[type[Struct], bool]:
    """Return the struct of a field that has fields, and whether it is that of an open object."""
    base, metas = unwrap(field.hint)
    known = extra(metas, "known")
    if not known and not is_struct(base):
        raise BrokenPluginError(
            f"the payload has no field {within + path!r}: {within + field.wire!r} has no fields"
        )
    return known or base, bool(known)


def _written(default: Any) -> str:
    """Write a default as an expression; one that cannot be written reads as None."""
    return repr(default) if type(default) in (str, int, float, bool, list, NoneType) else "None"


def _field(struct: type[Struct], name: str, path: str, within: str) -> FieldShape:
    fields = {field.wire: field for field in shape(struct)}
    if name not in fields:
        near = (nearest(name, list(fields)) or list(fields))[:1]
        hint = f" (nearest: {within + near[0]!r})" if near else ""
        raise BrokenPluginError(f"the payload has no field {within + path!r}{hint}")
    return fields[name]
