"""Asking every variant about every row: what would be sent, what speaks against it, the cost."""

import hashlib
import json
import secrets
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from rushes import (
    AsyncClient,
    Client,
    ConfigurationError,
    Note,
    Problem,
    Variant,
    json_schema,
)
from rushes.urls import has_scheme, is_loopback

from rushes_compare.asking import Asked
from rushes_compare.differences import differences
from rushes_compare.plan import Plan
from rushes_compare.prices import estimated
from rushes_compare.results import Cell, Finding, Results, Row

_PRICE_KNOWN = "A price is known for this; the one given is for where none is."


def checked(client: Client | AsyncClient, plan: Plan) -> Results:
    """Return the comparison as it is before anything is sent; no cell is left out.

    Cells of the same plan have the same ids, so that two runs that begin at once can become one.
    """
    results = Results(
        id=secrets.token_hex(5), created_at=time.time(), rows=[], variants=[], cells=[]
    )
    return grown(client, results, placed(plan))


def grown(client: Client | AsyncClient, results: Results, plan: Plan) -> Results:
    """Return a comparison with a cell for all that is planned, and those that it has as they are.

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
    wanted = msgspec.structs.replace(
        results,
        rows=plan.rows,
        variants=plan.variants,
        repeats=plan.repeats,
        local=sorted({*results.local, *local_providers(client, plan.variants)}),
        prices=plan.prices,
        cells=cells,
    )
    return checked_again(client, wanted)


def checked_again(client: Client | AsyncClient, results: Results) -> Results:
    """Ask again about the cells that have no task: a file may be there now, a plugin installed."""
    found: dict[tuple[int, str], dict[str, Any]] = {}
    cells = []
    for cell in results.cells:
        if cell.state in ("planned", "cannot") and cell.task is None:
            key = cell.row, cell.variant
            if key not in found:
                request, price = results.rows[cell.row].request, results.prices.get(cell.variant)
                found[key] = _found(client, cell.variant, request, price)
            cell = msgspec.structs.replace(cell, **found[key])
        cells.append(cell)
    return told_apart(msgspec.structs.replace(results, cells=cells))


def told_apart(results: Results) -> Results:
    """Say of every cell how its payload differs from that of the variant before it in its row."""
    before: dict[tuple[int, int], Any] = {}
    cells = {}
    order = {name: place for place, name in enumerate(results.variants)}
    for cell in sorted(results.cells, key=lambda cell: order.get(cell.variant, 0)):
        key, sent = (cell.row, cell.repeat), _sent(cell)
        differs = [] if sent is None or key not in before else differences(sent, before[key])
        cells[cell.id] = msgspec.structs.replace(cell, differs=differs)
        if sent is not None:
            before[key] = sent
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


def local_providers(client: Client | AsyncClient, variants: Iterable[str]) -> list[str]:
    """List the providers whose base URL is this machine."""
    found = set()
    for name in variants:
        with suppress(ConfigurationError):
            if is_loopback(client.registry.get(name).variant.base_url):
                found.add(name.partition("/")[0])
    return sorted(found)


def _sent(cell: Cell) -> dict[str, Any] | None:
    """Return a payload without what concerns the delivery alone."""
    if cell.payload is None:
        return None
    return {name: value for name, value in cell.payload.items() if name not in cell.transport}


def _found(
    client: Client | AsyncClient, variant: str, request: dict[str, Any], price: str | None
) -> dict[str, Any]:
    """Return what the check tells of a cell."""
    try:
        report = client.check(variant, request)
        declared = client.registry.get(variant).variant
    except ConfigurationError as error:  # no such variant any more, or a broken plugin
        problem = Finding(path="", code="variant", message=str(error))
        empty: dict[str, Any] = {"notes": [], "payload": None, "transport": [], "estimate": None}
        return {"state": "cannot", "problems": [problem], **empty}
    payload = json.loads(msgspec.json.encode(report.payload)) if report.valid else None
    notes = [finding(note) for note in report.notes]
    cost = report.cost
    if price is not None and cost is not None:
        notes.append(Finding(path="", code="price", message=_PRICE_KNOWN))
    elif price is not None and payload is not None:
        cost = estimated(price, _seconds(declared, request, payload))
    return {
        "state": "planned" if report.valid else "cannot",
        "problems": [finding(problem) for problem in report.problems],
        "notes": notes,
        "payload": payload,
        "transport": sorted({*report.transport, declared.client_id_field or ""} - {""}),
        "estimate": cost,
    }


def _seconds(declared: Variant, request: dict[str, Any], payload: dict[str, Any]) -> float | None:
    """Return how long a video is asked to be, by the variant's default where nothing says so."""
    asked = Asked(request, payload).duration
    if asked is None:
        default = json_schema(declared).get("properties", {}).get("duration", {}).get("default")
        asked = Asked({"duration": default}, {}).duration
    return asked


def _row_keys(rows: list[Row]) -> list[bytes]:
    """Return what tells each row from the others, whatever stands before it and after it."""
    seen: Counter[bytes] = Counter()
    keys = []
    for row in rows:
        request = msgspec.json.encode(row.request, order="sorted")
        seen[request] += 1
        keys.append(b"%d %s" % (seen[request], request))
    return keys


def _id(row: bytes, variant: str, repeat: int) -> str:
    """Name a cell without saying whose it is: its video's file is called so, and may be blind.

    A cell has the same name in a plan that has grown.
    """
    return hashlib.sha256(msgspec.json.encode([row, variant, repeat])).hexdigest()[:12]


def finding(item: Problem | Note) -> Finding:
    """Return a problem or note as it is kept."""
    return Finding(
        path=item.path,
        code=item.code,
        message=item.message,
        accepted=list(item.accepted) if isinstance(item, Problem) and item.accepted else None,
        source=str(item.source) if item.source else None,
    )
