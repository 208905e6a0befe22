"""The cheapest request that a variant accepts: short, small, silent."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rushes import Client, Report

PROMPT = "A red kite over white dunes"


def cheapest_request(
    client: "Client", variants: Iterable[str], *, ended: bool = False
) -> "Report | None":
    """Return the report of the cheapest request to one of the variants; None if each needs more.

    Where prices are unknown, the smallest and the silent one is taken for the cheapest. With
    `ended`, models that have ended are asked as before.
    """
    found = [pair for name in variants if (pair := _least(client, name, ended))]
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _least(client: "Client", name: str, ended: bool) -> "tuple[tuple[float, ...], Report] | None":
    """Return a variant's cheapest request, and how it ranks beside those of others."""
    import rushes

    can = rushes.capabilities(client.registry.get(name).variant)
    size = min(can["resolution"].accepted or (), key=lines, default=None)
    wishes: dict[str, Any] = {
        "duration": min(_numbers(can["duration"].accepted), default=None),
        "resolution": size,
        "audio": False if can["audio"].how == "carried" else None,
    }
    given = {field: value for field, value in wishes.items() if value is not None}
    for request in ({"prompt": PROMPT, **given}, {"prompt": PROMPT}):
        if ended:
            from rushes.testing import check

            report = check(client.registry.get(name), request)
        else:
            report = client.check(name, request)
        if report.valid:
            cost = float("inf") if report.cost is None else report.cost
            return (cost, lines(size), can["audio"].words == "always"), report
    return None


def _numbers(values: Iterable[Any] | None) -> Iterator[float]:
    """Yield lengths; a provider's word for "choose yourself", like -1, is none."""
    return (value for value in values or () if isinstance(value, (int, float)) and value > 0)


def lines(resolution: Any) -> int:
    """Return the lines of a resolution like 720p or 4k; 0 if it is another word."""
    name = str(resolution)
    number = name.rstrip("pPkK")
    if not number.isdecimal():
        return 0
    return int(number) * (540 if name[-1] in "kK" else 1)
