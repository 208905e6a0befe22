"""Comparing from Python: run a comparison, and read it back."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import update_wrapper
from pathlib import Path
from typing import Any, ParamSpec

from rushes import AsyncClient

from rushes_compare._check.budget import enforce_limits, total_cost
from rushes_compare._check.check_plan import check_plan, extend_results
from rushes_compare._check.image_paths import with_absolute_paths
from rushes_compare._check.stand_ins import require_same_endpoints
from rushes_compare._page import player_table, write_page
from rushes_compare._plan.growth import merge_plan, not_in_plan
from rushes_compare._plan.plan import Plan, RequestLike, make_plan
from rushes_compare._results.payload_diff import with_payload_diffs
from rushes_compare._results.results_file import (
    FILE,
    OnChange,
    ResultsFile,
    other_plan_error,
    read_results,
)
from rushes_compare._results.tables import write_tables
from rushes_compare._run.pending import Redo, pending
from rushes_compare._run.run_cells import CONCURRENCY, run_cells
from rushes_compare.errors import FolderError, PlanError
from rushes_compare.results import Cell, Results

__all__ = ["Comparison", "compare", "compare_async", "load"]

P = ParamSpec("P")

MAX_REPEATS = 1000
"""Videos of a prompt by a variant; each of them is checked, and in the results, from the start."""
PAGE_EVERY = 1.0
"""Seconds between two updates of the page while a comparison is under way."""
MAX_PAGE_AGE = 20.0
"""Seconds after which it is written again even if nothing has changed."""


async def compare_async(
    requests: RequestLike | Sequence[RequestLike],
    variants: str | Sequence[str] | None = None,
    *,
    folder: str | Path = "comparison",
    repeats: int = 1,
    settings: Mapping[str, Any] | None = None,
    prices: Mapping[str, str] | None = None,
    max_cost: float | None = None,
    max_tasks: int | None = None,
    concurrency: int = CONCURRENCY,
    timeout: float | None = None,  # noqa: ASYNC109 - it ends the waiting, not the tasks
    redo: Redo | None = None,
    embed: bool = False,
    on_change: OnChange | None = None,
    client: AsyncClient | None = None,
) -> "Comparison":
    """Send the same requests to several variants, and return what each made of them.

    A request is a prompt, a Request, or a mapping of its fields; without `variants`, all installed
    variants are compared. `folder` gets the videos, `results.json`, the tables and the page. If it
    already holds some of the requests, variants and repetitions, only the new ones are paid.
    `max_cost` (USD) and `max_tasks` are checked before anything is sent; `prices`, in USD, are for
    variants whose price is not known: `{"toapis/kling-v3": "0.08/s"}` or `"0.4/task"`.
    `concurrency` limits the tasks under way at each provider; `timeout` is how long to wait for
    each, in seconds. `redo="failed"` starts failed cells again.

    Raises PlanError, BudgetError or FolderError before anything is sent. A cell that fails does not
    raise: the results say why it failed.
    """
    _check_options(repeats=repeats, concurrency=concurrency, redo=redo)
    own = AsyncClient() if client is None else client
    try:
        installed = own.registry.ids()
        names = installed if variants is None else variants
        plan = make_plan(requests, names, repeats, settings, prices=prices, installed=installed)
        place = _absolute(folder)
        results = open_comparison(own, plan, place, redo)
        results_file = ResultsFile(place, results, on_change)
        cost = total_cost(pending(results, place, redo))
        enforce_limits(cost, max_cost=max_cost, max_tasks=max_tasks)
        await run_comparison(
            own, results_file, concurrency=concurrency, timeout=timeout, redo=redo, embed=embed
        )
        return Comparison(place, results_file.results)
    finally:
        if client is None:
            await own.close()


def _with_parameters_of(
    other: Callable[P, Any],
) -> "Callable[[Callable[..., Comparison]], Callable[P, Comparison]]":
    """Give a function the signature of another, for type checkers and for `help`."""

    def decorate(function: "Callable[..., Comparison]") -> "Callable[P, Comparison]":
        return update_wrapper(function, other, assigned=(), updated=())

    return decorate


@_with_parameters_of(compare_async)
def compare(*args: Any, **options: Any) -> "Comparison":
    """Do what `compare_async` does; raises RuntimeError if an event loop is running."""
    running = False
    with suppress(RuntimeError):
        asyncio.get_running_loop()
        running = True
    if running:
        raise RuntimeError(
            "an event loop is running here (a notebook has one): use `await compare_async(...)`"
        )
    return asyncio.run(compare_async(*args, **options))


def _check_options(*, repeats: Any, concurrency: Any, redo: Any) -> None:
    for name, value in (("repeats", repeats), ("concurrency", concurrency)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise PlanError(f"{name} is {value!r:.40}; it must be a whole number, at least 1")
    if redo not in (None, "failed"):
        raise PlanError(f"redo is {redo!r:.40}; it must be None or 'failed'")


def _absolute(folder: str | Path) -> Path:
    return Path(folder).absolute()


def open_comparison(
    client: AsyncClient, plan: Plan, folder: Path, redo: Redo | None = None
) -> Results:
    """Return the planned comparison, with what the folder already has of it.

    Raises FolderError if the folder holds something that is not planned, PlanError if that is too
    much.
    """
    _require_possible(plan)
    try:
        there = (folder / FILE).exists()
    except OSError as error:
        raise FolderError(f"{folder} cannot be used: {error.strerror}") from error
    if not there:
        return check_plan(client, plan)
    results, plan = read_results(folder), with_absolute_paths(plan)
    if missing := list(not_in_plan(results, plan)):
        raise other_plan_error(folder, missing)
    return _add(client, results, plan, folder, redo)


def reopen_comparison(
    client: AsyncClient, folder: Path, more: Plan | None = None, redo: Redo | None = None
) -> Results:
    """Return the comparison in a folder, its cells without a task checked again.

    `more` is added to it. Raises FolderError, or PlanError if two rows would have the same name, or
    if it is too much.
    """
    if more is not None:
        _require_possible(more)
    plan = with_absolute_paths(more or Plan(rows=[], variants=[]))
    return _add(client, read_results(folder), plan, folder, redo)


def _require_possible(plan: Plan) -> None:
    """Raise PlanError if a plan asks for too many repetitions."""
    if plan.repeats > MAX_REPEATS:
        raise PlanError(f"repeats is {plan.repeats}; it must be at most {MAX_REPEATS}")


def _add(
    client: AsyncClient, there: Results, plan: Plan, folder: Path, redo: Redo | None
) -> Results:
    results = extend_results(client, there, merge_plan(there, plan))
    require_same_endpoints(client, there, pending(results, folder, redo), folder)
    return results


async def run_comparison(
    client: AsyncClient,
    results_file: ResultsFile,
    *,
    concurrency: int = CONCURRENCY,
    timeout: float | None = None,  # noqa: ASYNC109 - it ends the waiting, not the tasks
    redo: Redo | None = None,
    embed: bool = False,
) -> Path:
    """Run a comparison to its end, write the tables and the page; return the page's path.

    The page is there before anything is sent, and is kept up to date. If the run is interrupted,
    what is known by then is written.
    """
    results_file.create()
    write_page(results_file.results, results_file.folder, under_way=True)
    updating = asyncio.create_task(_keep_page_updated(results_file))
    try:
        await run_cells(client, results_file, concurrency=concurrency, timeout=timeout, redo=redo)
    finally:
        updating.cancel()
        page = write_outputs(results_file.results, results_file.folder, embed=embed)
    return page


async def _keep_page_updated(results_file: ResultsFile) -> None:
    """Write the page after changes, until cancelled.

    Now and then it is also written without a change, to show its reader that the run is alive.
    """
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(MAX_PAGE_AGE):
                await results_file.changed.wait()
        results_file.changed.clear()
        with suppress(FolderError):  # the disk may be full for a while; the end reports it
            write_page(results_file.results, results_file.folder, under_way=True)
        await asyncio.sleep(PAGE_EVERY)


def write_outputs(results: Results, folder: Path, *, embed: bool = False) -> Path:
    """Write the tables and the page of a comparison; return the page's path.

    Raises FolderError; the page is written even if a table cannot be.
    """
    results = with_payload_diffs(results)
    try:
        write_tables(results, folder)
    finally:
        page = write_page(results, folder, embed=embed)
    return page


class Comparison:
    """The results of a comparison and their folder; in a notebook, a table with players."""

    def __init__(self, folder: Path, results: Results) -> None:
        self.folder = folder
        self.results = results

    def __repr__(self) -> str:
        size = f"{len(self.results.rows)} rows by {len(self.results.variants)} variants"
        return f"<comparison {self.results.id}, {size}, in {self.folder}>"

    def __iter__(self) -> Iterator[Cell]:
        return iter(self.results.cells)

    def __len__(self) -> int:
        return len(self.results.cells)

    def video(self, cell: Cell) -> Path | None:
        """Return the path of a cell's video."""
        return self.folder / cell.video.file if cell.video else None

    def _repr_html_(self) -> str:
        return player_table(self.results, self.folder)


def load(folder: str | Path) -> Comparison:
    """Read the comparison in a folder; raises FolderError."""
    place = Path(folder).absolute()
    return Comparison(place, read_results(place))
