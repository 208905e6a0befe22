"""What a comparison may cost, checked against the known prices before anything is paid."""

from collections.abc import Iterable

from msgspec import Struct

from rushes_compare._plan.prices import FORM
from rushes_compare.errors import BudgetError
from rushes_compare.results import Cell


class CostTotal(Struct, frozen=True, kw_only=True):
    """The total cost of the cells that are still to be paid.

    `known` is in USD; `unknown` counts the tasks without a price, `unpriced` names their variants.
    """

    tasks: int
    known: float
    unknown: int
    unpriced: tuple[str, ...] = ()

    def __str__(self) -> str:
        tasks = f"{self.tasks} task{'s' * (self.tasks != 1)}"
        about = "about " if self.unknown < self.tasks else ""
        return f"{tasks}: {about}{describe_cost(self.known, self.tasks, self.unknown)}"


def total_cost(cells: Iterable[Cell]) -> CostTotal:
    """Add up the cells that are not paid yet."""
    unpaid = [cell for cell in cells if cell.state in ("planned", "recorded")]
    known = [cell.estimate for cell in unpaid if cell.estimate is not None]
    unpriced = dict.fromkeys(cell.variant for cell in unpaid if cell.estimate is None)
    return CostTotal(
        tasks=len(unpaid),
        known=round(sum(known), 6),
        unknown=len(unpaid) - len(known),
        unpriced=tuple(unpriced),
    )


def describe_cost(known: float, tasks: int, unknown: int, how: str = "") -> str:
    """Describe the cost of `tasks` tasks, `unknown` of them without a known price.

    `how` it is known follows the amount: "estimated".
    """
    amount = f"{known:.4g} USD, {how}" if how else f"{known:.4g} USD"
    if not unknown:
        return amount
    if unknown == tasks:
        return "no price is known"
    rest = "the other one" if unknown == 1 else f"the other {unknown}"
    comma = "," if how else ""
    return f"{amount}{comma} for {tasks - unknown} of {tasks}; no price is known for {rest}"


def enforce_limits(found: CostTotal, *, max_cost: float | None, max_tasks: int | None) -> None:
    """Raise BudgetError if a limit would be exceeded; an unknown cost exceeds every limit."""
    if max_tasks is not None and not found.tasks <= max_tasks:  # NaN allows nothing
        raise BudgetError(
            f"{found.tasks} task{'s' * (found.tasks != 1)} would be paid for, but the limit is "
            f"{max_tasks}; nothing was sent"
        )
    if max_cost is None or not found.tasks:
        return
    if found.unknown:
        raise BudgetError(
            f"{found.unknown} of {found.tasks} tasks have no known cost, so a limit of "
            f"{max_cost:g} USD cannot be guaranteed: {', '.join(found.unpriced)}. Give a price for "
            f"each ({FORM}: --price VARIANT=PRICE, `prices` in a file or from Python), or leave "
            "out those variants, or the limit. Nothing was sent"
        )
    if not found.known <= max_cost:
        raise BudgetError(
            f"{found.known:.4g} USD would be spent, but the limit is {max_cost:g} USD; nothing was "
            "sent"
        )
