"""One video: what it would cost, buying it, and following it."""

from collections.abc import Mapping
from typing import Any

import msgspec
from mcp.server.mcpserver import Context
from rushes import (
    ConfigurationError,
    NotSentError,
    RefusedError,
    RequestError,
    RushesError,
    Task,
)

from rushes_mcp._answers import Refused, report_data, task_data
from rushes_mcp._desk import Desk
from rushes_mcp._jobs import Job, OnChange
from rushes_mcp._purchase import Purchase

TOOL = "generate"
_AGAIN = (
    "It is on its way to the provider. Call `generate` again with the same arguments to wait for "
    "it; nothing is bought twice."
)


async def plan_video(desk: Desk, name: str, variant: str, request: Mapping[str, Any]) -> Purchase:
    """Return what making a video would buy; raises Refused, OverLimit or RushesError."""
    report = await desk.checked(variant, request)
    if report.problems:
        raise Refused("the request has problems; nothing was sent", **report_data(report))
    bought = Purchase(tool=TOOL, name=name, variants=(variant,), request=dict(request))
    if job := desk.jobs.get(bought.key):
        require_same(job, bought)
        return bought
    found = await desk.find(name)
    if found is not None and not desk.folder.owns(found):
        raise Refused(f"the name {name!r} is taken; choose another")
    if found is not None and _is_accepted(found):
        return bought
    price = desk.budget.price([report.cost])
    purchase = msgspec.structs.replace(bought, estimated={variant: report.cost}, price=price)
    desk.budget.require(purchase.entry, price)
    desk.client.ready(variant)
    return purchase


def require_same(job: Job, purchase: Purchase) -> None:
    """Raise Refused if the work under way under a purchase's name is for another one."""
    if job.content != purchase.content:
        raise Refused(
            f"another request is under way under the name {purchase.name!r}; choose another name"
        )


def _is_accepted(task: Task) -> bool:
    """Whether asking for a task once more can buy nothing: it was accepted, or is given up."""
    return task.receipt is not None or (task.ended and task.state != "refused")


async def make_video(desk: Desk, purchase: Purchase, ctx: Context[Any]) -> dict[str, Any]:
    """Buy a video that was agreed to, or wait for the one that was bought before."""
    job = desk.jobs.get(purchase.key)
    if job is None:
        counted = purchase.due and desk.budget.reserve(purchase.entry, purchase.price)

        def work(on_update: OnChange) -> Any:
            return _made(desk, purchase, counted, on_update)

        job = desk.jobs.start(purchase.key, purchase.content, work)
    return await followed(desk, job, ctx)


async def resume_video(desk: Desk, task: Task, ctx: Context[Any]) -> dict[str, Any]:
    """Wait for a task that was accepted; raises Refused for one that would still be paid for."""
    name = f"{TOOL} {task.id}"
    job = desk.jobs.get(name)
    if job is None:
        if not _is_accepted(task):
            raise Refused("it was never accepted; call `generate` again", **task_data(task))

        def work(on_update: OnChange) -> Any:
            return desk.client.resume(task.id, on_update=on_update)

        job = desk.jobs.start(name, "", work)
    return await followed(desk, job, ctx)


async def followed(desk: Desk, job: Job, ctx: Context[Any]) -> dict[str, Any]:
    """Wait for a video, but not longer than a client does; return what is known by then."""
    await job.follow(desk.wait, ctx)
    if job.running.done():
        return task_data(job.running.result())
    task = job.latest
    if not isinstance(task, Task):
        return {"status": "preparing", "next": _AGAIN}
    return task_data(task) if task.receipt else {**task_data(task), "next": _AGAIN}


async def _made(desk: Desk, purchase: Purchase, counted: bool, on_update: OnChange) -> Task:
    """Make a video, and count what it really cost."""
    (variant,) = purchase.variants
    try:
        task = await desk.client.generate(
            variant,
            purchase.request,
            task=purchase.name,
            output=desk.folder.videos,
            overwrite=False,
            on_update=on_update,
        )
    except RushesError as error:
        if error.task and error.task.cost is not None:
            desk.budget.settle(purchase.entry, error.task.cost)
        elif counted and _nothing_was_bought(error):
            desk.budget.release(purchase.entry)
        raise
    if task.cost is not None:
        desk.budget.settle(purchase.entry, task.cost)
    return task


def _nothing_was_bought(error: RushesError) -> bool:
    accepted = error.task is not None and error.task.receipt is not None
    free = (RequestError, ConfigurationError, NotSentError, RefusedError)
    return isinstance(error, free) and not accepted
