"""What is to be compared: rows of requests, columns of variants, repetitions."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from rushes import Request

from rushes_compare._plan.prices import price_errors, unused_price_errors
from rushes_compare._plan.unknown_names import unknown_field_errors, unknown_variant_errors
from rushes_compare.errors import PlanError
from rushes_compare.results import Bounds, Row

RequestLike = str | Request | Mapping[str, Any]


class Plan(Struct, frozen=True, kw_only=True):
    """What is to be compared, before any check; the fields are those of `Results`."""

    rows: list[Row]
    variants: list[str]
    repeats: int = 1
    prices: dict[str, str] = {}
    columns: list[str] = []
    bounds: dict[str, Bounds] = {}


def make_plan(
    requests: RequestLike | Sequence[RequestLike],
    variants: str | Sequence[str],
    repeats: int = 1,
    settings: Mapping[str, Any] | None = None,
    *,
    prices: Mapping[str, str] | None = None,
    installed: Collection[str] | None = None,
) -> Plan:
    """Make a plan; `settings` are default fields for every request.

    A request is a prompt, a Request, or a mapping of a request's fields, in which `name` may name
    the row; a single request or variant need not be in a list. With `installed`, other variants are
    an error. Raises PlanError with every unknown name.
    """
    variants = [variants] if isinstance(variants, str) else list(variants)
    one = isinstance(requests, (str, Request, Mapping))
    listed: Sequence[Any] = [requests] if one else list(requests)  # type: ignore[arg-type]
    by_path = {"request" if one else f"requests[{n}]": item for n, item in enumerate(listed)}
    _check_names(by_path, variants, settings or {}, prices or {}, installed)
    rows = [_row(item, number, settings or {}) for number, item in enumerate(listed, 1)]
    if not rows:
        raise PlanError("there is no prompt; give at least one")
    if not variants:
        raise PlanError("there is no variant; name some, or compare all that are installed")
    for variant in variants:
        _require_text("a variant", variant)
    if not isinstance(repeats, int) or isinstance(repeats, bool):
        raise PlanError(f"repeats must be a whole number, not {repeats!r:.60}")
    if repeats < 1:
        raise PlanError(f"repeats is {repeats}; it must be at least 1")
    require_distinct("variant", variants)
    require_distinct("name of a row", [row.name for row in rows])
    return Plan(rows=rows, variants=variants, repeats=repeats, prices=dict(prices or {}))


def _check_names(
    requests: Mapping[str, Any],
    variants: Sequence[Any],
    settings: Mapping[str, Any],
    prices: Mapping[str, str],
    installed: Collection[str] | None,
) -> None:
    """Raise PlanError with every unknown field and variant, and every invalid price."""
    reasons = [*unknown_field_errors(settings, "settings"), *price_errors(prices, "prices")]
    for where, request in requests.items():
        reasons += unknown_field_errors(request, where, "name")
    missing: list[str] = []
    if installed is not None:
        named = [(f"variants[{place}]", name) for place, name in enumerate(variants)]
        named += [("prices", name) for name in prices]
        missing += unknown_variant_errors(named, installed)
    if variants:
        known = {name: price for name, price in prices.items() if name in (installed or prices)}
        reasons += unused_price_errors(known, variants)
    if reasons or missing:
        raise PlanError(*reasons, uninstalled=missing)


def _row(item: Any, number: int, settings: Mapping[str, Any]) -> Row:
    if isinstance(item, str):
        item = {"prompt": item}
    elif isinstance(item, Request):
        item = msgspec.to_builtins(item)
    if not isinstance(item, Mapping):
        raise PlanError(f"prompt {number} must be text or an object, not {item!r:.60}")
    given = dict(item)
    name = _require_text(f"the name of prompt {number}", given.pop("name", None) or str(number))
    return Row(name=name, request=_to_json_values(f"prompt {number}", {**settings, **given}))


def _require_text(what: str, value: Any) -> str:
    if not isinstance(value, str):
        raise PlanError(f"{what} must be text, not {value!r:.60}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise PlanError(
            f"{what} contains a lone surrogate, which is not a character: {value!r:.60}"
        ) from error
    return value


def _to_json_values(what: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request as plain JSON values."""
    try:
        text = json.dumps(request, ensure_ascii=False, allow_nan=False, default=_to_object)
        text.encode()
    except UnicodeEncodeError as error:
        half = f"U+{ord(error.object[error.start]):04X}"
        raise PlanError(
            f"{what} contains a lone surrogate ({half}), which is not a character"
        ) from error
    except RecursionError as error:
        raise PlanError(f"{what} is nested too deeply") from error
    except (TypeError, ValueError) as error:
        raise PlanError(
            f"{what} is not plain JSON: {error}; use text, numbers, true, false, null, lists and "
            "objects"
        ) from error
    plain: dict[str, Any] = json.loads(text)
    return plain


def _to_object(value: Any) -> Any:
    """Convert the parts of a Request, like Image, to objects."""
    if isinstance(value, Struct):
        return msgspec.to_builtins(value)
    raise TypeError(f"{value!r:.60} is a {type(value).__name__}")


def require_distinct(what: str, names: Sequence[str]) -> None:
    """Raise PlanError if a name is given more than once."""
    for name in names:
        if names.count(name) > 1:
            raise PlanError(f"the {what} {name!r} is given {names.count(name)} times; give it once")
