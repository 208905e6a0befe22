"""A task for programs and for a person."""

import time
from typing import TYPE_CHECKING, Any

from rushes_cli.place import command_line
from rushes_cli.terminal import without_password

if TYPE_CHECKING:
    from rushes import Task


def task_object(task: "Task", error: Exception | None = None) -> dict[str, Any]:
    """Return a task as one JSON object."""
    return {
        "task": task.id,
        "variant": task.variant,
        "status": task.state,
        "remote_id": task.remote_id,
        "file": task.file,
        "cost": task.cost,
        "error": without_password(str(error) if error else task.error or "") or None,
        "created_at": utc(task.created_at),
        "updated_at": utc(task.updated_at),
        "progress": task.progress,
        "estimate": task.estimate,
        "resume": command_line("resume", task.id) if task.unfinished else None,
    }


def no_task(reference: str | None, variant: str | None, error: Exception) -> dict[str, Any]:
    """Return what stands for a task where none came to be, or none was found."""
    found: dict[str, Any] = dict.fromkeys(
        ("task", "variant", "status", "remote_id", "file", "cost", "error")
    )
    problems = getattr(error, "problems", None)
    more = {"problems": problems} if problems is not None else {}
    words = without_password(str(error))
    return {**found, "task": reference, "variant": variant, "error": words, **more}


def utc(seconds: float) -> str:
    """Write a time for programs."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def local(seconds: float) -> str:
    """Write a time for a person, on the clock on the wall."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
