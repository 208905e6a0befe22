"""Asking every variant about every row: what would be sent, what speaks against it, the cost."""

import hashlib
import json
import secrets
import time
from contextlib import suppress
from typing import Any

import msgspec
from rushes import AsyncClient, Client, ConfigurationError, Note, Problem
from rushes.urls import is_loopback

from rushes_compare.differences import differences
from rushes_compare.plan import Plan
from rushes_compare.results import Cell, Finding, Results


def checked(client: Client | AsyncClient, plan: Plan) -> Results:
    """Return the comparison as it is before anything is sent; no cell is left out."""
    cells: list[Cell] = []
    comparison = secrets.token_hex(5)
    for place, row in enumerate(plan.rows):
        before: dict[str, Any] | None = None
        for variant in plan.variants:
            first = _cell(client, comparison, place, variant, row.request)
            if first.payload is not None:
                if before is not None:
                    found = differences(first.payload, before)
                    first = msgspec.structs.replace(first, differs=found)
                before = first.payload
            cells.append(first)
            for repeat in range(2, plan.repeats + 1):
                name = _id(comparison, place, variant, repeat)
                cells.append(msgspec.structs.replace(first, id=name, repeat=repeat))
    return Results(
        id=comparison,
        created_at=time.time(),
        rows=plan.rows,
        variants=plan.variants,
        repeats=plan.repeats,
        local=_local(client, plan),
        cells=cells,
    )


def _local(client: Client | AsyncClient, plan: Plan) -> list[str]:
    """List the providers whose base URL is this machine."""
    found = set()
    for name in plan.variants:
        with suppress(ConfigurationError):
            if is_loopback(client.registry.get(name).variant.base_url):
                found.add(name.partition("/")[0])
    return sorted(found)


def _cell(
    client: Client | AsyncClient, comparison: str, row: int, variant: str, request: dict[str, Any]
) -> Cell:
    empty = Cell(id=_id(comparison, row, variant, 1), row=row, variant=variant)
    try:
        report = client.check(variant, request)
    except ConfigurationError as error:  # no such variant, or a broken plugin
        problem = Finding(path="", code="variant", message=str(error))
        return msgspec.structs.replace(empty, state="cannot", problems=[problem])
    return msgspec.structs.replace(
        empty,
        state="planned" if report.valid else "cannot",
        problems=[finding(problem) for problem in report.problems],
        notes=[finding(note) for note in report.notes],
        payload=json.loads(msgspec.json.encode(report.payload)) if report.valid else None,
        estimate=report.cost,
    )


def _id(comparison: str, row: int, variant: str, repeat: int) -> str:
    """Name a cell without saying whose it is: its video's file is called so, and may be blind."""
    return hashlib.sha256(f"{comparison} {row} {variant} {repeat}".encode()).hexdigest()[:12]


def finding(item: Problem | Note) -> Finding:
    """Return a problem or note as it is kept."""
    return Finding(
        path=item.path,
        code=item.code,
        message=item.message,
        accepted=list(item.accepted) if isinstance(item, Problem) and item.accepted else None,
        source=str(item.source) if item.source else None,
    )
