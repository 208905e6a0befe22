"""What became of a batch, video by video: a CSV or Parquet table, or JSON Lines."""

import csv
import io
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from rushes import ConfigurationError, Task
from rushes.files import replacing

from rushes_batch._plan import Planned

COLUMNS = {
    "line": "INTEGER", "id": "VARCHAR", "task": "VARCHAR", "variant": "VARCHAR", "take": "INTEGER",
    "state": "VARCHAR", "file": "VARCHAR", "estimate_usd": "DOUBLE", "cost_usd": "DOUBLE",
    "error": "VARCHAR",
}  # fmt: skip
"""Every column with its SQL type."""
FORMATS = (".csv", ".parquet", ".jsonl")
"""What a table's name may end with."""
NOT_BEGUN = "not begun"
"""The state of a line that has no task."""
BEYOND = "beyond the cap"
"""The state of a line that has no task, and that the spending cap does not pay for."""


def row(
    video: Planned, task: Task | None, error: str | None = None, *, beyond: bool = False
) -> dict[str, Any]:
    """Return the row of a video; `error` is an error that is not in the journal.

    `beyond` says that the spending cap does not pay for it. If a task has several files, each is a
    line in the cell.
    """
    return {
        "line": video.line.number,
        "id": video.line.id or video.line.label,
        "task": video.task,
        "variant": video.variant,
        "take": video.take,
        "state": task.state if task else BEYOND if beyond else NOT_BEGUN,
        "file": ("\n".join(task.files) or None) if task else None,
        "estimate_usd": video.estimate,
        "cost_usd": task.cost if task else None,
        "error": (task.error if task else None) or error,
    }


def csv_text(rows: Iterable[dict[str, Any]]) -> str:
    """Return rows as a CSV table."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows({name: _plain(value) for name, value in each.items()} for each in rows)
    return text.getvalue()


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write a table, replacing an earlier one in one step; the file's suffix is its format.

    Raises OSError, and ConfigurationError for Parquet if duckdb is not installed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    suffix = path.suffix.lower()
    with replacing(path) as part:
        if suffix == ".parquet":
            _write_parquet(part, rows)
        else:
            text = json_lines(rows) if suffix == ".jsonl" else csv_text(rows)
            part.write_text(text, encoding="utf-8", errors="surrogateescape", newline="")


def write_all(folder: Path, rows: list[dict[str, Any]]) -> Path:
    """Write `results.csv`, and `results.parquet` if duckdb is installed; return the first."""
    write(folder / "results.csv", rows)
    if find_spec("duckdb"):
        write(folder / "results.parquet", rows)
    return folder / "results.csv"


def json_lines(rows: Iterable[dict[str, Any]]) -> str:
    """Return rows as JSON Lines; bytes of a file's name that are not UTF-8 are escaped."""
    return "".join(f"{msgspec.json.encode(_utf8(each)).decode()}\n" for each in rows)


def _write_parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    """Let duckdb read the rows as JSON Lines: inserting one by one takes minutes."""
    try:
        import duckdb
    except ModuleNotFoundError:
        raise ConfigurationError(
            "a Parquet table is written by duckdb: pip install 'rushes-batch[parquet]', "
            "or give the table a name that ends with .csv or .jsonl"
        ) from None
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in COLUMNS.items())
    source = f"read_json(?, format = 'newline_delimited', columns = {{{columns}}})"
    target = str(path).replace("'", "''")
    # Not beside the table: in the name of a file to be read, brackets and stars are a pattern.
    with TemporaryDirectory(prefix="rushes-") as folder, duckdb.connect() as connection:
        lines = Path(folder, "rows.jsonl")
        lines.write_text(json_lines(rows), encoding="utf-8")
        query = f"COPY (SELECT * FROM {source} ORDER BY line, take) TO '{target}'"  # noqa: S608
        try:
            connection.execute(f"{query} (FORMAT parquet)", [str(lines)])
        except duckdb.Error as error:
            raise OSError(str(error).partition("\n")[0]) from error


def _plain(value: Any) -> Any:
    """Quote text that a spreadsheet would take for a formula (OWASP, CSV injection)."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value


def _utf8(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row whose texts can be encoded: a file's name need not be text."""
    texts = {name: value for name, value in row.items() if isinstance(value, str)}
    return row | {
        name: text.encode("utf-8", "backslashreplace").decode() for name, text in texts.items()
    }
