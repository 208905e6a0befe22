"""Tools that buy nothing: variants, checks and prices, and the tasks of the user's folder."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from mcp.types import CallToolResult
from pydantic import Field
from rushes import ConfigurationError, Report, capabilities

from rushes_mcp._answers import notes_data, plain, report_data, task_data
from rushes_mcp._arguments import Desked, RequestData, TaskName, Variant, answered, desk_of
from rushes_mcp._desk import Desk
from rushes_mcp._videos import resume_video

_PAGE = 100
"""Tasks read from the journal at a time."""
_PAGES = 20
"""How many times at most, for one list."""


async def list_variants(
    ctx: Desked,
    provider: Annotated[str, Field(description="Only those of this provider.")] = "",
) -> CallToolResult:
    """List the installed variants (provider/model), and what each accepts, field by field."""
    return await answered(asyncio.to_thread(_variants, desk_of(ctx), provider))


def _variants(desk: Desk, provider: str) -> dict[str, Any]:
    registry = desk.client.registry
    wanted = [name for name in registry.ids() if not provider or name.startswith(f"{provider}/")]
    found: list[dict[str, Any]] = []
    for name in wanted:
        try:
            rows = capabilities(registry.get(name).variant)
        except ConfigurationError as error:
            found.append({"variant": name, "broken": plain(str(error))})
            continue
        can = {field: row.words for field, row in rows.items() if row.how != "no"}
        found.append({"variant": name, "fields": can})
    return {"variants": found}


async def check(ctx: Desked, variant: Variant, request: RequestData) -> CallToolResult:
    """Check a request: every problem with what is accepted, what would be sent, the price.

    Nothing is sent, and nothing is bought.
    """
    return await answered(_check(desk_of(ctx), variant, request))


async def _check(desk: Desk, variant: str, request: Mapping[str, Any]) -> dict[str, Any]:
    return report_data(await desk.checked(variant, request))


async def estimate(ctx: Desked, request: RequestData) -> CallToolResult:
    """Say what a request would cost with every installed variant, the cheapest first.

    Those that would make exactly what was asked come before those with `notes`.

    Nothing is sent, and nothing is bought.
    """
    return await answered(_estimate(desk_of(ctx), request))


async def _estimate(desk: Desk, request: Mapping[str, Any]) -> dict[str, Any]:
    reports = await asyncio.to_thread(desk.client.check_all, request)
    for report in reports:
        desk.require_own_files(report)

    def rank(report: Report) -> tuple[bool, float]:
        return bool(report.notes), float("inf") if report.cost is None else report.cost

    can = sorted((report for report in reports if report.valid), key=rank)
    return {
        "can": [
            {
                "variant": report.variant,
                "estimated_usd": report.cost,
                "notes": notes_data(report),
            }
            for report in can
        ],
        "cannot": {
            report.variant: [plain(str(problem.message)) for problem in report.problems[:3]]
            for report in reports
            if not report.valid
        },
        "spent_usd": desk.budget.spent,
        "limit_usd": desk.budget.limits.max_cost,
    }


async def list_tasks(
    ctx: Desked,
    unfinished: Annotated[bool, Field(description="Only those that go on.")] = False,
    limit: Annotated[int, Field(ge=1, le=_PAGE)] = 20,
) -> CallToolResult:
    """List the tasks whose videos go into the user's folder, the newest first."""
    return await answered(_tasks(desk_of(ctx), unfinished, limit))


async def _tasks(desk: Desk, unfinished: bool, limit: int) -> dict[str, Any]:
    found: list[dict[str, Any]] = []
    last = None
    for _ in range(_PAGES):
        page = await desk.client.tasks(unfinished=unfinished, after=last, limit=_PAGE)
        found += [task_data(task) for task in page if desk.folder.owns(task)]
        if len(page) < _PAGE or len(found) >= limit:
            break
        last = page[-1]
    return {"tasks": found[:limit]}


async def show_task(ctx: Desked, task: TaskName) -> CallToolResult:
    """Show one task as it was last seen: its state, its price, its file."""
    return await answered(_show(desk_of(ctx), task))


async def _show(desk: Desk, reference: str) -> dict[str, Any]:
    return task_data(await desk.own(reference))


async def resume_task(ctx: Desked, task: TaskName) -> CallToolResult:
    """Wait for a task that goes on, and download its video. Nothing is bought."""
    return await answered(_resume(desk_of(ctx), task, ctx))


async def _resume(desk: Desk, reference: str, ctx: Desked) -> dict[str, Any]:
    return await resume_video(desk, await desk.own(reference), ctx)


async def cancel_task(ctx: Desked, task: TaskName) -> CallToolResult:
    """Ask the provider to cancel a task; what it has cost may stay paid."""
    return await answered(_cancel(desk_of(ctx), task))


async def _cancel(desk: Desk, reference: str) -> dict[str, Any]:
    return task_data(await desk.client.cancel(await desk.own(reference)))
