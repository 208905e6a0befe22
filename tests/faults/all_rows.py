"""Every row, in the order of the table."""

from faults.case import Row
from faults.file_cases import DOWNLOAD, UPLOAD
from faults.other_rows import (
    ANOTHER_ADDRESS,
    ANOTHER_KEY,
    COMMANDS,
    DISK,
    INSTALLED,
    MEMORY,
    SDK,
    STOPPED,
    UNKNOWN_ELSEWHERE,
)
from faults.several_rows import PROCESS, SEVERAL
from faults.status_cases import STATUS
from faults.submit_cases import SUBMIT

ROWS: tuple[Row, ...] = (
    *SUBMIT,
    SDK,
    UNKNOWN_ELSEWHERE,
    *STATUS,
    ANOTHER_KEY,
    ANOTHER_ADDRESS,
    *DOWNLOAD,
    *UPLOAD,
    *STOPPED,
    *DISK,
    *MEMORY,
    *SEVERAL,
    *PROCESS,
    *INSTALLED,
    *COMMANDS,
)

STEPS = {
    "connect": "No connection is made",
    "submit": "The call that is paid for",
    "status": "The looks at the task",
    "download": "The video",
    "upload": "An image of one's own",
    "stopped": "Somebody stops the client",
    "disk": "One's own disk",
    "memory": "Too much comes",
    "several": "Several processes and accounts",
    "process": "The process itself",
    "installed": "What is installed",
    "command": "The command line",
}
"""The parts of the table, and their headings."""


def rows_of(step: str) -> list[Row]:
    """Return the rows of one part."""
    return [row for row in ROWS if row.step == step]
