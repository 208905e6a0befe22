"""A comparison that grows: more rows, more variants, more repetitions; what it has it keeps.

Rows are known again by their request. Those that a comparison has keep their places, because cells
and votes know them by those; new ones come after them.
"""

from collections.abc import Iterator

import msgspec

from rushes_compare.plan import Plan, distinct
from rushes_compare.results import Results, Row


def extended(there: Results, plan: Plan) -> Plan:
    """Return what a comparison holds and what is planned, as one plan; raises PlanError."""
    left = dict(enumerate(plan.rows))
    rows = []
    for row in there.rows:
        place = _place(row, left)
        asked = row if place is None else left.pop(place)
        # The plan may name it anew, but its number there is no name.
        rows.append(row if place is None or asked.name == str(place + 1) else asked)
    for place, row in left.items():
        numbered = row.name == str(place + 1)
        rows.append(msgspec.structs.replace(row, name=str(len(rows) + 1)) if numbered else row)
    distinct("name of a row", [row.name for row in rows])
    more = [variant for variant in plan.variants if variant not in there.variants]
    return Plan(
        rows=rows,
        variants=[*there.variants, *more],
        repeats=max(there.repeats, plan.repeats),
        prices={**there.prices, **plan.prices},
    )


def lacking(there: Results, plan: Plan) -> Iterator[str]:
    """Say what a comparison holds that is not planned."""
    left = dict(enumerate(plan.rows))
    for row in there.rows:
        place = _place(row, left)
        if place is None:
            yield f"the row {row.name!r:.60}"
        else:
            del left[place]
    for variant in there.variants:
        if variant not in plan.variants:
            yield variant
    if there.repeats > plan.repeats:
        yield f"{there.repeats} repetitions"


def _place(row: Row, among: dict[int, Row]) -> int | None:
    """Return where a row is among others: by its name and request, else by its request."""
    request = _key(row)
    same = [place for place, other in among.items() if _key(other) == request]
    return next((place for place in same if among[place].name == row.name), next(iter(same), None))


def _key(row: Row) -> bytes:
    """Return a request so that the order of its fields makes no difference."""
    return msgspec.json.encode(row.request, order="sorted")
