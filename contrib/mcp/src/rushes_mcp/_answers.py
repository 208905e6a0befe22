"""What an agent is told: JSON without keys, signed links and other people's tasks.

What providers and plugins say may be hostile, too: it stays a value, cut to a length, and is never
an instruction of ours.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from mcp.types import CallToolResult, TextContent
from rushes import Problem, Report, RequestError, RushesError, Task
from rushes.urls import without_secrets

_ADDRESS = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE)
_LONGEST = 600
_NEXT = {
    "recorded": "It was never sent, and nothing was bought. Call `generate` again to buy it.",
    "refused": "Nothing was bought.",
    "unknown": (
        "It may have been bought. Do not repeat it under another name: tell the user, who can "
        "find out with `rushes resume` and `rushes resolve`."
    ),
    "completed": "The video is at `file`.",
}


class Refused(Exception):
    """A call is not carried out; `data` says why, in JSON."""

    def __init__(self, why: str, **data: Any) -> None:
        super().__init__(why)
        self.data = {"error": plain(why), **data}


def plain(text: str, limit: int = _LONGEST) -> str:
    """Return a text of others on one line, printable, without what makes a link a secret."""
    text = _ADDRESS.sub(lambda found: without_secrets(found[0]), " ".join(text.split()))
    shown = "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text
    )
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"


def answer(data: Mapping[str, Any], *, failed: bool = False) -> CallToolResult:
    """Return data as the result of a tool, as JSON text and as structured content."""
    built = msgspec.to_builtins(dict(data))
    text = msgspec.json.encode(built).decode()
    return CallToolResult(
        content=[TextContent(type="text", text=text)], structured_content=built, is_error=failed
    )


def failure_data(error: RushesError) -> dict[str, Any]:
    """Return an error as JSON: its problems if there are any, its task if it has one."""
    data: dict[str, Any] = {"error": plain(str(error)), "kind": type(error).__name__}
    if isinstance(error, RequestError):
        data |= {"error": "the request has problems; nothing was sent"}
        data |= {"problems": [problem_data(problem) for problem in error.problems]}
    return {**(task_data(error.task) if error.task else {}), **data}


def problem_data(problem: Problem) -> dict[str, Any]:
    """Return a problem, with the page that it comes from as text."""
    data: dict[str, Any] = msgspec.to_builtins(problem)
    source = {"source": str(problem.source)} if problem.source else {}
    return {**data, "message": plain(problem.message), **source}


def report_data(report: Report) -> dict[str, Any]:
    """Return a report: what is wrong, what will differ, what would be sent, what it would cost."""
    return {
        "variant": report.variant,
        "valid": report.valid,
        "problems": [problem_data(problem) for problem in report.problems],
        "notes": notes_data(report),
        "estimated_usd": report.cost,
        "payload": report.payload,
    }


def notes_data(report: Report) -> list[dict[str, str]]:
    """Return what will differ from the request, with the field that each note is about."""
    return [{"path": note.path, "message": plain(note.message)} for note in report.notes]


def task_data(task: Task) -> dict[str, Any]:
    """Return a task: its state, its cost, its files, and what to do next."""
    return {
        "task": task.id,
        "variant": task.variant,
        "status": task.state,
        "progress": task.progress,
        "estimated_usd": task.estimate,
        "billed_usd": task.cost,
        "remote_id": task.remote_id,
        "file": task.file,
        "files": task.files,
        "reason": plain(task.error) if task.error else None,
        "next": _next(task),
    }


def _next(task: Task) -> str:
    if task.receipt and task.unfinished:
        return f"It goes on. Call `resume_task` with the task {task.id} to wait for its video."
    return _NEXT.get(task.state, "It is over; there is no video.")
