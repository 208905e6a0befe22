"""The same request to several providers, side by side.

    from rushes_compare import compare, load

    compare("A red kite over white dunes", ["toapis/kling-v3", "apimart/kling-v3"], max_cost=2)
    for cell in load("comparison"):
        print(cell.variant, cell.state, [p.name for p in cell.promises if p.kept is False])

Public modules: `comparison` (running and loading), `results` (what `results.json` holds), `plans`
(plan files for other tools), `votes` (adding up votes), `errors`, and `command` (the subcommands).
Folders and modules that begin with an underscore are private.

Names are loaded when they are first used, so that a command's help loads no video library.
"""

from typing import TYPE_CHECKING

# Type checkers only read these imports, so that they report a misspelt name.
if TYPE_CHECKING:
    from rushes_compare.comparison import Comparison as Comparison
    from rushes_compare.comparison import compare as compare
    from rushes_compare.comparison import compare_async as compare_async
    from rushes_compare.comparison import load as load
    from rushes_compare.errors import BudgetError as BudgetError
    from rushes_compare.errors import FolderError as FolderError
    from rushes_compare.errors import PlanError as PlanError
    from rushes_compare.errors import VotesError as VotesError
    from rushes_compare.results import Cell as Cell
    from rushes_compare.results import Ratings as Ratings
    from rushes_compare.results import Results as Results
    from rushes_compare.results import Row as Row
    from rushes_compare.votes import merge_votes as merge_votes
else:
    _HOMES = {
        "rushes_compare.comparison": "Comparison compare compare_async load",
        "rushes_compare.errors": "BudgetError FolderError PlanError VotesError",
        "rushes_compare.results": "Cell Ratings Results Row",
        "rushes_compare.votes": "merge_votes",
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
