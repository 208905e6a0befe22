"""What a comparison may cost, held against what is known of it before anything is paid."""

from collections.abc import Iterable

from msgspec import Struct

from rushes_compare.results import Cell


class BudgetError(ValueError):
    """A limit would be passed, or cannot be kept; nothing was sent."""


class Total(Struct, frozen=True, kw_only=True):
    """What the cells that are still to be paid come to; `known` is in USD."""

    tasks: int
    known: float
    unknown: int

    def __str__(self) -> str:
        tasks = f"{self.tasks} task{'s' * (self.tasks != 1)}"
        if not self.unknown:
            return f"{tasks}, about {self.known:.4g} USD"
        if self.unknown == self.tasks:
            return f"{tasks}, cost unknown"
        return f"{tasks}, about {self.known:.4g} USD and {self.unknown} of unknown cost"


def total(cells: Iterable[Cell]) -> Total:
    """Add up the cells that are not paid for."""
    due = [cell for cell in cells if cell.state in ("planned", "recorded")]
    known = [cell.estimate for cell in due if cell.estimate is not None]
    return Total(tasks=len(due), known=round(sum(known), 6), unknown=len(due) - len(known))


def hold(found: Total, *, max_cost: float | None, max_tasks: int | None) -> None:
    """Raise BudgetError where a limit would be passed. What is unknown is never within a limit."""
    if max_tasks is not None and not found.tasks <= max_tasks:  # NaN allows nothing
        raise BudgetError(
            f"{found.tasks} task{'s' * (found.tasks != 1)} would be paid for, and {max_tasks} "
            f"{'is' if max_tasks == 1 else 'are'} allowed; nothing was sent"
        )
    if max_cost is None or not found.tasks:
        return
    if found.unknown:
        raise BudgetError(
            f"{found.unknown} of {found.tasks} tasks have no known cost, so that {max_cost:g} USD "
            "cannot be kept; leave those variants out, or the limit. Nothing was sent"
        )
    if not found.known <= max_cost:
        raise BudgetError(
            f"about {found.known:.4g} USD would be spent, and {max_cost:g} are allowed; "
            "nothing was sent"
        )
