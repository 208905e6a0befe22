"""Adding rows, variants and repetitions to a comparison without losing what it has.

Rows are identified by their request. The rows that a comparison has keep their places, since cells
and votes refer to them; new ones come after them.
"""

from collections.abc import Iterator

import msgspec

from rushes_compare._plan.plan import Plan, require_distinct
from rushes_compare.results import Results, Row


def merge_plan(there: Results, plan: Plan) -> Plan:
    """Return what a comparison holds and what is planned as one plan; raises PlanError."""
    left = dict(enumerate(plan.rows))
    rows = []
    for row in there.rows:
        place = _find(row, left)
        planned = row if place is None else left.pop(place)
        # The plan may rename it, but a mere number is not a name.
        rows.append(row if place is None or planned.name == str(place + 1) else planned)
    for place, row in left.items():
        numbered = row.name == str(place + 1)
        rows.append(msgspec.structs.replace(row, name=str(len(rows) + 1)) if numbered else row)
    require_distinct("name of a row", [row.name for row in rows])
    more = [variant for variant in plan.variants if variant not in there.variants]
    return Plan(
        rows=rows,
        variants=[*there.variants, *more],
        repeats=max(there.repeats, plan.repeats),
        prices={**there.prices, **plan.prices},
        columns=plan.columns or there.columns,
        bounds=plan.bounds or there.bounds,
    )


def not_in_plan(there: Results, plan: Plan) -> Iterator[str]:
    """Yield what is in the comparison but not in the plan."""
    left = dict(enumerate(plan.rows))
    for row in there.rows:
        place = _find(row, left)
        if place is None:
            yield f"the row {row.name!r:.60}"
        else:
            del left[place]
    for variant in there.variants:
        if variant not in plan.variants:
            yield variant
    if there.repeats > plan.repeats:
        yield f"{there.repeats} repetitions"


def _find(row: Row, among: dict[int, Row]) -> int | None:
    """Find a row among others: by its name and request, else by its request."""
    request = _key(row)
    same = [place for place, other in among.items() if _key(other) == request]
    return next((place for place in same if among[place].name == row.name), next(iter(same), None))


def _key(row: Row) -> bytes:
    """Return a request in a form in which the order of its fields does not matter."""
    return msgspec.json.encode(row.request, order="sorted")
