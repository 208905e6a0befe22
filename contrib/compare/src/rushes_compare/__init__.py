"""The same request to several providers, side by side.

    from rushes_compare import compare, load

    compare("A red kite over white dunes", ["toapis/kling-v3", "apimart/kling-v3"], max_cost=2)
    for cell in load("comparison"):
        print(cell.variant, cell.state, [p.name for p in cell.promises if p.kept is False])

Names are loaded when they are first used: a command that only shows its help opens no video.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rushes_compare.book import FolderError
    from rushes_compare.budget import BudgetError
    from rushes_compare.comparing import compare, compare_async
    from rushes_compare.notebook import Comparison, load
    from rushes_compare.plan import PlanError
    from rushes_compare.results import Cell, Results, Row

__all__ = [
    "BudgetError",
    "Cell",
    "Comparison",
    "FolderError",
    "PlanError",
    "Results",
    "Row",
    "compare",
    "compare_async",
    "load",
]

_HOMES = {
    "BudgetError": "budget",
    "Cell": "results",
    "Comparison": "notebook",
    "FolderError": "book",
    "PlanError": "plan",
    "Results": "results",
    "Row": "results",
    "compare": "comparing",
    "compare_async": "comparing",
    "load": "notebook",
}


if not TYPE_CHECKING:  # a type checker would believe that every name is there

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"rushes_compare.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
