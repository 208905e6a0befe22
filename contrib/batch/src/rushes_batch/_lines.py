"""The lines of a batch's file, as they stand there: JSON Lines, or a CSV table."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from rushes import Request
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


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line that could be read: its number in the file, and what it asks for."""

    number: int
    id: str | None
    variant: str
    request: dict[str, Any]


class Bad(msgspec.Struct, frozen=True, kw_only=True):
    """One line that cannot be made, and why."""

    number: int
    problems: tuple[str, ...]


def read_lines(path: Path, variant: str | None) -> Iterator[Line | Bad]:
    """Read a batch's file; `variant` is for the lines that name none. Raises OSError."""
    data = path.read_bytes()
    rows = _table(data) if path.suffix.lower() == ".csv" else _json_lines(data)
    for number, row in rows:
        yield _line(number, row, variant) if isinstance(row, dict) else _bad(number, row)


def _line(number: int, row: dict[str, Any], variant: str | None) -> Line | Bad:
    name, chosen = row.pop("id", None), row.pop("variant", None) or variant
    problems = []
    if name is not None and not (isinstance(name, str) and ID.fullmatch(name)):
        problems.append(
            "id: must be 1 to 32 English letters, digits, '.', '_' and '-', beginning with a "
            "letter or digit; it becomes part of the file's name"
        )
    if not isinstance(chosen, str):
        problems.append("variant: missing; name one in the line, or one for all with -m")
    if problems:
        return Bad(number=number, problems=tuple(problems))
    return Line(number=number, id=name, variant=str(chosen), request=row)


def _bad(number: int, *problems: str) -> Bad:
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
