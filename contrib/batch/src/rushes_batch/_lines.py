"""The lines of a batch's file, as they stand there: JSON Lines, a CSV table, or a plan."""

import csv
import io
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import msgspec
from rushes import Request
from rushes.files import read_whole
from rushes.problems import show
from rushes_cli.strict_json import MalformedJSON, read_json

FIELDS = msgspec.structs.fields(Request)
TEXTS = {
    "id", "variant", "prompt", "negative_prompt", "aspect_ratio", "resolution", "continues",
}  # fmt: skip
"""Columns whose cells are text; every other cell is JSON."""
FRAMES = {"first_frame", "last_frame"}
"""Columns with the address or path of one image."""
COLUMNS = (*dict.fromkeys(("id", "variant", *(field.name for field in FIELDS))), *sorted(FRAMES))
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")


PLANS = (".yaml", ".yml", ".json")
"""What a plan file's name ends with."""
MOST = 1_000_000
MAX_BYTES = 1024 * 1024 * 1024
"""Videos of one batch."""
_NO_PLANS = "a plan file is read by rushes-compare: pip install 'rushes-batch[plans]'"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line that could be read: its number in the file, and what it asks for.

    `variants` are those that may make it, or are to; `takes` is how often each is to. `prices` are
    those given for variants without a known one. `label` is what a plan names it.
    """

    number: int
    id: str | None
    variants: tuple[str, ...]
    request: dict[str, Any]
    takes: int = 1
    prices: dict[str, str] = {}
    label: str | None = None


class Bad(msgspec.Struct, frozen=True, kw_only=True):
    """One line that cannot be made, and why; without a number it is the file."""

    number: int | None
    problems: tuple[str, ...]


def read_lines(
    path: Path, variants: tuple[str, ...], installed: Collection[str] | None = None
) -> Iterator[Line | Bad]:
    """Read a batch's file; `variants` are for the lines that name none. Raises OSError.

    In a plan, `variants` are instead of the ones that it names, and others than `installed` are a
    problem.
    """
    suffix = path.suffix.lower()
    if suffix in PLANS:
        yield from _plan(path, variants, installed)
        return
    with path.open("rb") as file:
        data = read_whole(file, MAX_BYTES)
    for number, row in _table(data) if suffix == ".csv" else _json_lines(data):
        yield _line(number, row, variants) if isinstance(row, dict) else _bad(number, row)


def _plan(
    path: Path, variants: tuple[str, ...], installed: Collection[str] | None
) -> Iterator[Line | Bad]:
    """Read each prompt of a plan as a line."""
    try:
        from rushes_compare.plans import PlanError, read_plan
    except ModuleNotFoundError:
        yield _bad(None, _NO_PLANS)
        return
    try:
        plan = read_plan(path, variants, installed=installed)
    except PlanError as error:
        yield _bad(None, *error.reasons, *error.uninstalled)
        return
    videos = len(plan.rows) * len(plan.variants) * plan.repeats
    if videos > MOST:
        yield _bad(None, f"{path}: asks for {videos:,} videos; a batch may have {MOST:,}")
        return
    for number, row in enumerate(plan.rows, 1):
        yield Line(
            number=number,
            id=None,
            variants=tuple(plan.variants),
            request=row.request,
            takes=plan.repeats,
            prices=plan.prices,
            label=None if row.name == str(number) else row.name,
        )


def _line(number: int, row: dict[str, Any], variants: tuple[str, ...]) -> Line | Bad:
    name, own = row.pop("id", None), row.pop("variant", None)
    problems = []
    if name is not None and not (isinstance(name, str) and ID.fullmatch(name)):
        problems.append(
            "id: must be 1 to 32 English letters, digits, '.', '_' and '-', beginning with a "
            "letter or digit; it becomes part of the file's name"
        )
    if own and not isinstance(own, str):
        problems.append(f"variant: must be text, like toapis/kling-v3, not {show(own)}")
    elif not own and not variants:
        problems.append("variant: missing; name one in the line, or one for all with -m")
    if problems:
        return Bad(number=number, problems=tuple(problems))
    return Line(number=number, id=name, variants=(own,) if own else variants, request=row)


def _bad(number: int | None, *problems: str) -> Bad:
    return Bad(number=number, problems=problems)


def _json_lines(data: bytes) -> Iterator[tuple[int, dict[str, Any] | str]]:
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            row = read_json(line)
        except MalformedJSON as error:
            yield number, re.sub(r",? at line 1,", " at", str(error))
        else:
            yield number, row if isinstance(row, dict) else "is not a JSON object"


def _table(data: bytes) -> Iterator[tuple[int, dict[str, Any] | str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        yield data.count(b"\n", 0, error.start) + 1, "is not UTF-8"
        return
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    begins = 1
    try:
        header = next(rows, [])
        if wrong := _wrong_header(header):
            yield 1, wrong
            return
        begins = rows.line_num + 1
        for cells in rows:
            if cells:
                yield begins, _row(header, cells)
            begins = rows.line_num + 1
    except csv.Error as error:
        yield begins, f"is not valid CSV: {error}"


def _wrong_header(header: list[str]) -> str | None:
    if not header:
        return "is empty; the first line must name the columns"
    strange = sorted(set(header) - set(COLUMNS))
    if strange:
        return f"no such column: {', '.join(map(repr, strange))}; there are {', '.join(COLUMNS)}"
    twice = sorted({name for name in header if header.count(name) > 1})
    return f"a column is there twice: {', '.join(twice)}" if twice else None


def _row(header: list[str], cells: list[str]) -> dict[str, Any] | str:
    """Read one row; an empty cell is an absent field."""
    if len(cells) != len(header):
        return f"has {len(cells)} cells where the first line has {len(header)}"
    row: dict[str, Any] = {}
    frames = []
    for name, cell in zip(header, cells, strict=True):
        if not cell.strip():
            continue
        if name in FRAMES:
            frames.append({"url": cell, "role": name})
        elif name in TEXTS:
            row[name] = cell
        else:
            try:
                row[name] = read_json(cell.encode())
            except (MalformedJSON, UnicodeEncodeError):
                return f"{name}: {cell!r} is not JSON, like 5, true or [\u2026]"
    if frames:
        given = row.get("images", [])
        row["images"] = [*frames, *given] if isinstance(given, list) else given
    return row
