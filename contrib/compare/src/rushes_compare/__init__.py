"""The same request to several providers, side by side.

    from rushes_compare import compare, load

    compare("A red kite over white dunes", ["toapis/kling-v3", "apimart/kling-v3"], max_cost=2)
    for cell in load("comparison"):
        print(cell.variant, cell.state, [p.name for p in cell.promises if p.kept is False])

Names are loaded when they are first used: a command that only shows its help opens no video.
"""

from typing import TYPE_CHECKING

# Type checkers read the imports alone, so that they know a misspelt name for one.
if TYPE_CHECKING:
    from rushes_compare.book import FolderError as FolderError
    from rushes_compare.budget import BudgetError as BudgetError
    from rushes_compare.comparing import compare as compare
    from rushes_compare.comparing import compare_async as compare_async
    from rushes_compare.notebook import Comparison as Comparison
    from rushes_compare.notebook import load as load
    from rushes_compare.plan import PlanError as PlanError
    from rushes_compare.results import Cell as Cell
    from rushes_compare.results import Results as Results
    from rushes_compare.results import Row as Row
else:
    _HOMES = {
        "rushes_compare.book": "FolderError",
        "rushes_compare.budget": "BudgetError",
        "rushes_compare.comparing": "compare compare_async",
        "rushes_compare.notebook": "Comparison load",
        "rushes_compare.plan": "PlanError",
        "rushes_compare.results": "Cell Results Row",
    }
    _HOME = {name: module for module, names in _HOMES.items() for name in names.split()}
    __all__ = sorted(_HOME)

    def __getattr__(name: str) -> object:
        from importlib import import_module

        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(_HOME[name]), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *_HOME})
