"""What a comparison may cost, held against what is known of it before anything is paid."""

from collections.abc import Iterable

from msgspec import Struct

from rushes_compare.prices import FORM
from rushes_compare.results import Cell


class BudgetError(ValueError):
    """A limit would be passed, or cannot be kept; nothing was sent."""


class Total(Struct, frozen=True, kw_only=True):
    """What the cells that are still to be paid come to.

    `known` is in USD; `unknown` counts the tasks without a price, `unpriced` names their variants.
    """

    tasks: int
    known: float
    unknown: int
    unpriced: tuple[str, ...] = ()

    def __str__(self) -> str:
        tasks = f"{self.tasks} task{'s' * (self.tasks != 1)}"
        about = "about " if self.unknown < self.tasks else ""
        return f"{tasks}: {about}{cost(self.known, self.tasks, self.unknown)}"


def total(cells: Iterable[Cell]) -> Total:
    """Add up the cells that are not paid for."""
    due = [cell for cell in cells if cell.state in ("planned", "recorded")]
    known = [cell.estimate for cell in due if cell.estimate is not None]
    unpriced = dict.fromkeys(cell.variant for cell in due if cell.estimate is None)
    return Total(
        tasks=len(due),
        known=round(sum(known), 6),
        unknown=len(due) - len(known),
        unpriced=tuple(unpriced),
    )


def cost(known: float, tasks: int, unknown: int) -> str:
    """Say what so many tasks cost, of which so many have no known price."""
    if not unknown:
        return f"{known:.4g} USD"
    if unknown == tasks:
        return "no price is known"
    rest = "the other one" if unknown == 1 else f"the other {unknown}"
    return f"{known:.4g} USD for {tasks - unknown} of {tasks}; no price is known for {rest}"


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
            f"cannot be kept: {', '.join(found.unpriced)}. Give a price for each ({FORM}: --price "
            "VARIANT=PRICE, `prices` in a file or from Python), or leave out those variants, or "
            "the limit. Nothing was sent"
        )
    if not found.known <= max_cost:
        raise BudgetError(
            f"{found.known:.4g} USD would be spent, and {max_cost:g} are allowed; nothing was sent"
        )
