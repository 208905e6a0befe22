"""How the waiting for a task can end, in words: which error is raised, and what it says."""

from rushes._session.session import Session
from rushes.errors import (
    ConfigurationError,
    NotSentError,
    OutcomeUnknownError,
    RefusedError,
    ResultError,
    StillRunningError,
    TaskEndedError,
)
from rushes.task import Refusal, Task


def require_completed(task: Task) -> Task:
    """Return a completed task; for any other, raise the error for its state."""
    if task.state == "completed":
        if not task.results:
            raise ResultError(
                f"task {task.id} is completed, but has no address of a video", task=task
            )
        return task
    reason = f": {task.error}" if task.error else ""
    if task.state == "refused":
        refusal = Refusal(kind="refused", message=task.error or "refused")
        raise RefusedError(f"task {task.id} was never accepted{reason}", refusal, task=task)
    if task.state == "lost":
        raise ConfigurationError(f"task {task.id} was given up as lost", task=task)
    end = {"failed": "failed", "cancelled": "was cancelled", "expired": "expired"}[task.state]
    where = f" at {task.provider}" if task.receipt else ""
    raise TaskEndedError(f"task {task.id} {end}{where}{reason}", task=task)


def without_remote_id(task: Task) -> OutcomeUnknownError | NotSentError:
    """Return the error that the provider cannot be asked about a task, and what to do first."""
    if task.state == "recorded":
        return NotSentError(f"task {task.id} was never sent; resume it to send it", task=task)
    return OutcomeUnknownError(
        f"it is unknown whether the submit of task {task.id} was accepted "
        f"({task.error or 'no answer is recorded'}): it may be running and billed, but its remote "
        "id is not known. Resume it, which asks the provider if that is possible; or resolve it, "
        "with the id that the provider shows for it, or as lost",
        task=task,
    )


def still_running(session: Session, task: Task, trouble: str = "") -> StillRunningError:
    """Return the error that a task is not finished, with its state and when it was last polled."""
    state = f"{task.state}, {task.progress:.0f} %" if task.progress is not None else task.state
    if task.looked_at is None:
        last_poll = "the provider has not been asked about it yet"
    else:
        last_poll = f"the provider was last asked {_ago(session.time.now() - task.looked_at)}"
    failure = f"; the last poll failed ({trouble})" if trouble else ""
    return StillRunningError(
        f"task {task.id} is not finished ({state}; {last_poll}){failure}; resume it later",
        task=task,
    )


def _ago(seconds: float) -> str:
    if seconds < 1:
        return "just now"
    if seconds < 120:
        return f"{seconds:.0f} s ago"
    return f"{seconds / 60:.0f} min ago" if seconds < 7200 else f"{seconds / 3600:.0f} h ago"
