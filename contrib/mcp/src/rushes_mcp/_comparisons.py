"""One request to several variants: what it would cost, running it, and what came of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from mcp.server.mcpserver import Context
from rushes_compare import Comparison, compare_async, load
from rushes_compare.results import Cell

from rushes_mcp._answers import Refused, plain, report_data
from rushes_mcp._desk import Desk
from rushes_mcp._jobs import OnChange
from rushes_mcp._purchase import Purchase
from rushes_mcp._videos import require_same

TOOL = "compare"
_UNSETTLED = ("planned", "cannot", "recorded", "sending", "unknown")
"""States of a cell that no provider has accepted as far as we know."""


async def plan_comparison(
    desk: Desk, name: str, variants: Sequence[str], request: Mapping[str, Any]
) -> Purchase:
    """Return what a comparison would buy; raises Refused, OverLimit or RushesError."""
    reports = [await desk.checked(variant, request) for variant in dict.fromkeys(variants)]
    costs = {report.variant: report.cost for report in reports if report.valid}
    if not costs:
        found = [report_data(report) for report in reports]
        raise Refused("none of these variants can do it; nothing was sent", reports=found)
    names = tuple(report.variant for report in reports)
    bought = Purchase(tool=TOOL, name=name, variants=names, request=dict(request))
    if job := desk.jobs.get(bought.key):
        require_same(job, bought)
        return bought
    before = _settled(desk, name)
    left = {variant: cost for variant, cost in costs.items() if variant not in before}
    if not left:
        return bought
    price = desk.budget.price(left.values())
    purchase = msgspec.structs.replace(bought, estimated=left, price=price)
    desk.budget.require(purchase.entry, price)
    for variant in left:
        desk.client.ready(variant)
    return purchase


async def run_comparison(desk: Desk, purchase: Purchase, ctx: Context[Any]) -> dict[str, Any]:
    """Run a comparison that was agreed to, or wait for the one that was bought before."""
    job = desk.jobs.get(purchase.key)
    if job is None:
        counted = purchase.due and desk.budget.reserve(purchase.entry, purchase.price)

        def work(on_change: OnChange) -> Any:
            return _compared(desk, purchase, counted, on_change)

        job = desk.jobs.start(purchase.key, purchase.content, work)
    await job.follow(desk.wait, ctx)
    if job.running.done():
        return _data(job.running.result(), "The comparison is over; the user can open `page`.")
    again = (
        "It goes on. Call `compare` again with the same arguments to wait for it; nothing is "
        "bought twice."
    )
    folder = desk.folder.comparison(purchase.name)
    return _data(load(folder), again) if _exists(folder) else {"status": "preparing", "next": again}


async def _compared(
    desk: Desk, purchase: Purchase, counted: bool, on_change: OnChange
) -> Comparison:
    """Compare, and count what it really cost; more than what was agreed to is never bought."""
    unknown = desk.budget.limits.unknown_price
    unpriced = [variant for variant, cost in purchase.estimated.items() if cost is None]
    prices = {} if unknown is None else dict.fromkeys(unpriced, f"{unknown:.9f}/task")
    try:
        done = await compare_async(
            purchase.request,
            purchase.variants,
            folder=desk.folder.comparison(purchase.name),
            prices=prices,
            max_cost=purchase.price,
            on_change=on_change,
            client=desk.client,
        )
    except ValueError:  # of the plan, the budget or the folder: nothing was sent
        if counted:
            desk.budget.release(purchase.entry)
        raise
    paid = [cell for cell in done if cell.variant in purchase.estimated]
    costs = [unknown if cell.cost is None else cell.cost for cell in paid]
    desk.budget.settle(purchase.entry, sum(cost or 0.0 for cost in costs))
    return done


def _exists(folder: Path) -> bool:
    return (folder / "results.json").is_file()


def _settled(desk: Desk, name: str) -> set[str]:
    """Return the variants for which a comparison pays nothing any more."""
    folder = desk.folder.comparison(name)
    if not _exists(folder):
        return set()
    return {cell.variant for cell in load(folder) if cell.state not in _UNSETTLED}


def _data(comparison: Comparison, what_next: str) -> dict[str, Any]:
    return {
        "comparison": comparison.folder.name,
        "page": str(comparison.folder / "report.html"),
        "cells": [_cell_data(comparison, cell) for cell in comparison],
        "next": what_next,
    }


def _cell_data(comparison: Comparison, cell: Cell) -> dict[str, Any]:
    """Return what one variant made of the request, and which of its promises it broke."""
    file = comparison.video(cell)
    failure = cell.failure
    return {
        "variant": cell.variant,
        "status": cell.state,
        "task": cell.task,
        "file": None if file is None else str(file),
        "estimated_usd": cell.estimate,
        "billed_usd": cell.billed,
        "problems": [
            {"path": one.path, "message": plain(one.message), "accepted": one.accepted}
            for one in cell.problems
        ],
        "broken_promises": [
            {"what": one.name, "asked": plain(one.asked), "delivered": plain(one.delivered)}
            for one in cell.promises
            if one.kept is False
        ],
        "error": None if failure is None else plain(failure.message),
    }
