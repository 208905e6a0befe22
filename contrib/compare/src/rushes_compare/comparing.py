"""Comparing from Python: one call that checks, sends, measures and writes the page."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from rushes import AsyncClient

from rushes_compare.book import FILE, Book, FolderError, OnChange, other_plan, read_results
from rushes_compare.budget import hold, total
from rushes_compare.checking import checked, grown, local_providers, placed, told_apart
from rushes_compare.exports import write_tables
from rushes_compare.growing import extended, lacking
from rushes_compare.page import write_page
from rushes_compare.plan import Plan, PlanError, RequestLike, planned
from rushes_compare.results import Results
from rushes_compare.running import CONCURRENCY, Redo, due, run

PAGE_EVERY = 1.0
"""Seconds between two writings of the page, while a comparison is under way."""
PAGE_AT_LEAST = 20.0
"""Seconds after which it is written anew, though nothing has changed."""


def compare(
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
    timeout: float | None = None,
    redo: Redo | None = None,
    embed: bool = False,
    on_change: OnChange | None = None,
    client: AsyncClient | None = None,
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
    return asyncio.run(
        compare_async(
            requests,
            variants,
            folder=folder,
            repeats=repeats,
            settings=settings,
            prices=prices,
            max_cost=max_cost,
            max_tasks=max_tasks,
            concurrency=concurrency,
            timeout=timeout,
            redo=redo,
            embed=embed,
            on_change=on_change,
            client=client,
        )
    )


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
) -> Results:
    """Send the same requests to several variants, and return what each made of them.

    A request is a prompt, a Request, or a mapping of its fields; without `variants` all that are
    installed are compared. `folder` gets the videos, `results.json`, the tables and the page; given
    again with the same requests, or with more of them, more variants or repetitions, what is in it
    already is not paid for again. `max_cost` (USD) and `max_tasks` refuse before anything is sent;
    `prices` are for variants of which none is known: `{"toapis/kling-v3": "0.08/s"}` or
    `"0.4/task"`, in USD. `concurrency` bounds the tasks under way at each provider; `timeout` is
    how long each is waited for, in seconds.

    Raises PlanError, BudgetError or FolderError before anything is sent; a cell that fails raises
    nothing, it is in the results.
    """
    _sane(repeats=repeats, concurrency=concurrency, redo=redo)
    own = AsyncClient() if client is None else client
    try:
        installed = own.registry.ids()
        names = installed if variants is None else variants
        plan = planned(requests, names, repeats, settings, prices=prices, installed=installed)
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
    """Return what is to be compared, with what a folder has of it already.

    Raises FolderError where the folder holds what is not planned.
    """
    try:
        there = (folder / FILE).exists()
    except OSError as error:
        raise FolderError(f"{folder} cannot be used: {error.strerror}") from error
    if not there:
        return checked(client, plan)
    results, plan = read_results(folder), placed(plan)
    if lacks := list(lacking(results, plan)):
        raise other_plan(folder, lacks)
    return _added_to(client, results, plan, folder)


def reopened(client: AsyncClient, folder: Path, more: Plan | None = None) -> Results:
    """Return the comparison that a folder holds, its cells without a task checked again.

    `more` is added to it. Raises FolderError, or PlanError where two rows come to have one name.
    """
    nothing = Plan(rows=[], variants=[])
    return _added_to(client, read_results(folder), placed(more or nothing), folder)


def _added_to(client: AsyncClient, there: Results, plan: Plan, folder: Path) -> Results:
    """Return a comparison and what is planned as one.

    Raises FolderError where what is left to be sent would go to a real provider, and the rest went
    to a stand-in on this machine, or the other way round.
    """
    results = grown(client, there, extended(there, plan))
    local = local_providers(client, there.variants)
    for cell in results.cells:
        provider = cell.variant.partition("/")[0]
        moved = cell.variant in there.variants and (provider in there.local) != (provider in local)
        if moved and cell.state == "planned":
            was, now = ("on", "not on") if provider in there.local else ("not on", "on")
            raise FolderError(
                f"{folder} was begun with {provider} {was} this machine itself, as a sandbox is, "
                f"and it is {now} it now; set its base URL back, or choose another folder. "
                "Nothing was sent"
            )
    return results


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

    The page is there before anything is sent, and follows what happens. What was found out is
    written, too, where the running is interrupted.
    """
    book.begin()
    write_page(book.results, book.folder, under_way=True)
    following = asyncio.create_task(_follow(book))
    try:
        await run(client, book, concurrency=concurrency, timeout=timeout, redo=redo)
    finally:
        following.cancel()
        page = shown(book.results, book.folder, embed=embed)
    return page


async def _follow(book: Book) -> None:
    """Write the page anew after changes, until it is cancelled.

    It is written now and then without one, too: who reads it then knows that the run goes on.
    """
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(PAGE_AT_LEAST):
                await book.changed.wait()
        book.changed.clear()
        with suppress(FolderError):  # the disk may be full for a while; the end tells of it
            write_page(book.results, book.folder, under_way=True)
        await asyncio.sleep(PAGE_EVERY)


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
