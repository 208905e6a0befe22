"""Progress in a notebook: a display that updates itself while videos are made."""

import sys
import threading
from contextlib import suppress
from typing import Any

from rushes._html.cards import Job, line

__all__ = ["Progress"]


class Progress:
    """Shows tasks below a notebook's cell while they are made: a client's `on_update`.

        task = await client.generate(variant, request, on_update=rushes.notebook.Progress())

    One display takes any number of tasks, a line for each; `rushes_compare` takes it as
    `on_change`. Outside IPython nothing is shown.
    """

    def __init__(self) -> None:
        self._lines: dict[str, str] = {}
        self._handle: Any = None
        self._lock = threading.Lock()  # a client may be shared between threads

    def __call__(self, job: Job) -> None:
        """Show what has become of a task; a display that fails does not stop it."""
        shown = line(job)
        with self._lock:
            if self._lines.get(job.id) == shown:
                return
            self._lines[job.id] = shown
            with suppress(Exception):  # nothing that is shown is worth a task that is paid for
                self._update()

    def __repr__(self) -> str:
        return f"<progress of {len(self._lines)} task{'s' * (len(self._lines) != 1)}>"

    def _repr_html_(self) -> str:
        return "".join(self._lines.values())

    def _update(self) -> None:
        """Draw the display for the first time, or again; IPython is loaded where it is running."""
        ipython: Any = sys.modules.get("IPython")
        if ipython is None or ipython.get_ipython() is None:
            return
        if self._handle is None:
            self._handle = ipython.display.display(self, display_id=True)
        else:
            self._handle.update(self)
