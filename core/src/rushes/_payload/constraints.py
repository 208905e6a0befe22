"""What msgspec enforces on one value, as words, numbers and nearest accepted values."""

import difflib
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, get_args

from msgspec import Struct, inspect

from rushes._payload.fields import extra, unwrap

NOT_BLANK = r"\S"
"""The pattern that matches text that is not blank."""


class Bounds(Struct, frozen=True, kw_only=True):
    """What msgspec enforces on one value, as words and numbers."""

    words: str
    types: tuple[type, ...]
    ge: float | None = None
    le: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    choices: tuple[Any, ...] = ()

    def fits(self, value: Any) -> bool:
        """Whether a value has the right type; a boolean is not a number."""
        return type(value) in self.types or not self.types


_WORDS: dict[type, tuple[str, tuple[type, ...]]] = {
    inspect.StrType: ("text", (str,)),
    inspect.IntType: ("a whole number", (int,)),
    inspect.FloatType: ("a number", (int, float)),
    inspect.BoolType: ("true or false", (bool,)),
    inspect.ListType: ("a list", (list, tuple)),
    inspect.CollectionType: ("a list", (list, tuple)),
    inspect.DictType: ("an object", (dict,)),
}


@cache
def described(hint: Any) -> Bounds:
    """Read a type hint's constraints."""
    info: Any = inspect.type_info(hint)
    while isinstance(info, inspect.Metadata):
        info = info.type
    if isinstance(info, inspect.UnionType):
        arms = [arm for arm in info.types if not isinstance(arm, inspect.NoneType)]
        if {type(arm) for arm in arms} == {inspect.IntType, inspect.FloatType}:
            return Bounds(words="a number", types=(int, float))
        info = arms[0].type if isinstance(arms[0], inspect.Metadata) else arms[0]
    if isinstance(info, inspect.LiteralType):
        kinds = {type(value) for value in info.values}
        words = "text" if kinds == {str} else "a whole number"
        return Bounds(words=words, types=tuple(kinds), choices=literal_values(hint))
    words, types = _WORDS.get(type(info), ("another value", ()))
    limits = {
        name: getattr(info, name)
        for name in ("ge", "le", "min_length", "max_length", "pattern")
        if getattr(info, name, None) is not None
    }
    if extra(unwrap(hint)[1], "not_blank"):
        limits.setdefault("pattern", NOT_BLANK)
    if types == (int,):  # for integers an exclusive bound is the next inclusive one
        for open_bound, closed, step in (("gt", "ge", 1), ("lt", "le", -1)):
            if getattr(info, open_bound, None) is not None:
                limits.setdefault(closed, getattr(info, open_bound) + step)
    return Bounds(words=words, types=types, **limits)


def literal_values(hint: Any) -> tuple[Any, ...]:
    """Return a Literal's values in the order the page lists them."""
    base, _ = unwrap(hint)
    return get_args(base)


def finite(hint: Any, near: Any = None) -> list[Any] | None:
    """List every accepted value if there are few, the nearest to `near` first."""
    bounds = described(hint)
    values = list(bounds.choices)
    if bounds.words == "true or false":
        values = [True, False]
    elif bounds.ge is not None and bounds.le is not None and int in bounds.types:
        if float in bounds.types or bounds.le - bounds.ge > 50:
            return None
        values = list(range(int(bounds.ge), int(bounds.le) + 1))
    if not values:
        return None
    return sorted(values, key=distance(near))


def distance(near: Any) -> Callable[[Any], float]:
    """Return a sort key for accepted values: how far each is from `near`."""

    def measure(value: Any) -> float:
        if isinstance(near, str) and isinstance(value, str):
            height, wanted = pixels(value), pixels(near)
            if height is not None and wanted is not None:
                return abs(height - wanted)
            return 1 - difflib.SequenceMatcher(None, near[:64].lower(), value.lower()).ratio()
        if isinstance(near, str) and near.strip().isdecimal() and len(near) < 10:
            return measure_number(value, int(near))
        return measure_number(value, near)

    return measure


def pixels(text: str) -> int | None:
    """Return the height that a resolution names ("720p", "4k"), or None if it names none."""
    found = re.fullmatch(r"(\d{1,5})([pk])", text.strip().lower())
    return int(found[1]) * (540 if found[2] == "k" else 1) if found else None


def measure_number(value: Any, near: Any) -> float:
    """Return the distance between two numbers, or 0 if either is not a number."""
    if isinstance(near, (int, float)) and isinstance(value, (int, float)):
        try:
            return abs(float(value) - float(near))
        except OverflowError:
            return float(value) if near < 0 else -float(value)
    return 0


def nearest(name: Any, known: Sequence[str]) -> list[str]:
    """List the known names that are similar to `name`, the nearest first."""
    if not isinstance(name, str):
        return []
    near = difflib.get_close_matches(name[:64].lower(), known, n=3, cutoff=0.6)
    return sorted(near, key=lambda found: found.rpartition(".")[2] != name)


def spans(bounds: Bounds) -> str:
    """Write a numeric range in words, or an empty text if there is none."""
    if bounds.ge is not None and bounds.le is not None:
        return f"{_exact(bounds.ge)} to {_exact(bounds.le)}"
    if bounds.ge is not None:
        return f"{_exact(bounds.ge)} or more"
    return f"{_exact(bounds.le)} or less" if bounds.le is not None else ""


def _exact(number: float) -> str:
    """Write a bound with all its digits, but without a fraction of zero."""
    whole = isinstance(number, int) or (number.is_integer() and abs(number) < 2**53)
    return str(int(number) if whole else number)


def clamp(bounds: Bounds, value: Any) -> Any:
    """Return the end of the range that is nearer to `value`."""
    if bounds.ge is not None and value < bounds.ge:
        return bounds.ge
    return bounds.le
