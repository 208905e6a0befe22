"""Following a task: polls on the provider's advice, faults forgiven, a status never going back."""

import msgspec

from rushes import log
from rushes.calls import Answer
from rushes.defaults import retry_after
from rushes.errors import (
    BrokenPluginError,
    ConfigurationError,
    OutcomeUnknownError,
    RefusedError,
    ResultError,
    StillRunningError,
    TaskEndedError,
)
from rushes.flow import Flow, Interrupted, NotSent, steps
from rushes.loading import LoadedVariant
from rushes.session import OnUpdate, Session, excerpt, pausing
from rushes.task import Receipt, Refusal, Status, Task

_RANK = {"queued": 0, "in_progress": 1}
GRACE = 120.0
"""Seconds for which a provider may know nothing yet of a task that it has just created."""
LEAST_PAUSE = 1.0
"""Seconds between two looks, also where a provider says to look again at once."""


def follow(
    session: Session,
    loaded: LoadedVariant,
    task: Task,
    *,
    timeout: float | None,
    on_update: OnUpdate | None,
    at_once: bool = False,
) -> Flow[Task]:
    """Poll until the task has ended; return it completed.

    Raises TaskEndedError where the provider ended it without a video, ResultError where it is
    completed without one, StillRunningError after `timeout` seconds. Each carries the task.
    """
    _receipt(task)
    advice = session.polling or loaded.variant.polling
    end = session.elapsed() + (advice.at_most if timeout is None else timeout)
    pause = 0.0 if at_once else advice.first
    trouble = ""
    missing_since: float | None = None
    while True:
        left = end - session.elapsed()
        if pause >= left and (left <= 0 or not at_once):
            if left > 0:
                yield from pausing(task, left)
            raise still_running(task, trouble)
        if pause:
            yield from pausing(task, pause)
        glance = yield from _glance(session, loaded, task, min(left, session.timeouts.poll))
        if glance.status is not None:
            task = yield from advance(session, task, glance.status, on_update)
            if task.ended:
                return ended(task)
        elif glance.trouble != trouble:
            log.warning("poll not understood", task=task.id, reason=glance.trouble)
        trouble = glance.trouble
        missing_since = (missing_since or session.elapsed()) if glance.missing else None
        if missing_since is not None and session.elapsed() - missing_since > GRACE:
            raise still_running(task, f"the provider knows no such task for {GRACE:g} s now")
        told = glance.retry_after
        pause = max(told, LEAST_PAUSE) if told is not None else session.jitter(advice.every)
        at_once = False


class Glance(msgspec.Struct, frozen=True, kw_only=True):
    """What one poll came to; `missing` says that the provider knows no such task."""

    status: Status | None = None
    trouble: str = ""
    retry_after: float | None = None
    missing: bool = False


def _glance(session: Session, loaded: LoadedVariant, task: Task, total: float) -> Flow[Glance]:
    """Poll once; a fault is forgiven."""
    answer: Answer | None = None
    try:
        answer = yield from look(session, loaded, task, total)
        status = understood(session, loaded, task, answer)
    except (NotSent, Interrupted, NotUnderstood, BrokenPluginError) as failure:
        trouble = session.clean(loaded, str(failure))
        told = retry_after(answer) if answer else None
        missing = answer is not None and answer.status == 404
        return Glance(trouble=trouble, retry_after=told, missing=missing)
    return Glance(status=status, retry_after=retry_after(answer))


def look(session: Session, loaded: LoadedVariant, task: Task, total: float) -> Flow[Answer]:
    """Ask once for a task's status."""
    answer: Answer
    answer, _ = yield from steps(
        loaded.call("poll", receipt=_receipt(task)),
        lambda call: session.send(loaded, call, max(total, 1.0), task=task),
    )
    return answer


class NotUnderstood(Exception):
    """An answer that says nothing about the task."""


def understood(session: Session, loaded: LoadedVariant, task: Task, answer: Answer) -> Status:
    """Read a poll's answer; what says nothing of this task is not understood."""
    if answer.status in (401, 403):
        _, where = session.key(loaded, task)
        raise StillRunningError(
            f"{loaded.variant.provider} refused the key from {where} (HTTP {answer.status}); "
            f"task {task.id} lives, resume it with another key",
            task=task,
        )
    if 300 <= answer.status < 400:
        target = session.clean(loaded, answer.headers.get("location", "nowhere"))
        raise NotUnderstood(
            f"{task.base_url}, where it was sent, redirects to {target} (HTTP {answer.status})"
        )
    status: Status | None = None
    if answer.status < 300:
        status = loaded.call("parse_status", answer=answer)
    if status is None:
        raise NotUnderstood(f"not understood: {excerpt(answer)}")
    if status.remote_id is not None and status.remote_id != task.remote_id:
        raise NotUnderstood(f"the answer is about another task, {status.remote_id!r}")
    if status.reason is not None:
        status = msgspec.structs.replace(status, reason=session.clean(loaded, status.reason))
    return status


def advance(session: Session, task: Task, status: Status, on_update: OnUpdate | None) -> Flow[Task]:
    """Record a status, unless it goes back behind what is known."""
    state, progress = status.state, status.progress
    if task.state == "completed" and task.results and state in ("failed", "cancelled"):
        return task  # a video that was there is not unmade; it may only be gone
    if state in _RANK:
        if task.ended or _RANK[state] < _RANK.get(task.state, 0):
            return task
        if progress is not None and task.progress is not None:
            progress = max(progress, task.progress)
    changed: Task = msgspec.structs.replace(
        task,
        state=state,
        progress=100.0
        if state == "completed"
        else (progress if progress is not None else task.progress),
        results=status.results or task.results,
        cost=status.cost if status.cost is not None else task.cost,
        error=status.reason,
    )
    if changed == task:
        return task
    return (yield from session.record(changed, on_update))


def look_again(
    session: Session,
    loaded: LoadedVariant,
    task: Task,
    on_update: OnUpdate | None,
    total: float | None = None,
) -> Flow[Task]:
    """Ask once what a task is now: the addresses that we have may have expired."""
    if task.receipt is None:
        return task
    try:
        total = session.timeouts.poll if total is None else total
        answer = yield from look(session, loaded, task, total)
        status = understood(session, loaded, task, answer)
    except (NotSent, Interrupted, NotUnderstood, BrokenPluginError) as failure:
        log.warning("no news", task=task.id, reason=session.clean(loaded, str(failure)))
        return task
    return (yield from advance(session, task, status, on_update))


def ended(task: Task) -> Task:
    """Return a completed task; raise what another end, or none, means."""
    if task.state == "completed":
        if not task.results:
            raise ResultError(
                f"task {task.id} is completed, but no address of a video is given", task=task
            )
        return task
    if not task.ended:
        raise still_running(task, "")
    reason = f": {task.error}" if task.error else ""
    if task.state == "refused":
        refusal = Refusal(kind="refused", message=task.error or "refused")
        raise RefusedError(f"task {task.id} was never accepted{reason}", refusal, task=task)
    if task.state == "lost":
        raise ConfigurationError(f"task {task.id} was given up as lost", task=task)
    end = {"failed": "failed", "cancelled": "was cancelled", "expired": "expired"}[task.state]
    provider = task.variant.partition("/")[0]
    raise TaskEndedError(f"task {task.id} {end} at {provider}{reason}", task=task)


def _receipt(task: Task) -> Receipt:
    if task.receipt is None:
        raise OutcomeUnknownError(
            f"task {task.id} has no remote id: nobody knows whether its submit was accepted",
            task=task,
        )
    return task.receipt


def still_running(task: Task, trouble: str = "") -> StillRunningError:
    """Return the error that says a task lives on."""
    known = f"{task.state}, {task.progress:.0f} %" if task.progress is not None else task.state
    last = f"; the last look failed ({trouble})" if trouble else ""
    return StillRunningError(
        f"task {task.id} is still running at the provider ({known}){last}; resume it later",
        task=task,
    )
