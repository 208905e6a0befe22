"""What became of a batch, line by line, as a CSV table."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from rushes import Task
from rushes.files import replacing

from rushes_batch._plan import Planned

COLUMNS = ("line", "id", "task", "variant", "state", "file", "cost_usd", "error")


def table(plan: Sequence[Planned], tasks: Mapping[str, Task], errors: Mapping[str, str]) -> str:
    """Return a row for each line; `errors` has what is not in the journal, by reference.

    A task's further files are further lines in its cell.
    """
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(COLUMNS)
    for each in plan:
        line, task = each.line, tasks.get(each.task)
        start = (line.number, line.id, each.task, line.variant)
        if task is None:
            rows.writerow((*start, "not begun", None, None, errors.get(each.task)))
        else:
            error = task.error or errors.get(each.task)
            rows.writerow((*start, task.state, "\n".join(task.files), task.cost, error))
    return written.getvalue()


def write(path: Path, text: str) -> None:
    """Write a table whole, in place of an earlier one. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8", errors="surrogateescape", newline="")
