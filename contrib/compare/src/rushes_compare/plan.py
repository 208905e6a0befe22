"""What is to be compared: rows of requests, columns of variants, repetitions."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from rushes import Request

from rushes_compare.results import Row

RequestLike = str | Request | Mapping[str, Any]


class PlanError(ValueError):
    """What is asked for cannot be compared; the text says what to do."""


class Plan(Struct, frozen=True, kw_only=True):
    """What is to be compared, before any variant was asked."""

    rows: list[Row]
    variants: list[str]
    repeats: int = 1


def planned(
    requests: RequestLike | Sequence[RequestLike],
    variants: Sequence[str],
    repeats: int = 1,
    settings: Mapping[str, Any] | None = None,
) -> Plan:
    """Make a plan; `settings` are common fields for every request that does not say otherwise.

    A request is a prompt, a Request, or a mapping of a request's fields, in which `name` may name
    the row. Raises PlanError.
    """
    one = isinstance(requests, (str, Request, Mapping))
    listed: Sequence[Any] = [requests] if one else list(requests)  # type: ignore[arg-type]
    rows = [_row(item, number, settings or {}) for number, item in enumerate(listed, 1)]
    if not rows:
        raise PlanError("there is no prompt; give at least one")
    if not variants:
        raise PlanError("there is no variant; name some, or compare all that are installed")
    if repeats < 1:
        raise PlanError(f"{repeats} repetitions are none; 1 is the least")
    _distinct("variant", variants)
    _distinct("name of a row", [row.name for row in rows])
    return Plan(rows=rows, variants=list(variants), repeats=repeats)


def _row(item: Any, number: int, settings: Mapping[str, Any]) -> Row:
    if isinstance(item, str):
        item = {"prompt": item}
    elif isinstance(item, Request):
        item = msgspec.to_builtins(item)
    if not isinstance(item, Mapping):
        raise PlanError(f"prompt {number} is neither text nor an object: {item!r:.60}")
    given = dict(item)
    name = given.pop("name", None) or str(number)
    if not isinstance(name, str):
        raise PlanError(f"the name of prompt {number} is no text: {name!r:.60}")
    return Row(name=name, request={**settings, **given})


def _distinct(what: str, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise PlanError(f"the {what} {name!r} is given {names.count(name)} times; once will do")
