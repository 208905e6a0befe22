"""The one folder that an agent can use: files that it names are in there, videos go in there."""

import os
from pathlib import Path

from rushes import Report, Task


class Folder:
    """The folder that the user named."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.videos = f"{self.path}{os.sep}"
        """As an `output`: a video in it is named after its task."""

    def holds(self, name: str | None) -> bool:
        """Whether a file is in the folder, whatever links lead to it."""
        if not name:
            return False
        try:
            return Path(name).expanduser().resolve().is_relative_to(self.path)
        except (OSError, RuntimeError, ValueError):  # a loop of links, an unknown user, a NUL
            return False

    def stranger(self, report: Report) -> str | None:
        """Return a local file that a request names and that is not in the folder."""
        local = (one.path for one in report.uploads if not one.is_address)
        return next((path for path in local if not self.holds(path)), None)

    def owns(self, task: Task) -> bool:
        """Whether a task's video goes into the folder: an agent sees no other tasks."""
        return self.holds(task.output)

    def comparison(self, name: str) -> Path:
        """Return the folder of a comparison."""
        return self.path / "comparisons" / name
