"""Running the cells of a comparison: each is a task of its own, and none stops another."""

import asyncio
import hashlib
import json
from collections.abc import Iterable
from typing import Any

import msgspec
from rushes import (
    AsyncClient,
    ConfigurationError,
    RequestError,
    RushesError,
    Task,
)

from rushes_compare._check.check_plan import to_finding
from rushes_compare._check.settings import always_delivered, request_for
from rushes_compare._results.results_file import ResultsFile
from rushes_compare._run.measure_cell import measure_cell, measure_repeat
from rushes_compare._run.pending import Redo, has_unusable_result, next_attempt, pending
from rushes_compare._run.timing import timing
from rushes_compare.results import Cell, Failure, Timing

CONCURRENCY = 3
"""Tasks under way at each provider at a time."""

UNSENT = frozenset(("planned", "recorded"))
"""States of a cell that no provider has accepted."""


async def run_cells(
    client: AsyncClient,
    results_file: ResultsFile,
    *,
    concurrency: int = CONCURRENCY,
    timeout: float | None = None,  # noqa: ASYNC109 - it ends the waiting, not the tasks
    redo: Redo | None = None,
) -> None:
    """Run every pending cell to completion; the outcomes go into the results file.

    A cell's task has its own reference, so nothing that was sent before is sent again. Cells are
    sent in a shuffled order, so that no variant always finds the emptier queue. With `redo`, cells
    that failed are started again, each as another task; a video that could not be used is first
    fetched once more.
    """
    gates: dict[str, asyncio.Semaphore] = {}
    results = results_file.results
    jobs = []
    for cell in shuffled(pending(results, results_file.folder, redo), results.id):
        refetch = redo == "failed" and has_unusable_result(results_file.cell(cell.id))
        if not refetch:
            results_file.update(cell)
        provider = cell.variant.partition("/")[0]
        gate = gates.setdefault(provider, asyncio.Semaphore(concurrency))
        job = _run_gated(client, results_file, cell.id, gate, timeout, refetch)
        jobs.append(asyncio.create_task(job))
    try:
        await asyncio.gather(*jobs)
    finally:  # if one raises, the others must not go on with a client that is about to be closed
        for each in jobs:
            each.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
    results = results_file.results
    for cell in results.cells:
        if cell.repeat > 1 and cell.video and cell.video.measures.repeatability is None:
            again = await asyncio.to_thread(measure_repeat, cell, results, results_file.folder)
            results_file.update(again)


def shuffled(cells: Iterable[Cell], comparison: str) -> list[Cell]:
    """Return cells in the order in which a comparison submits them: random, but always the same."""
    return sorted(
        cells, key=lambda cell: hashlib.sha256(f"{comparison} {cell.id}".encode()).digest()
    )


async def _run_gated(
    client: AsyncClient,
    results_file: ResultsFile,
    name: str,
    gate: asyncio.Semaphore,
    timeout: float | None,  # noqa: ASYNC109 - it ends the waiting, not the task
    refetch: bool,
) -> None:
    """Bring one cell to its end; with `refetch`, fetch its video again before another attempt."""
    async with gate:
        await _run_safely(client, results_file, name, timeout, refetch)
        cell = results_file.cell(name)
        if refetch and has_unusable_result(cell):
            results_file.update(next_attempt(cell))
            await _run_safely(client, results_file, name, timeout, refetch=False)


async def _run_safely(
    client: AsyncClient,
    results_file: ResultsFile,
    name: str,
    timeout: float | None,  # noqa: ASYNC109 - it ends the waiting, not the task
    refetch: bool,
) -> None:
    try:
        await _run_cell(client, results_file, name, timeout, refetch)
    except RushesError as error:
        if isinstance(error, RequestError) and results_file.cell(name).task is None:
            problems = [to_finding(problem) for problem in error.problems]
            results_file.update(_with(results_file, name, state="cannot", problems=problems))
            return
        results_file.update(_failed(results_file, name, error))
        if error.task is not None:
            results_file.update(_with(results_file, name, timing=await _timing(client, error.task)))


async def _run_cell(
    client: AsyncClient,
    results_file: ResultsFile,
    name: str,
    timeout: float | None,  # noqa: ASYNC109 - it ends the waiting, not the task
    refetch: bool,
) -> None:
    cell = results_file.cell(name)
    results = results_file.results
    reference = f"{results.id}-{cell.id}" + (f"-{cell.attempt}" if cell.attempt > 1 else "")
    request = results.rows[cell.row].request
    file = results_file.folder / "videos" / f"{cell.id}.mp4"

    def on_update(task: Task) -> None:
        results_file.update(_with(results_file, name, failure=None, **_task_fields(task)))

    if await _in_journal(
        client, cell, reference
    ):  # it continues as it was sent, whatever the plan says now
        task = await client.resume(reference, output=file, timeout=timeout, on_update=on_update)
        if refetch or not file.is_file():
            task = await client.fetch(task, file, on_update=on_update)
    else:
        own = request_for(client.registry.get(cell.variant).variant, request)
        task = await client.generate(
            cell.variant, own, task=reference, output=file, timeout=timeout, on_update=on_update
        )
    on_update(task)
    results_file.update(_with(results_file, name, timing=await _timing(client, task)))
    always = _always(client, cell.variant)
    results_file.update(
        await asyncio.to_thread(
            measure_cell, results_file.cell(name), request, always, results_file.folder
        )
    )


def _always(client: AsyncClient, variant: str) -> dict[str, Any]:
    """Return what a variant declares that it always delivers, by common field."""
    try:
        return always_delivered(client.registry.get(variant).variant)
    except ConfigurationError:  # a paid task continues even if its plugin is gone
        return {}


async def _in_journal(client: AsyncClient, cell: Cell, reference: str) -> bool:
    """Whether the journal has a cell's task.

    Raises ConfigurationError if it does not but the provider may: nothing is paid for twice.
    """
    try:
        if (await client.task(reference)).id == reference:  # a prefix matches a later attempt, too
            return True
    except ConfigurationError:
        if cell.state not in UNSENT:
            raise
    if cell.state not in UNSENT:
        raise ConfigurationError(f"task {reference} is not in the journal; it is not sent again")
    return False


def _task_fields(task: Task) -> dict[str, Any]:
    """Return the fields of a cell that come from its task."""
    fields: dict[str, Any] = {
        "state": task.state,
        "task": task.id,
        "remote_id": task.remote_id,
        "progress": task.fetched if task.state == "completed" else task.progress,
        "billed": task.cost,
    }
    if task.call and task.call.body:
        fields["payload"] = json.loads(task.call.body)
    return fields


async def _timing(client: AsyncClient, task: Task) -> Timing:
    try:
        return timing(await client.history(task.id))
    except ConfigurationError:  # it is in no journal, or gone
        return Timing()


def _failed(results_file: ResultsFile, name: str, error: RushesError) -> Cell:
    task = error.task
    failure = Failure(
        kind=type(error).__name__, message=str(error), reason=task.error if task else None
    )
    return _with(results_file, name, failure=failure, **(_task_fields(task) if task else {}))


def _with(results_file: ResultsFile, name: str, **changes: Any) -> Cell:
    return msgspec.structs.replace(results_file.cell(name), **changes)
