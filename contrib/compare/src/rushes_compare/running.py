"""Running a comparison: every cell a task of its own, none in the way of another."""

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import msgspec
from rushes import (
    AsyncClient,
    ConfigurationError,
    RequestError,
    RushesError,
    Task,
    capabilities,
)

from rushes_compare.book import Book
from rushes_compare.checking import finding
from rushes_compare.judging import judged
from rushes_compare.results import Cell, Failure, Timing
from rushes_compare.timing import timing

CONCURRENCY = 3
"""Tasks that are under way at one provider at a time."""

Redo = Literal["failed"]
OVER = frozenset(("refused", "lost", "failed", "cancelled", "expired"))
"""States from which nothing more will come, without a video."""
SPOILED = frozenset(("ResultError", "MeasuringError"))
"""Failures of a completed task that another attempt may not have."""
UNSENT = frozenset(("planned", "recorded"))
"""States of a cell that no provider has accepted."""


async def run(
    client: AsyncClient,
    book: Book,
    *,
    concurrency: int = CONCURRENCY,
    timeout: float | None = None,  # noqa: ASYNC109 - it ends the waiting, not the tasks
    redo: Redo | None = None,
) -> None:
    """Bring every cell to its end, as far as it is not there yet; results go into the book.

    A cell's task has a reference of its own, so that what was sent before is not sent again. With
    `redo` the cells that failed are begun anew, each as another task; a video that could not be had
    is fetched once more before.
    """
    gates: dict[str, asyncio.Semaphore] = {}
    jobs = []
    for cell in due(book, redo):
        again = redo == "failed" and _spoiled(book.cell(cell.id))
        if not again:
            book.put(cell)
        provider = cell.variant.partition("/")[0]
        gate = gates.setdefault(provider, asyncio.Semaphore(concurrency))
        jobs.append(_within(client, book, cell.id, gate, timeout, again))
    await asyncio.gather(*jobs)


def due(book: Book, redo: Redo | None = None) -> Iterable[Cell]:
    """List the cells that have something left to be done, each as it may have to be begun."""
    for cell in book.results.cells:
        if _done(cell, book.folder) or (cell.state == "cannot" and cell.task is None):
            continue
        if redo == "failed" and (cell.state in OVER or _spoiled(cell)):
            yield _anew(cell)
        elif cell.state not in OVER:
            yield cell


def _done(cell: Cell, folder: Path) -> bool:
    """Whether a cell's video was judged, and is still there."""
    return cell.failure is None and cell.video is not None and (folder / cell.video.file).is_file()


def _spoiled(cell: Cell) -> bool:
    return cell.failure is not None and cell.failure.kind in SPOILED


def _anew(cell: Cell) -> Cell:
    """Return a cell as it was before it was begun, for another attempt."""
    return Cell(
        id=cell.id,
        row=cell.row,
        variant=cell.variant,
        repeat=cell.repeat,
        attempt=cell.attempt + 1,
        problems=[],
        notes=cell.notes,
        payload=cell.payload,
        transport=cell.transport,
        estimate=cell.estimate,
    )


async def _within(
    client: AsyncClient,
    book: Book,
    name: str,
    gate: asyncio.Semaphore,
    timeout: float | None,  # noqa: ASYNC109 - it ends the waiting, not the task
    again: bool,
) -> None:
    """Bring one cell to its end; `again` fetches its video once more, and else begins it anew."""
    async with gate:
        await _guarded(client, book, name, timeout, again)
        if again and _spoiled(book.cell(name)):
            book.put(_anew(book.cell(name)))
            await _guarded(client, book, name, timeout, again=False)


async def _guarded(
    client: AsyncClient,
    book: Book,
    name: str,
    timeout: float | None,  # noqa: ASYNC109 - it ends the waiting, not the task
    again: bool,
) -> None:
    try:
        await _shoot(client, book, name, timeout, again)
    except RushesError as error:
        if isinstance(error, RequestError) and book.cell(name).task is None:
            problems = [finding(problem) for problem in error.problems]
            book.put(_with(book, name, state="cannot", problems=problems))
            return
        book.put(_failed(book, name, error))
        if error.task is not None:
            book.put(_with(book, name, timing=await _timing(client, error.task)))


async def _shoot(
    client: AsyncClient,
    book: Book,
    name: str,
    timeout: float | None,  # noqa: ASYNC109 - it ends the waiting, not the task
    again: bool,
) -> None:
    cell = book.cell(name)
    results = book.results
    reference = f"{results.id}-{cell.id}" + (f"-{cell.attempt}" if cell.attempt > 1 else "")
    request = results.rows[cell.row].request
    file = book.folder / "videos" / f"{cell.id}.mp4"

    def told(task: Task) -> None:
        book.put(_with(book, name, failure=None, **_known(task)))

    if await _recorded(client, cell, reference):  # it goes on as it was sent, whatever is here now
        task = await client.resume(reference, output=file, timeout=timeout, on_update=told)
        if again or not file.is_file():
            task = await client.fetch(task, file, on_update=told)
    else:
        task = await client.generate(
            cell.variant, request, task=reference, output=file, timeout=timeout, on_update=told
        )
    told(task)
    book.put(_with(book, name, timing=await _timing(client, task)))
    always = _always(client, cell.variant)
    book.put(await asyncio.to_thread(judged, book.cell(name), request, always, book.folder))


def _always(client: AsyncClient, variant: str) -> dict[str, Any]:
    """Return what a variant declares that it always makes, by common field."""
    try:
        can = capabilities(client.registry.get(variant).variant)
    except ConfigurationError:  # a paid task goes on where its plugin is gone
        return {}
    return {
        name: one.accepted[0] for name, one in can.items() if one.how == "always" and one.accepted
    }


async def _recorded(client: AsyncClient, cell: Cell, reference: str) -> bool:
    """Whether the journal has a cell's task.

    Raises ConfigurationError where it has not, and the provider may have: nothing is paid twice.
    """
    try:
        if (await client.task(reference)).id == reference:  # it may begin that of a later attempt
            return True
    except ConfigurationError:
        if cell.state not in UNSENT:
            raise
    if cell.state not in UNSENT:
        raise ConfigurationError(f"task {reference} is not in the journal; it is not sent again")
    return False


def _known(task: Task) -> dict[str, Any]:
    """Return what a task tells of its cell."""
    known: dict[str, Any] = {
        "state": task.state,
        "task": task.id,
        "remote_id": task.remote_id,
        "progress": task.fetched if task.state == "completed" else task.progress,
        "billed": task.cost,
    }
    if task.call and task.call.body:
        known["payload"] = json.loads(task.call.body)
    return known


async def _timing(client: AsyncClient, task: Task) -> Timing:
    try:
        return timing(await client.history(task.id))
    except ConfigurationError:  # kept by the caller, or gone
        return Timing()


def _failed(book: Book, name: str, error: RushesError) -> Cell:
    task = error.task
    failure = Failure(
        kind=type(error).__name__, message=str(error), reason=task.error if task else None
    )
    return _with(book, name, failure=failure, **(_known(task) if task else {}))


def _with(book: Book, name: str, **changes: Any) -> Cell:
    return msgspec.structs.replace(book.cell(name), **changes)
