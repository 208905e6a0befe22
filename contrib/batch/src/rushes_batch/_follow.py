"""The progress of a batch that others make, as the journal shows it."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from rushes import Task

from rushes_batch._plan import Planned, price
from rushes_batch._progress import Display, Pace, Standing, standing_of
from rushes_batch.engine import Engine

LOOK = 2.0
"""Seconds between two looks, at least; more if a look takes more than a ninth of that."""


async def follow(
    plan: Sequence[Planned],
    look: Callable[[], None],
    tasks: Callable[[], Mapping[str, Task]],
    engine: Engine | None,
) -> None:
    """Show a batch's progress until nothing of it is under way or waits in the engine's queue."""

    def standing() -> Standing:
        known = tasks()
        return standing_of((known.get(video.task) for video in plan), price(plan, known).spent)

    now = standing()
    pace = Pace(now.ended)
    shown = asyncio.create_task(Display().show(lambda: now))
    try:
        while await _goes_on(plan, tasks(), engine):
            begun = time.monotonic()
            await asyncio.to_thread(look)
            now = standing()
            now.left = pace.left(now)
            await asyncio.sleep(max(LOOK, 9 * (time.monotonic() - begun)))
    finally:
        shown.cancel()
        with suppress(asyncio.CancelledError):
            await shown


async def _goes_on(
    plan: Sequence[Planned], tasks: Mapping[str, Task], engine: Engine | None
) -> bool:
    """Whether anything is under way, or waits to be begun; a task of unknown outcome is neither."""
    known = [tasks.get(video.task) for video in plan]
    standing_still = ("recorded", "unknown")
    if any(task and task.unfinished and task.state not in standing_still for task in known):
        return True
    if engine is None:
        return False
    async with engine.opened():
        return bool(await engine.waiting(video.task for video in plan))
