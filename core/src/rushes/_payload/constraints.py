"""What is enforced on one value, by msgspec or by us, as words, numbers and nearest values."""

import difflib
import re
from collections.abc import Callable, Sequence
from typing import Any, get_args

from msgspec import Struct, inspect
from msgspec.structs import replace

from rushes._payload.fields import extra, unwrap

NOT_BLANK = r"\S"
"""The pattern that matches text that is not blank."""


class Bounds(Struct, frozen=True, kw_only=True):
    """What is enforced on one value, as words and numbers.

    Numbers are `offset` plus a multiple of `step`, if that is set; the ends of a range of integers
    are such numbers. `gt` and `lt` are only set for fractions, for which no next one is known.
    """

    words: str
    types: tuple[type, ...]
    ge: float | None = None
    le: float | None = None
    gt: float | None = None
    lt: float | None = None
    step: float | None = None
    offset: float = 0
    min_length: int | None = None
    max_length: int | None = None
    max_bytes: int | None = None
    max_utf16: int | None = None
    pattern: str | None = None
    choices: tuple[Any, ...] = ()

    def fits(self, value: Any) -> bool:
        """Whether a value has the right type; a boolean is not a number."""
        return type(value) in self.types or not self.types

    def within(self, number: float) -> bool:
        """Whether a number is one of the choices, or in the range and on a step."""
        if self.choices:
            return number in self.choices
        return (
            (self.ge is None or number >= self.ge)
            and (self.le is None or number <= self.le)
            and (self.gt is None or number > self.gt)
            and (self.lt is None or number < self.lt)
            and self.on_a_step(number)
        )

    def on_a_step(self, number: float) -> bool:
        """Whether a whole number is on a step; msgspec looks at fractions."""
        return self.step is None or float in self.types or (number - self.offset) % self.step == 0

    def short_enough(self, text: str) -> bool:
        """Whether a text has few enough bytes in UTF-8, and units in UTF-16."""
        return not (
            (self.max_bytes is not None and utf8_bytes(text) > self.max_bytes)
            or (self.max_utf16 is not None and utf16_units(text) > self.max_utf16)
        )


def utf8_bytes(text: str) -> int:
    """Count the bytes of a text in UTF-8."""
    return len(text.encode("utf-8", "surrogatepass"))


def utf16_units(text: str) -> int:
    """Count the units of a text in UTF-16: a character beyond the first 65,536 has two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


_WORDS: dict[type, tuple[str, tuple[type, ...]]] = {
    inspect.StrType: ("text", (str,)),
    inspect.IntType: ("a whole number", (int,)),
    inspect.FloatType: ("a number", (int, float)),
    inspect.BoolType: ("true or false", (bool,)),
    inspect.ListType: ("a list", (list, tuple)),
    inspect.CollectionType: ("a list", (list, tuple)),
    inspect.DictType: ("an object", (dict,)),
}


_READ: dict[int, tuple[Any, "Bounds"]] = {}
"""What was read of each hint, by its identity; the hint is kept, so that this stays its own."""


def described(hint: Any) -> Bounds:
    """Read a type hint's constraints.

    It is remembered for this very hint: typing takes two for equal whose choices are in another
    order.
    """
    known = _READ.get(id(hint))
    if known is None:
        known = _READ[id(hint)] = hint, _described(hint)
    return known[1]


def _described(hint: Any) -> Bounds:
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
        for name in ("ge", "le", "gt", "lt", "min_length", "max_length", "pattern")
        if getattr(info, name, None) is not None
    }
    metas = unwrap(hint)[1]
    if extra(metas, "not_blank"):
        limits.setdefault("pattern", NOT_BLANK)
    for name in ("max_bytes", "max_utf16"):
        if (most := extra(metas, name)) is not None:
            limits[name] = most
    step, offset = extra(metas, "steps") or (getattr(info, "multiple_of", None), 0)
    if step is not None:
        limits |= {"step": step, "offset": offset}
    bounds = Bounds(words=words, types=types, **limits)
    return _whole(bounds) if types == (int,) else bounds


def _whole(bounds: Bounds) -> Bounds:
    """Return the bounds of an integer with both ends, if it has any, on a step and inclusive."""
    low, high, step = bounds.ge, bounds.le, bounds.step or 1
    low = bounds.gt + 1 if low is None and bounds.gt is not None else low
    high = bounds.lt - 1 if high is None and bounds.lt is not None else high
    if low is not None:
        low += (bounds.offset - low) % step
    if high is not None:
        high -= (high - bounds.offset) % step
    return replace(bounds, ge=low, le=high, gt=None, lt=None)


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
        step = bounds.step or 1
        if float in bounds.types or bounds.le - bounds.ge > 50 * step:
            return None
        values = list(range(int(bounds.ge), int(bounds.le) + 1, int(step)))
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
    ge, le, gt, lt = (
        None if end is None else _exact(end) for end in (bounds.ge, bounds.le, bounds.gt, bounds.lt)
    )
    if ge and le:
        words = f"{ge} to {le}"
    else:
        low = (ge and f"{ge} or more") or (gt and f"more than {gt}")
        high = (le and f"{le} or less") or (lt and f"less than {lt}")
        words = " and ".join(end for end in (low, high) if end)
    if bounds.step is None or bounds.step == 1:
        return words
    plus = f" plus {_exact(bounds.offset)}" if bounds.offset else ""
    steps = f"a multiple of {_exact(bounds.step)}{plus}"
    return f"{words}, {steps}" if words else steps


def lengths(bounds: Bounds, what: str = "characters") -> str:
    """Write in words how long a text may be, or how many items a list may have."""
    least, most = bounds.min_length, bounds.max_length
    words = []
    if least and most:
        words.append(f"{least} to {most} {what}")
    elif most:
        words.append(f"up to {most} {what}")
    elif least:
        words.append(f"{least} or more {what}")
    if bounds.max_bytes is not None:
        words.append(f"up to {bounds.max_bytes} bytes in UTF-8")
    if bounds.max_utf16 is not None:
        words.append(f"up to {bounds.max_utf16} units in UTF-16")
    return ", ".join(words)


def _exact(number: float) -> str:
    """Write a bound with all its digits, but without a fraction of zero."""
    whole = isinstance(number, int) or (number.is_integer() and abs(number) < 2**53)
    return str(int(number) if whole else number)


def nearest_number(bounds: Bounds, value: Any) -> Any:
    """Return the accepted number that is the nearest to `value`, or None if it is not known."""
    if float in bounds.types:
        if bounds.step is not None:
            return None
        return next((end for end in (bounds.ge, bounds.le) if _beyond(bounds, value, end)), None)
    step = int(bounds.step or 1)
    below = value - (value - int(bounds.offset)) % step
    numbers = [below, below + step, bounds.ge, bounds.le]
    accepted = [number for number in numbers if number is not None and bounds.within(number)]
    return min(accepted, key=lambda number: abs(number - value), default=None)


def _beyond(bounds: Bounds, value: Any, end: Any) -> bool:
    """Whether a number is beyond this end of a range."""
    return end is not None and (value < end if end == bounds.ge else value > end)
