"""Asking every variant about every row: what would be sent, what speaks against it, the cost."""

import hashlib
import json
import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from rushes import AsyncClient, Client, ConfigurationError, Note, Problem
from rushes.urls import has_scheme, is_loopback

from rushes_compare.differences import differences
from rushes_compare.plan import Plan
from rushes_compare.results import Cell, Finding, Results, Row


def checked(client: Client | AsyncClient, plan: Plan) -> Results:
    """Return the comparison as it is before anything is sent; no cell is left out.

    Cells of the same plan have the same ids, so that two runs that begin at once can become one.
    """
    plan = placed(plan)
    cells = [
        Cell(id=_id(plan, place, variant, repeat), row=place, variant=variant, repeat=repeat)
        for place in range(len(plan.rows))
        for variant in plan.variants
        for repeat in range(1, plan.repeats + 1)
    ]
    results = Results(
        id=secrets.token_hex(5),
        created_at=time.time(),
        rows=plan.rows,
        variants=plan.variants,
        repeats=plan.repeats,
        local=_local(client, plan),
        cells=cells,
    )
    return checked_again(client, results)


def checked_again(client: Client | AsyncClient, results: Results) -> Results:
    """Ask again about the cells that have no task: a file may be there now, a plugin installed."""
    found: dict[tuple[int, str], dict[str, Any]] = {}
    cells = []
    for cell in results.cells:
        if cell.state in ("planned", "cannot") and cell.task is None:
            key = cell.row, cell.variant
            if key not in found:
                found[key] = _found(client, cell.variant, results.rows[cell.row].request)
            cell = msgspec.structs.replace(cell, **found[key])
        cells.append(cell)
    return told_apart(msgspec.structs.replace(results, cells=cells))


def told_apart(results: Results) -> Results:
    """Say of every cell how its payload differs from that of the variant before it in its row."""
    before: dict[tuple[int, int], Any] = {}
    cells = {}
    order = {name: place for place, name in enumerate(results.variants)}
    for cell in sorted(results.cells, key=lambda cell: order.get(cell.variant, 0)):
        key = cell.row, cell.repeat
        known = cell.payload is not None and key in before
        differs = differences(cell.payload, before[key]) if known else []
        cells[cell.id] = msgspec.structs.replace(cell, differs=differs)
        if cell.payload is not None:
            before[key] = cell.payload
    return msgspec.structs.replace(results, cells=[cells[cell.id] for cell in results.cells])


def placed(plan: Plan) -> Plan:
    """Make the paths of local pictures absolute: whoever goes on may be in another folder."""
    rows = [Row(name=row.name, request=_placed_request(row.request)) for row in plan.rows]
    return msgspec.structs.replace(plan, rows=rows)


def _placed_request(request: dict[str, Any]) -> dict[str, Any]:
    given = dict(request)
    if isinstance(given.get("images"), (list, tuple)):
        given["images"] = [_placed_in(image, "url") for image in given["images"]]
    if isinstance(given.get("subjects"), (list, tuple)):
        given["subjects"] = [_placed_in(subject, "images") for subject in given["subjects"]]
    return given


def _placed_in(item: Any, name: str) -> Any:
    return (
        {**item, name: _absolute(item[name])} if isinstance(item, dict) and name in item else item
    )


def _absolute(path: Any) -> Any:
    """Return a local path, or each of several, as it is meant here; all else as it is."""
    if isinstance(path, (list, tuple)):
        return [_absolute(each) for each in path]
    if not isinstance(path, str) or not path or path[0] == "~":
        return path
    return path if has_scheme(path) or "://" in path else str(Path(path).absolute())


def _local(client: Client | AsyncClient, plan: Plan) -> list[str]:
    """List the providers whose base URL is this machine."""
    found = set()
    for name in plan.variants:
        with suppress(ConfigurationError):
            if is_loopback(client.registry.get(name).variant.base_url):
                found.add(name.partition("/")[0])
    return sorted(found)


def _found(client: Client | AsyncClient, variant: str, request: dict[str, Any]) -> dict[str, Any]:
    """Return what the check tells of a cell."""
    try:
        report = client.check(variant, request)
    except ConfigurationError as error:  # no such variant, or a broken plugin
        problem = Finding(path="", code="variant", message=str(error))
        empty: dict[str, Any] = {"notes": [], "payload": None, "estimate": None}
        return {"state": "cannot", "problems": [problem], **empty}
    return {
        "state": "planned" if report.valid else "cannot",
        "problems": [finding(problem) for problem in report.problems],
        "notes": [finding(note) for note in report.notes],
        "payload": json.loads(msgspec.json.encode(report.payload)) if report.valid else None,
        "estimate": report.cost,
    }


def _id(plan: Plan, row: int, variant: str, repeat: int) -> str:
    """Name a cell without saying whose it is: its video's file is called so, and may be blind."""
    known = msgspec.json.encode([plan, row, variant, repeat], order="sorted")
    return hashlib.sha256(known).hexdigest()[:12]


def finding(item: Problem | Note) -> Finding:
    """Return a problem or note as it is kept."""
    return Finding(
        path=item.path,
        code=item.code,
        message=item.message,
        accepted=list(item.accepted) if isinstance(item, Problem) and item.accepted else None,
        source=str(item.source) if item.source else None,
    )
