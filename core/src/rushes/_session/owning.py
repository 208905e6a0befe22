"""One owner per task: whoever works on it holds it in the journal, others watch it there."""

import os
import secrets
from collections.abc import Callable

from rushes import _log as log
from rushes._flow import Ask, Flow, T
from rushes._session.session import Hold, OnUpdate, Session, pausing
from rushes.errors import JournalError, StillRunningError
from rushes.task import Task

LOOK_AGAIN = 0.5
"""Seconds between two looks at a task that another process works on."""

Work = Callable[[Task], Flow[Task]]


def new_claim() -> str:
    """Return a token that stands for one run of a flow."""
    return secrets.token_hex(16)


def owning(
    session: Session,
    task: Task,
    work: Work,
    *,
    enough: Callable[[Task], bool],
    end: float,
    on_update: OnUpdate | None,
    or_as_seen: bool = False,
) -> Flow[Task]:
    """Work on a task as its one owner.

    While another process (or another flow of this one) owns it, its changes are told as they are
    recorded; once they are `enough`, nothing is left to be done here. Raises StillRunningError
    where it is owned elsewhere still at `end`, by the session's `elapsed`, or returns it as it was
    seen last, where that will do.
    """

    def needed(task: Task) -> Flow[Task]:
        return task if enough(task) else (yield from work(task))

    claim = new_claim()
    if session.journal is None:
        return (yield from keeping(session, task, claim, work))
    while True:
        held = yield from letting_go(session, task.id, claim, _claimed(task, claim))
        if held is not None:
            return (yield from keeping(session, held, claim, needed))
        task = yield from _seen(task, on_update)
        if enough(task):
            return task
        if session.time.elapsed() >= end:
            if or_as_seen:
                return task
            message = f"another process works on task {task.id} ({task.state}); look again later"
            raise StillRunningError(message, task=task)
        yield from pausing(task, min(LOOK_AGAIN, max(end - session.time.elapsed(), 0.0)))


def keeping(session: Session, task: Task, claim: str, work: Work) -> Flow[Task]:
    """Work on a task that is claimed, and let go of it at the end, whatever the end is."""

    def whole() -> Flow[Task]:
        session.held[task.id] = Hold(claim, os.getpid())
        done = yield from work(task)
        yield from _let_go(session, task.id, claim)
        return done

    return (yield from letting_go(session, task.id, claim, whole()))


def letting_go(session: Session, task_id: str, claim: str, flow: Flow[T]) -> Flow[T]:
    """Let go of what a claim holds where a flow is stopped; one that takes may have taken."""
    try:
        return (yield from flow)
    except GeneratorExit:  # nobody drives us on, and the interpreter may be ending
        _forget(session, task_id, claim)
        if session.journal is not None:
            session.journal.abandon(claim)
        raise
    except BaseException:
        yield from _let_go(session, task_id, claim)
        raise


def _let_go(session: Session, task_id: str, claim: str) -> Flow[None]:
    _forget(session, task_id, claim)
    if session.journal is not None:
        try:
            yield Ask("release", (claim,))
        except JournalError as failure:
            log.warning("a claim was not released", reason=str(failure))


def _forget(session: Session, task_id: str, claim: str) -> None:
    hold = session.held.get(task_id)
    if hold is not None and hold.claim == claim:
        del session.held[task_id]


def _claimed(task: Task, claim: str) -> Flow[Task | None]:
    """Claim a task and return it as it is now known, or None while another owns it.

    A task that comes from elsewhere (another home, a caller's own records) is written down first.
    """
    recorded = yield Ask("find", (task.id,))
    if not recorded or recorded[0].id != task.id:
        added: Task = yield Ask("add", (task, claim))
        if added is task:
            return added
    held: Task | None = yield Ask("claim", (task.id, claim))
    if held is None:
        return None
    # What is given may be old, and no clock tells; but a receipt may have found no way into a
    # journal that was full.
    return task if task.receipt and not (held.receipt or held.ended) else held


def _seen(task: Task, on_update: OnUpdate | None) -> Flow[Task]:
    """Return a task as another process has recorded it, and tell of what changed."""
    found = yield Ask("find", (task.id,))
    if not found or found[0].id != task.id or found[0] == task:
        return task
    if on_update:
        on_update(found[0])
    return found[0]  # type: ignore[no-any-return]
