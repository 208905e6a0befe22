"""Every variant checked with every request: what would be sent, the problems, the cost."""

import hashlib
import json
import secrets
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec
from rushes import (
    AsyncClient,
    Client,
    ConfigurationError,
    Note,
    Problem,
    Report,
    Variant,
    json_schema,
)

from rushes_compare._check.image_paths import with_absolute_paths
from rushes_compare._check.settings import request_for, settings_of
from rushes_compare._check.stand_ins import local_providers
from rushes_compare._plan.plan import Plan
from rushes_compare._plan.prices import estimate
from rushes_compare._promises.requested import RequestedFields
from rushes_compare._results.payload_diff import with_payload_diffs
from rushes_compare.results import Cell, CheckFinding, Results, Row, Settings

_PRICE_KNOWN = "The price of this task is known; a given price is only used if none is known."

_NO_SEED = "is left out, since this variant has none"


def check_plan(client: Client | AsyncClient, plan: Plan) -> Results:
    """Return the comparison before anything is sent, with every cell.

    Cells of the same plan have the same ids, so two runs that start at once can become one.
    """
    results = Results(
        id=secrets.token_hex(5), created_at=time.time(), rows=[], variants=[], cells=[]
    )
    return extend_results(client, results, with_absolute_paths(plan))


def extend_results(client: Client | AsyncClient, results: Results, plan: Plan) -> Results:
    """Return a comparison with a cell for everything planned; the cells that it has are kept.

    The plan begins with the rows that the comparison has.
    """
    kept = {(cell.row, cell.variant, cell.repeat): cell for cell in results.cells}
    cells = [
        kept.get((row, variant, repeat))
        or Cell(id=_id(key, variant, repeat), row=row, variant=variant, repeat=repeat)
        for row, key in enumerate(_row_keys(plan.rows))
        for variant in plan.variants
        for repeat in range(1, plan.repeats + 1)
    ]
    extended = msgspec.structs.replace(
        results,
        rows=plan.rows,
        variants=plan.variants,
        repeats=plan.repeats,
        local=sorted({*results.local, *local_providers(client, plan.variants)}),
        prices=plan.prices,
        columns=plan.columns,
        bounds=plan.bounds,
        cells=cells,
    )
    return recheck_unsent(client, extended)


def recheck_unsent(client: Client | AsyncClient, results: Results) -> Results:
    """Check the cells without a task again: a file or a plugin may be there by now."""
    found: dict[tuple[int, str], dict[str, Any]] = {}
    cells = []
    for cell in results.cells:
        if cell.state in ("planned", "cannot") and cell.task is None:
            key = cell.row, cell.variant
            if key not in found:
                request, price = results.rows[cell.row].request, results.prices.get(cell.variant)
                found[key] = _check(client, cell.variant, request, price)
            cell = msgspec.structs.replace(cell, **found[key])
        cells.append(cell)
    return with_payload_diffs(msgspec.structs.replace(results, cells=cells))


def _check(
    client: Client | AsyncClient, variant: str, request: dict[str, Any], price: str | None
) -> dict[str, Any]:
    """Return the outcome of checking a cell."""
    try:
        declared = client.registry.get(variant).variant
        whole, request = request, request_for(declared, request)
        report = client.check(variant, request)
    except ConfigurationError as error:  # the variant is gone, or its plugin broken
        problem = CheckFinding(path="", code="variant", message=str(error))
        empty: dict[str, Any] = {"notes": [], "payload": None, "transport": [], "estimate": None}
        empty["settings"] = Settings()
        return {"state": "cannot", "problems": [problem], **empty}
    payload = json.loads(msgspec.json.encode(report.payload)) if report.valid else None
    notes = [to_finding(note) for note in report.notes]
    if request != whole:
        notes.append(CheckFinding(path="seed", code="no_seed", message=_NO_SEED))
    if price is not None and report.cost is not None:
        notes.append(CheckFinding(path="", code="price", message=_PRICE_KNOWN))
    return {
        "state": "planned" if report.valid else "cannot",
        "problems": [to_finding(problem) for problem in report.problems],
        "notes": notes,
        "payload": payload,
        "transport": sorted({*report.transport, *_added(declared)}),
        "settings": Settings() if payload is None else settings_of(request, payload, declared),
        "estimate": cost_of(declared, request, report, price),
    }


def _added(declared: Variant) -> set[str]:
    """Return the fields about the delivery that are filled in when a job is submitted."""
    return {field for field in (declared.client_id_field, declared.callback_field) if field}


def cost_of(
    declared: Variant, request: Mapping[str, Any], report: Report, price: str | None
) -> float | None:
    """Return the estimate of a checked request, or what a price makes of it if there is none."""
    if report.cost is not None or price is None or not report.valid:
        return report.cost
    payload = json.loads(msgspec.json.encode(report.payload))
    return estimate(price, _seconds(declared, request, payload))


def _seconds(
    declared: Variant, request: Mapping[str, Any], payload: dict[str, Any]
) -> float | None:
    """Return the requested duration of a video, or the variant's default."""
    seconds = RequestedFields(request, payload).duration
    if seconds is None:
        default = json_schema(declared).get("properties", {}).get("duration", {}).get("default")
        seconds = RequestedFields({"duration": default}, {}).duration
    return seconds


def _row_keys(rows: list[Row]) -> list[bytes]:
    """Return what identifies each row, independent of its place."""
    seen: Counter[bytes] = Counter()
    keys = []
    for row in rows:
        request = msgspec.json.encode(row.request, order="sorted")
        seen[request] += 1
        keys.append(b"%d %s" % (seen[request], request))
    return keys


def _id(row: bytes, variant: str, repeat: int) -> str:
    """Return a cell's id, which does not give its variant away: the video's file is named after it.

    A cell keeps its id when the plan grows.
    """
    return hashlib.sha256(msgspec.json.encode([row, variant, repeat])).hexdigest()[:12]


def to_finding(item: Problem | Note) -> CheckFinding:
    """Return a problem or note in the form in which it is stored."""
    return CheckFinding(
        path=item.path,
        code=item.code,
        message=item.message,
        accepted=list(item.accepted) if isinstance(item, Problem) and item.accepted else None,
        source=str(item.source) if item.source else None,
    )
