"""Values for tests, made from a payload struct: plausible, on a bound, and beyond it."""

import math
import re
from collections.abc import Iterator, Sequence
from functools import cache
from types import NoneType
from typing import Any, get_args, get_origin

from hypothesis import find
from hypothesis import strategies as st

from rushes._payload.constraints import Bounds, described, literal_values
from rushes._payload.fields import extra, is_struct, shape, unwrap

URL = "https://pictures.example.com/a.png"
NO_URLS = ("", " ", "pictures/a.png", "data:image/png;base64,AA", "https://intranet/a.png",
           "https://example.com/a b", "ftp://example.com/a.png")  # fmt: skip
PRIVATE = ("http://127.0.0.1/a.png", "http://10.1.2.3/a.png", "http://169.254.169.254/a.png")


def plausible(hint: Any) -> Any:
    """Return one value that a type hint accepts; an object has only its required fields."""
    base, metas = unwrap(hint)
    if is_struct(base):
        return {field.wire: plausible(field.hint) for field in shape(base) if field.required}
    if extra(metas, "public_url") or extra(metas, "web_url"):
        return URL
    if extra(metas, "known") or base is dict:
        return {}
    bounds = described(hint)
    if bounds.choices:
        return bounds.choices[0]
    if bounds.words == "a list":
        return [plausible(get_args(base)[0])] * max(1, bounds.min_length or 1)
    if bounds.words == "true or false":
        return True
    if int in bounds.types or float in bounds.types:
        low, high = ends(hint)
        any_step = int(bounds.offset + bounds.step) if bounds.step else 1
        return next((end for end in (low, high) if end is not None), any_step)
    return _good_text(bounds)[0]


def ends(hint: Any) -> tuple[Any, Any]:
    """Return the least and the greatest number that a hint accepts, each None if there is none.

    With `gt` or `lt` the end is one step inside.
    """
    bounds = described(hint)
    low = bounds.gt + step(hint) if bounds.gt is not None else bounds.ge
    high = bounds.lt - step(hint) if bounds.lt is not None else bounds.le
    if float in bounds.types and bounds.step is not None:
        low = None if low is None else math.ceil(low / bounds.step) * bounds.step
        high = None if high is None else math.floor(high / bounds.step) * bounds.step
    whole = [end if end is None or end != int(end) else int(end) for end in (low, high)]
    return whole[0], whole[1]


def step(hint: Any) -> Any:
    """Return the distance between two neighbouring numbers of a hint."""
    bounds = described(hint)
    return bounds.step or (0.001 if float in bounds.types else 1)


def good(hint: Any) -> list[Any]:
    """List valid values on the bounds of a hint."""
    base, metas = unwrap(hint)
    if base is Any:
        return ["k", 0, [], {"k": [1]}]
    if (base is dict or get_origin(base) is dict) and not extra(metas, "known"):
        return [{}]
    if is_struct(base) or extra(metas, "known"):
        return [plausible(hint)]
    if extra(metas, "public_url") or extra(metas, "web_url"):
        return [URL, URL.upper().replace("/A.PNG", "/a.png")]
    bounds = described(hint)
    if bounds.choices:
        return list(bounds.choices)
    if bounds.words == "a list":
        item = plausible(get_args(base)[0])
        return [[item] * count for count in {bounds.min_length or 1, bounds.max_length or 1}]
    if bounds.words == "true or false":
        return [True, False]
    if int in bounds.types or float in bounds.types:
        number = float if float in bounds.types else int  # a number that is sent as it is given
        return [number(end) for end in ends(hint) if end is not None] or [plausible(hint)]
    return _good_text(bounds)


def _good_text(bounds: Bounds) -> list[Any]:
    least, most = bounds.min_length or 0, bounds.max_length
    if bounds.pattern and not re.search(bounds.pattern, "k" * max(1, least)):
        return [_text_like(bounds)]
    texts = ["k" * max(1, least)]
    if most is not None:
        texts += ["k" * most, "\U0001fa81" * most]
    if bounds.max_bytes is not None:
        texts += ["k" * bounds.max_bytes, "\U0001fa81" * (bounds.max_bytes // 4)]
    if bounds.max_utf16 is not None:
        texts += ["k" * bounds.max_utf16, "\U0001fa81" * (bounds.max_utf16 // 2)]
    if not least:
        texts.append("")
    if {most, bounds.max_bytes, bounds.max_utf16} == {None}:
        texts.append("k" * 9999)
    return [text for text in texts if _fits(bounds, text)]


def _fits(bounds: Bounds, text: str) -> bool:
    least, most = bounds.min_length or 0, bounds.max_length
    return bounds.short_enough(text) and least <= len(text) and (most is None or len(text) <= most)


@cache
def _text_like(bounds: Bounds) -> str:
    least, most = bounds.min_length or 0, bounds.max_length
    texts = st.from_regex(bounds.pattern or "", alphabet=st.characters(codec="ascii"))
    return find(texts, lambda text: least <= len(text) and (most is None or len(text) <= most))


def bad(hint: Any) -> list[Any]:
    """List values one step beyond the bounds of a hint, or of another type."""
    return [value for value in _bad(hint) if value is not None or NoneType not in get_args(hint)]


def _bad(hint: Any) -> list[Any]:
    base, metas = unwrap(hint)
    if base is Any:
        return ["\ud800", math.nan]
    if (base is dict or get_origin(base) is dict) and not extra(metas, "known"):
        return [None, "text", [], 1, {"k": math.nan}]
    if is_struct(base) or extra(metas, "known"):
        return [None, "text", [], 1]
    if extra(metas, "public_url"):
        return [None, 1, *NO_URLS, *PRIVATE]
    if extra(metas, "web_url"):
        return [None, 1, "", "data:,", "pictures"]
    bounds = described(hint)
    if bounds.choices:
        return [None, *_beside(literal_values(hint))]
    if bounds.words == "a list":
        item = plausible(get_args(base)[0])
        least, most = bounds.min_length or 0, bounds.max_length
        counts = [least - 1] * (least > 1) + ([most + 1] if most is not None else [])
        return [None, "text", {}, *([item] * count for count in counts)]
    if bounds.words == "true or false":
        return [None, 0, 1, "true"]
    if int in bounds.types or float in bounds.types:
        return [None, *_beyond(hint, bounds)]
    return _bad_text(bounds)


def _beyond(hint: Any, bounds: Bounds) -> list[Any]:
    low, high = ends(hint)
    values: list[Any] = ["1", True, math.nan, math.inf]
    values += [low - step(hint)] if low is not None else []
    values += [high + step(hint)] if high is not None else []
    if float not in bounds.types:
        values += [1.5, 1.0]
        values += [plausible(hint) + 1] if step(hint) > 1 else []
    return values


def _bad_text(bounds: Bounds) -> list[Any]:
    values: list[Any] = [None, 1, True, ["k"], "\ud800"]
    if bounds.pattern and not re.search(bounds.pattern, "\x01"):
        values += ["\x01" * max(1, bounds.min_length or 1)]
    if bounds.min_length or bounds.pattern:
        values += ["", " ", "\u3000"]
    if bounds.max_length is not None:
        values += ["k" * (bounds.max_length + 1), "\U0001fa81" * (bounds.max_length + 1)]
    if bounds.max_bytes is not None:
        values += ["k" * (bounds.max_bytes + 1), "\U0001fa81" * (bounds.max_bytes // 4 + 1)]
    if bounds.max_utf16 is not None:
        values += ["k" * (bounds.max_utf16 + 1), "\U0001fa81" * (bounds.max_utf16 // 2 + 1)]
    return values


def _beside(choices: Sequence[Any]) -> Iterator[Any]:
    for choice in choices:
        near: list[Any]
        if isinstance(choice, str):
            near = [choice + "x", f" {choice}", choice.swapcase(), choice[:-1]]
        else:
            near = [choice - 1, choice + 1, str(choice), float(choice)]
        yield from (value for value in near if type(value) is not type(choice)
                    or value not in choices)  # fmt: skip


@cache
def json_values() -> st.SearchStrategy[Any]:
    """Draw any decoded JSON, and values that JSON does not allow: NaN, lone surrogates."""
    texts = st.text(max_size=12) | st.sampled_from(["\ud800", "\x00", "k" * 3000, URL])
    numbers = st.integers() | st.floats() | st.sampled_from([10**30, -(10**4000), math.nan])
    leaves = st.none() | st.booleans() | numbers | texts
    deep = st.integers(50, 400).map(_nested)
    return st.recursive(
        leaves | deep,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
        max_leaves=12,
    )


def _nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@cache
def payloads(struct: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Draw payloads for a struct: with its required fields, each value plausible or on a bound."""
    required = {f.wire: _drawn(f.hint) for f in shape(struct) if f.required}
    optional = {f.wire: _drawn(f.hint) for f in shape(struct) if not f.required}
    return st.fixed_dictionaries(required, optional=optional)


def _drawn(hint: Any) -> st.SearchStrategy[Any]:
    base, metas = unwrap(hint)
    if is_struct(base):
        return payloads(base)
    if known := extra(metas, "known"):
        return payloads(known)
    bounds = described(hint)
    if bounds.words == "a list":
        most = 3 if bounds.max_length is None else min(bounds.max_length, 6)
        return st.lists(_drawn(get_args(base)[0]), min_size=0, max_size=most)
    if bounds.words == "a whole number" and not bounds.choices:
        low, high = ends(hint)
        low = int(bounds.offset) if low is None else low
        high = low + 99 * step(hint) if high is None else high
        counts = st.integers(0, (high - low) // step(hint))
        return counts.map(lambda count: low + count * step(hint))
    return st.sampled_from(good(hint))
