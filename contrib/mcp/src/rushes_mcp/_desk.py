"""What all tools share for as long as the server runs."""

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any

from rushes import AsyncClient, ConfigurationError, JournalError, Report, Task

from rushes_mcp._answers import Refused
from rushes_mcp._budget import Budget
from rushes_mcp._folder import Folder
from rushes_mcp._jobs import Jobs


class Desk:
    """The client, the user's folder and limits, and the work under way.

    `wait` is for how many seconds a call waits for a video before it returns without one.
    """

    def __init__(self, client: AsyncClient, folder: Folder, budget: Budget, wait: float) -> None:
        self.client, self.folder, self.budget, self.wait = client, folder, budget, wait
        self.jobs = Jobs()
        self.secret = secrets.token_bytes(32)

    async def checked(self, variant: str, request: Mapping[str, Any]) -> Report:
        """Check a request; raises Refused if it names a file outside the folder."""
        report = await asyncio.to_thread(self.client.check, variant, request)
        self.require_own_files(report)
        return report

    def require_own_files(self, report: Report) -> None:
        """Raise Refused if a request names a local file outside the folder, existing or not."""
        if (path := self.folder.stranger(report)) is not None:
            raise Refused(f"{path!r} is not in {self.folder.path}, the only folder to use files of")

    async def find(self, reference: str) -> Task | None:
        """Return the task with exactly this reference."""
        try:
            task = await self.client.task(reference)
        except JournalError:
            raise
        except ConfigurationError:  # there is none, or several begin like this
            return None
        return task if task.id == reference else None

    async def own(self, reference: str) -> Task:
        """Return a task whose video goes into the folder; raises Refused for any other."""
        task = await self.find(reference)
        if task is None or not self.folder.owns(task):
            raise Refused(f"there is no task {reference!r} here; `list_tasks` lists them")
        return task

    async def close(self) -> None:
        """End the work, and close the client."""
        await self.jobs.close()
        await self.client.close()
