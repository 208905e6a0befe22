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
    "submit": "The creating call",
    "status": "The polls",
    "download": "The video",
    "upload": "A local image",
    "stopped": "The client is stopped",
    "disk": "The local disk",
    "memory": "Too much data",
    "several": "Several processes and accounts",
    "process": "The process itself",
    "installed": "Installed plugins",
    "command": "The command line",
}
"""The parts of the table, and their headings."""


def rows_of(step: str) -> list[Row]:
    """Return the rows of one part."""
    return [row for row in ROWS if row.step == step]
