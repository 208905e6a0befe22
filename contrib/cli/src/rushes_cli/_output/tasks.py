"""A task as JSON; points in time for programs and for people."""

import time
from typing import TYPE_CHECKING, Any

from rushes_cli._runtime.home import shell_command
from rushes_cli.terminal import strip_passwords

if TYPE_CHECKING:
    from rushes import Task


def task_dict(task: "Task", error: Exception | None = None) -> dict[str, Any]:
    """Return a task as one JSON object."""
    return {
        "task": task.id,
        "variant": task.variant,
        "status": task.state,
        "remote_id": task.remote_id,
        "file": task.file,
        "files": list(task.files),
        "missing": list(task.missing),
        "cost": task.cost,
        "error": strip_passwords(str(error) if error else task.error or "") or None,
        "created_at": format_utc(task.created_at),
        "updated_at": format_utc(task.updated_at),
        "tried": task.tried,
        "progress": task.progress,
        "estimate": task.estimate,
        "resume": shell_command("resume", task.id) if task.unfinished else None,
    }


def missing_task_dict(
    reference: str | None, variant: str | None, error: Exception
) -> dict[str, Any]:
    """Return the JSON object for a task that was never created, or was not found."""
    from rushes import RequestError

    empty: dict[str, Any] = dict.fromkeys(
        ("task", "variant", "status", "remote_id", "file", "cost", "error")
    )
    empty |= {"files": [], "missing": []}
    more = {"problems": error.problems} if isinstance(error, RequestError) else {}
    message = strip_passwords(str(error))
    return {**empty, "task": reference, "variant": variant, "error": message, **more}


def format_utc(seconds: float) -> str:
    """Format a point in time (seconds since 1970) for programs."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def format_local(seconds: float) -> str:
    """Format a point in time (seconds since 1970) for people, in local time."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
