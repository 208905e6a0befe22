"""How payloads differ, place by place."""

from collections.abc import Iterator
from typing import Any

import msgspec

from rushes_compare.results import Cell, Difference, Results


def with_payload_diffs(results: Results) -> Results:
    """Return results in which each cell lists how it differs from the one before it in its row."""
    before: dict[tuple[int, int], Any] = {}
    cells = {}
    order = {name: place for place, name in enumerate(results.variants)}
    for cell in sorted(results.cells, key=lambda cell: order.get(cell.variant, 0)):
        key, payload = (cell.row, cell.repeat), _without_transport(cell)
        known = payload is not None and key in before
        differs = diff_payloads(payload, before[key]) if known else []
        cells[cell.id] = msgspec.structs.replace(cell, differs=differs)
        if payload is not None:
            before[key] = payload
    return msgspec.structs.replace(results, cells=[cells[cell.id] for cell in results.cells])


def diff_payloads(here: Any, there: Any) -> list[Difference]:
    """List every place where two JSON values differ, in the order of `here`, then of `there`."""
    return list(_diff(here, there, ""))


def _without_transport(cell: Cell) -> dict[str, Any] | None:
    """Return a payload without the fields that only concern its delivery."""
    if cell.payload is None:
        return None
    return {name: value for name, value in cell.payload.items() if name not in cell.transport}


def _diff(here: Any, there: Any, path: str) -> Iterator[Difference]:
    if isinstance(here, dict) and isinstance(there, dict):
        for name in dict.fromkeys([*here, *there]):
            yield from _diff_entry(here, there, name, f"{path}.{name}" if path else str(name))
    elif isinstance(here, list) and isinstance(there, list):
        ours, theirs = dict(enumerate(here)), dict(enumerate(there))
        for place in range(max(len(here), len(there))):
            yield from _diff_entry(ours, theirs, place, f"{path}[{place}]")
    elif type(here) is not type(there) or here != there:
        yield Difference(path=path, here=here, there=there)


def _diff_entry(
    here: dict[Any, Any], there: dict[Any, Any], name: Any, path: str
) -> Iterator[Difference]:
    if name not in there:
        yield Difference(path=path, here=here[name], only="here")
    elif name not in here:
        yield Difference(path=path, there=there[name], only="there")
    else:
        yield from _diff(here[name], there[name], path)
