"""What is to be compared: rows of requests, columns of variants, repetitions."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from rushes import Request

from rushes_compare.prices import wrong_prices
from rushes_compare.results import Row
from rushes_compare.unknown import unknown_fields, unknown_variants

RequestLike = str | Request | Mapping[str, Any]


class PlanError(ValueError):
    """What is asked for cannot be compared; the text says why, and what to do, a line each.

    `uninstalled` are the lines about variants that are not installed, `reasons` all others.
    """

    def __init__(self, *reasons: str, uninstalled: Iterable[str] = ()) -> None:
        self.reasons, self.uninstalled = reasons, tuple(uninstalled)
        super().__init__("\n".join((*reasons, *self.uninstalled)))


class Plan(Struct, frozen=True, kw_only=True):
    """What is to be compared, before any variant was asked; `prices` are the user's, by variant."""

    rows: list[Row]
    variants: list[str]
    repeats: int = 1
    prices: dict[str, str] = {}


def planned(
    requests: RequestLike | Sequence[RequestLike],
    variants: str | Sequence[str],
    repeats: int = 1,
    settings: Mapping[str, Any] | None = None,
    *,
    prices: Mapping[str, str] | None = None,
    installed: Collection[str] | None = None,
) -> Plan:
    """Make a plan; `settings` are common fields for every request that does not say otherwise.

    A request is a prompt, a Request, or a mapping of a request's fields, in which `name` may name
    the row; a single variant may stand for itself. With `installed` no other variant is taken.
    Raises PlanError, with every name that nothing knows.
    """
    variants = [variants] if isinstance(variants, str) else list(variants)
    one = isinstance(requests, (str, Request, Mapping))
    listed: Sequence[Any] = [requests] if one else list(requests)  # type: ignore[arg-type]
    placed = {"request" if one else f"requests[{n}]": item for n, item in enumerate(listed)}
    _known(placed, variants, settings or {}, prices or {}, installed)
    rows = [_row(item, number, settings or {}) for number, item in enumerate(listed, 1)]
    if not rows:
        raise PlanError("there is no prompt; give at least one")
    if not variants:
        raise PlanError("there is no variant; name some, or compare all that are installed")
    for variant in variants:
        _text("a variant", variant)
    if not isinstance(repeats, int) or isinstance(repeats, bool):
        raise PlanError(f"the repetitions are a whole number, not {repeats!r:.60}")
    if repeats < 1:
        raise PlanError(f"{repeats} repetitions are none; 1 is the least")
    distinct("variant", variants)
    distinct("name of a row", [row.name for row in rows])
    return Plan(rows=rows, variants=variants, repeats=repeats, prices=dict(prices or {}))


def _known(
    requests: Mapping[str, Any],
    variants: Sequence[Any],
    settings: Mapping[str, Any],
    prices: Mapping[str, str],
    installed: Collection[str] | None,
) -> None:
    """Raise PlanError with all that nothing knows: fields, variants, what is not a price."""
    reasons = [*unknown_fields(settings, "settings"), *wrong_prices(prices, "prices")]
    for where, request in requests.items():
        reasons += unknown_fields(request, where, "name")
    missing: list[str] = []
    if installed is not None:
        named = [(f"variants[{place}]", name) for place, name in enumerate(variants)]
        named += [("prices", name) for name in prices]
        missing += unknown_variants(named, installed)
    if reasons or missing:
        raise PlanError(*reasons, uninstalled=missing)


def _row(item: Any, number: int, settings: Mapping[str, Any]) -> Row:
    if isinstance(item, str):
        item = {"prompt": item}
    elif isinstance(item, Request):
        item = msgspec.to_builtins(item)
    if not isinstance(item, Mapping):
        raise PlanError(f"prompt {number} is neither text nor an object: {item!r:.60}")
    given = dict(item)
    name = _text(f"the name of prompt {number}", given.pop("name", None) or str(number))
    return Row(name=name, request=_plain(f"prompt {number}", {**settings, **given}))


def _text(what: str, value: Any) -> str:
    if not isinstance(value, str):
        raise PlanError(f"{what} is no text: {value!r:.60}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise PlanError(f"{what} has half a character in it: {value!r:.60}") from error
    return value


def _plain(what: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request as the JSON in which it is kept, sent and shown."""
    try:
        text = json.dumps(request, ensure_ascii=False, allow_nan=False, default=_built)
        text.encode()
    except UnicodeEncodeError as error:
        half = f"U+{ord(error.object[error.start]):04X}"
        raise PlanError(f"{what} has half a character ({half}) in it; it is no text") from error
    except RecursionError as error:
        raise PlanError(f"{what} is nested too deeply") from error
    except (TypeError, ValueError) as error:
        raise PlanError(
            f"{what} is not plain JSON: {error}; text, numbers, true, false, null, lists and "
            "objects are"
        ) from error
    plain: dict[str, Any] = json.loads(text)
    return plain


def _built(value: Any) -> Any:
    """Take the parts of a Request, like Image, for the objects they are."""
    if isinstance(value, Struct):
        return msgspec.to_builtins(value)
    raise TypeError(f"{value!r:.60} is a {type(value).__name__}")


def distinct(what: str, names: Sequence[str]) -> None:
    """Raise PlanError where a name is given more than once."""
    for name in names:
        if names.count(name) > 1:
            raise PlanError(f"the {what} {name!r} is given {names.count(name)} times; once will do")
