"""Comparing from Python: one call that checks, sends, measures and writes the page."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from rushes import AsyncClient

from rushes_compare.book import (
    FILE,
    Book,
    FolderError,
    OnChange,
    other_plan,
    read_results,
    same_plan,
)
from rushes_compare.budget import hold, total
from rushes_compare.checking import checked, checked_again, placed, told_apart
from rushes_compare.exports import write_tables
from rushes_compare.page import write_page
from rushes_compare.plan import Plan, PlanError, RequestLike, planned
from rushes_compare.results import Results
from rushes_compare.running import CONCURRENCY, Redo, due, run


def compare(
    requests: RequestLike | Sequence[RequestLike],
    variants: Sequence[str] | None = None,
    **options: Any,
) -> Results:
    """Do what `compare_async` does, where no event loop is running (else RuntimeError)."""
    running = False
    with suppress(RuntimeError):
        asyncio.get_running_loop()
        running = True
    if running:
        raise RuntimeError(
            "an event loop is running here (a notebook has one): use `await compare_async(...)`"
        )
    return asyncio.run(compare_async(requests, variants, **options))


async def compare_async(
    requests: RequestLike | Sequence[RequestLike],
    variants: Sequence[str] | None = None,
    *,
    folder: str | Path = "comparison",
    repeats: int = 1,
    settings: Mapping[str, Any] | None = None,
    max_cost: float | None = None,
    max_tasks: int | None = None,
    concurrency: int = CONCURRENCY,
    timeout: float | None = None,  # noqa: ASYNC109 - it ends the waiting, not the tasks
    redo: Redo | None = None,
    embed: bool = False,
    on_change: OnChange | None = None,
    client: AsyncClient | None = None,
) -> Results:
    """Send the same requests to several variants, and return what each made of them.

    A request is a prompt, a Request, or a mapping of its fields; without `variants` all that are
    installed are compared. `folder` gets the videos, `results.json`, the tables and the page; given
    again with the same requests, what is in it already is not paid for again. `max_cost` (USD) and
    `max_tasks` refuse before anything is sent; `concurrency` bounds the tasks under way at each
    provider; `timeout` is how long each is waited for, in seconds.

    Raises PlanError, BudgetError or FolderError before anything is sent; a cell that fails raises
    nothing, it is in the results.
    """
    _sane(repeats=repeats, concurrency=concurrency, redo=redo)
    own = AsyncClient() if client is None else client
    try:
        names = own.registry.ids() if variants is None else variants
        plan = planned(requests, names, repeats, settings)
        place = _absolute(folder)
        book = Book(place, opened(own, plan, place), on_change)
        hold(total(due(book, redo)), max_cost=max_cost, max_tasks=max_tasks)
        await finished(own, book, concurrency=concurrency, timeout=timeout, redo=redo, embed=embed)
        return book.results
    finally:
        if client is None:
            await own.close()


def _sane(*, repeats: Any, concurrency: Any, redo: Any) -> None:
    for name, value in (("repeats", repeats), ("concurrency", concurrency)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise PlanError(f"{name} is {value!r:.40}; it is a whole number, at least 1")
    if redo not in (None, "failed"):
        raise PlanError(f"redo is {redo!r:.40}; it is None, or 'failed'")


def _absolute(folder: str | Path) -> Path:
    return Path(folder).absolute()


def opened(client: AsyncClient, plan: Plan, folder: Path) -> Results:
    """Return the comparison that a folder holds already, or a new one; raises FolderError."""
    try:
        there = (folder / FILE).exists()
    except OSError as error:
        raise FolderError(f"{folder} cannot be used: {error.strerror}") from error
    if not there:
        return checked(client, plan)
    results = reopened(client, folder)
    kept = Plan(rows=results.rows, variants=results.variants, repeats=results.repeats)
    if not same_plan(placed(kept), placed(plan)):
        raise other_plan(folder)
    return results


def reopened(client: AsyncClient, folder: Path) -> Results:
    """Return the comparison that a folder holds, its cells without a task checked again.

    Raises FolderError.
    """
    return checked_again(client, read_results(folder))


async def finished(
    client: AsyncClient,
    book: Book,
    *,
    concurrency: int = CONCURRENCY,
    timeout: float | None = None,  # noqa: ASYNC109 - it ends the waiting, not the tasks
    redo: Redo | None = None,
    embed: bool = False,
) -> Path:
    """Run a comparison to its end, and write the tables and the page; return where the page is.

    What was found out is written, too, where the running is interrupted.
    """
    book.begin()
    try:
        await run(client, book, concurrency=concurrency, timeout=timeout, redo=redo)
    finally:
        page = shown(book.results, book.folder, embed=embed)
    return page


def shown(results: Results, folder: Path, *, embed: bool = False) -> Path:
    """Write the tables and the page of a comparison; return where the page is.

    Raises FolderError; the page is written also where a table cannot be.
    """
    results = told_apart(results)
    try:
        write_tables(results, folder)
    finally:
        page = write_page(results, folder, embed=embed)
    return page
