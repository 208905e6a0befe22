"""The results as tables: `results.csv`, and `results.parquet` if duckdb is installed."""

import csv
import io
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rushes_compare import columns
from rushes_compare._files import replacing, write_atomically
from rushes_compare._results.pools import pool_name, pools_of
from rushes_compare.errors import FolderError
from rushes_compare.results import Cell, Measures, Results

_NUMBERS = ("usd_per_second", "time_to_video", *Measures.__struct_fields__)
"""The numbers of `columns.COLUMNS` that are not told otherwise."""

COLUMNS: dict[str, str] = {
    "row": "VARCHAR", "prompt": "VARCHAR", "variant": "VARCHAR", "pool": "VARCHAR",
    "repeat": "INTEGER",
    "attempt": "INTEGER", "state": "VARCHAR", "estimate_usd": "DOUBLE", "billed_usd": "DOUBLE",
    "accepting_s": "DOUBLE", "queued_s": "DOUBLE", "rendering_s": "DOUBLE",
    "waiting_s": "DOUBLE",
    "downloading_s": "DOUBLE", "file": "VARCHAR", "bytes": "BIGINT", "width": "INTEGER",
    "height": "INTEGER", "frame_rate": "DOUBLE", "duration_s": "DOUBLE", "bit_rate": "BIGINT",
    "video_codec": "VARCHAR", "audio_codec": "VARCHAR", "silent": "BOOLEAN",
    "loudness_lufs": "DOUBLE", "cuts": "INTEGER", "first_frame_ssim": "DOUBLE",
    "damage": "VARCHAR", "measuring_notes": "VARCHAR",
    **dict.fromkeys(_NUMBERS, "DOUBLE"),
    "kept": "INTEGER", "broken": "VARCHAR", "error": "VARCHAR", "task": "VARCHAR",
    "remote_id": "VARCHAR", "payload": "VARCHAR",
}  # fmt: skip
"""Every column with its SQL type."""


def write_tables(results: Results, folder: Path) -> list[Path]:
    """Write the tables beside the results, a line for each cell; return their paths.

    Raises FolderError; an older table then stays as it was.
    """
    pools = pools_of(results)
    lines = [_line(cell, results, pool_name(pools[cell.id])) for cell in results.cells]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _plain(value) for name, value in line.items()} for line in lines)
    path = folder / "results.csv"
    write_atomically(path, [text.getvalue().encode("utf-8", "backslashreplace")])
    if find_spec("duckdb") is None:
        return [path]
    return [path, _parquet(lines, folder / "results.parquet")]


def _plain(value: Any) -> Any:
    """Quote text that a spreadsheet would take for a formula (OWASP, CSV injection)."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value


def _line(cell: Cell, results: Results, pool: str) -> dict[str, Any]:
    row = results.rows[cell.row]
    prompt = row.request.get("prompt")
    line: dict[str, Any] = {
        "row": row.name,
        "prompt": prompt if isinstance(prompt, str) else None,
        "variant": cell.variant,
        "pool": pool,
        "repeat": cell.repeat,
        "attempt": cell.attempt,
        "state": cell.state,
        "estimate_usd": cell.estimate,
        "billed_usd": cell.billed,
        "accepting_s": cell.timing.accepting,
        "queued_s": cell.timing.queued,
        "rendering_s": cell.timing.rendering,
        "waiting_s": cell.timing.waiting,
        "downloading_s": cell.timing.downloading,
        "kept": sum(promise.kept is True for promise in cell.promises),
        "broken": ", ".join(p.name for p in cell.promises if p.kept is False),
        "error": cell.failure.message if cell.failure else None,
        "task": cell.task,
        "remote_id": cell.remote_id,
        "payload": json.dumps(cell.payload) if cell.payload is not None else None,
    }
    numbers = {name: columns.COLUMNS[name].number(cell) for name in _NUMBERS}
    return {name: {**line, **_measured(cell), **numbers}.get(name) for name in COLUMNS}


def _measured(cell: Cell) -> dict[str, Any]:
    video = cell.video
    if video is None:
        return {}
    return {
        "file": video.file,
        "bytes": video.bytes,
        "width": video.width,
        "height": video.height,
        "frame_rate": video.frame_rate,
        "duration_s": video.duration,
        "bit_rate": video.bit_rate,
        "video_codec": video.video_codec,
        "audio_codec": video.audio_codec,
        "silent": video.silent,
        "loudness_lufs": video.loudness,
        "cuts": len(video.cuts),
        "first_frame_ssim": video.first_frame,
        "damage": "; ".join(video.damage),
        "measuring_notes": "; ".join(video.notes),
    }


def _parquet(lines: list[dict[str, Any]], path: Path) -> Path:
    import duckdb

    try:
        with replacing(path) as part:
            _write_parquet(lines, part)
    except duckdb.Error as error:
        reason = str(error).partition("\n")[0]
        raise FolderError(f"{path} cannot be written: {reason}") from error
    return path


def _write_parquet(lines: list[dict[str, Any]], path: Path) -> None:
    import duckdb

    columns = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
    marks = ", ".join("?" for _ in COLUMNS)
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE results ({columns})")
        for line in lines:
            connection.execute(f"INSERT INTO results VALUES ({marks})", list(line.values()))  # noqa: S608
        target = str(path).replace("'", "''")
        connection.execute(f"COPY results TO '{target}' (FORMAT parquet)")
