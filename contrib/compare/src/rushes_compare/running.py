"""Running a comparison: every cell a task of its own, none in the way of another."""

import asyncio
import json
from collections.abc import Iterable
from typing import Any, Literal

import msgspec
from rushes import AsyncClient, JournalError, RequestError, RushesError, Task

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
    `redo` the cells that failed are begun anew, each as another task.
    """
    gates: dict[str, asyncio.Semaphore] = {}
    jobs = []
    for cell in due(book, redo):
        book.put(cell)
        provider = cell.variant.partition("/")[0]
        gate = gates.setdefault(provider, asyncio.Semaphore(concurrency))
        jobs.append(_guarded(client, book, cell.id, gate, timeout))
    await asyncio.gather(*jobs)


def due(book: Book, redo: Redo | None = None) -> Iterable[Cell]:
    """List the cells that have something left to be done."""
    for cell in book.results.cells:
        if cell.state == "cannot" or (cell.video is not None and cell.failure is None):
            continue
        spoiled = cell.failure is not None and cell.failure.kind in SPOILED
        if redo == "failed" and (cell.state in OVER or spoiled):
            yield _anew(cell)
        elif cell.state not in OVER:
            yield cell


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
        differs=cell.differs,
        estimate=cell.estimate,
    )


async def _guarded(
    client: AsyncClient,
    book: Book,
    name: str,
    gate: asyncio.Semaphore,
    timeout: float | None,  # noqa: ASYNC109 - it ends the waiting, not the task
) -> None:
    async with gate:
        try:
            await _shoot(client, book, name, timeout)
        except RequestError as error:
            problems = [finding(problem) for problem in error.problems]
            book.put(_with(book, name, state="cannot", problems=problems))
        except RushesError as error:
            book.put(_failed(book, name, error))


async def _shoot(
    client: AsyncClient,
    book: Book,
    name: str,
    timeout: float | None,  # noqa: ASYNC109 - it ends the waiting, not the task
) -> None:
    cell = book.cell(name)
    results = book.results
    reference = f"{results.id}-{cell.id}" + (f"-{cell.attempt}" if cell.attempt > 1 else "")
    request = results.rows[cell.row].request

    def told(task: Task) -> None:
        book.put(_with(book, name, failure=None, **_known(task)))

    task = await client.generate(
        cell.variant,
        request,
        task=reference,
        output=book.folder / "videos" / f"{cell.id}.mp4",
        timeout=timeout,
        on_update=told,
    )
    told(task)
    book.put(_with(book, name, timing=await _timing(client, task)))
    book.put(await asyncio.to_thread(judged, book.cell(name), request, book.folder))


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
    except JournalError:  # kept by the caller, or gone
        return Timing()


def _failed(book: Book, name: str, error: RushesError) -> Cell:
    task = error.task
    failure = Failure(
        kind=type(error).__name__, message=str(error), reason=task.error if task else None
    )
    return _with(book, name, failure=failure, **(_known(task) if task else {}))


def _with(book: Book, name: str, **changes: Any) -> Cell:
    return msgspec.structs.replace(book.cell(name), **changes)
