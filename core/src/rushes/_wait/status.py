"""What a status changes in a task: a state never goes back, and a finished video stays finished."""

import msgspec

from rushes._flow import Flow
from rushes._session.session import OnUpdate, Session
from rushes.task import Status, Task

_RANK = {"queued": 0, "in_progress": 1}


def record_status(
    session: Session, task: Task, status: Status, on_update: OnUpdate | None
) -> Flow[Task]:
    """Record a status, unless it is older than what is known; report a new state."""
    changed = _with_status(task, status)
    if changed == task:
        return task
    old = changed.ended and changed.state == task.state  # for example fresh links to a video
    return (yield from session.record(changed, None if old else on_update))


def _with_status(task: Task, status: Status) -> Task:
    """Return a task after one more status."""
    state, progress = status.state, status.progress
    if task.state == "completed" and task.results and state in ("failed", "cancelled"):
        # A finished video stays finished; at most it is no longer available, and then this is the
        # explanation.
        reason = f": {status.reason}" if status.reason else ""
        return msgspec.structs.replace(task, error=f"the provider now calls it {state}{reason}")
    if state in _RANK:
        if task.ended or _RANK[state] < _RANK.get(task.state, 0):
            return task
        if progress is not None and task.progress is not None:
            progress = max(progress, task.progress)
    if state == "completed":
        progress = 100.0
    return msgspec.structs.replace(
        task,
        state=state,
        progress=progress if progress is not None else task.progress,
        results=status.results or task.results,
        cost=status.cost if status.cost is not None else task.cost,
        error=status.reason,
    )
