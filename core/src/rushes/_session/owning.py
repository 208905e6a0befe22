"""One owner per task: the owner holds a claim in the journal, others watch the task there."""

import os
import secrets
from collections.abc import Callable
from typing import Any

from rushes import _log as log
from rushes._flow import Ask, Chain, Flow, Forked, Pause, Sleep, T, Waiting, joined
from rushes._session.session import OnUpdate, Ownership, Session
from rushes.errors import JournalError, OwnedElsewhereError
from rushes.task import Task

LOOK_AGAIN = 0.5
"""Seconds between two looks at a task that another process works on."""

Work = Callable[[Task], Chain[Task]]


def new_claim() -> str:
    """Return a token that stands for one run of a flow."""
    return secrets.token_hex(16)


def as_owner(
    session: Session,
    task: Task,
    work: Work,
    *,
    enough: Callable[[Task], bool],
    end: float,
    on_update: OnUpdate | None,
    or_as_seen: bool = False,
) -> Flow[Task]:
    """Work on a task as its one owner, or do what `taken` says while another owns it."""
    claim = new_claim()
    given = (session, task, claim, enough, end, on_update)
    task, held = yield from taken(*given, or_as_seen=or_as_seen)
    if not held:
        return task
    return (yield from joined(with_claim(session, task, claim, work(task))))


def taken(
    session: Session,
    task: Task,
    claim: str,
    enough: Callable[[Task], bool],
    end: float,
    on_update: OnUpdate | None,
    *,
    or_as_seen: bool = False,
) -> Flow[tuple[Task, bool]]:
    """Claim a task and return it as recorded now, with True.

    While another process (or another flow of this one) owns it, its changes are reported as they
    are recorded; once they are `enough`, it is returned with False: nothing is left to do here. If
    it is still owned elsewhere at `end` (in the session's `elapsed`), raises OwnedElsewhereError,
    or with `or_as_seen` returns it as it was last seen, with False.
    """
    if session.journal is None:
        return task, True
    while True:
        held = yield from releasing_on_error(session, task.id, claim, _claimed(task, claim))
        if held is not None:
            if enough(held):
                yield from _release(session, task.id, claim)
            return held, not enough(held)
        task = yield from _seen(task, on_update)
        if enough(task):
            return task, False
        if session.time.elapsed() >= end:
            if or_as_seen:
                return task, False
            message = f"another process works on task {task.id} ({task.state}); look again later"
            raise OwnedElsewhereError(message, task=task)
        yield Sleep(min(LOOK_AGAIN, max(end - session.time.elapsed(), 0.0)), task)


def with_claim(
    session: Session,
    task: Task,
    claim: str,
    work: Task | Chain[Task],
    until: Callable[[Task], bool] | None = None,
) -> Chain[Task]:
    """Note that a task is ours; return a flow that works on it, and then releases the claim.

    It is released whatever happens. If the journal can, it releases the claim together with the
    first record for which `until` is true; that record must be the flow's last.
    """
    ours = Ownership(claim, os.getpid(), clean=task, until=until)
    session.owned[task.id] = ours
    return _under_claim(session, ours, work)


class _PausedUnderClaim(Waiting):
    """What is left of the flow of a claimed task during a pause."""

    session: Session
    ours: Ownership
    work: Waiting

    def go_on(self, heard: bool) -> Chain[Task]:
        """Return the flow after the pause, with the claim."""
        return _under_claim(self.session, self.ours, self.work.go_on(heard))

    def give_up(self, error: BaseException) -> Chain[Task]:
        """Return the flow that ends the work, and releases the claim."""
        return _under_claim(self.session, self.ours, self.work.give_up(error))


def _under_claim(session: Session, ours: Ownership, work: Task | Flow[Any] | Pause) -> Chain[Task]:
    """Run a flow with a claim, until it ends or pauses."""
    task_id, claim = ours.clean.id, ours.claim
    try:
        while not isinstance(work, (Task, Pause)):  # like `joined`, whose frame would take memory
            work = yield from work
        if isinstance(work, Pause):
            return Pause(work.sleep, _PausedUnderClaim(session, ours, work.then))
        yield from _release(session, task_id, claim)
    except BaseException as error:
        yield from _release_after(error, session, task_id, claim)
        if isinstance(error, Forked):
            message = f"task {task_id} belongs to the parent of this process: {error}"
            raise OwnedElsewhereError(message, task=ours.clean) from error
        raise
    return work


def releasing_on_error(session: Session, task_id: str, claim: str, flow: Flow[T]) -> Flow[T]:
    """Release a claim if a flow stops early, even while claiming: that may have succeeded."""
    try:
        return (yield from flow)
    except BaseException as error:
        yield from _release_after(error, session, task_id, claim)
        raise


def _release_after(error: BaseException, session: Session, task_id: str, claim: str) -> Flow[None]:
    """Release a claim after an error."""
    if not isinstance(error, GeneratorExit):
        yield from _release(session, task_id, claim)
        return
    # No effect can run any more; the interpreter may be ending.
    if _forget(session, task_id, claim) and session.journal is not None:
        session.journal.abandon(claim)


def _release(session: Session, task_id: str, claim: str) -> Flow[None]:
    if _forget(session, task_id, claim) and session.journal is not None:
        try:
            yield Ask("release", (claim,))
        except JournalError as failure:
            log.warning("a claim was not released", reason=str(failure))


def _forget(session: Session, task_id: str, claim: str) -> bool:
    """Forget that a task is ours; return whether the claim may still have to be released."""
    ownership = session.owned.get(task_id)
    if ownership is None or ownership.claim != claim:
        return True
    del session.owned[task_id]
    return not ownership.released


def _claimed(task: Task, claim: str) -> Flow[Task | None]:
    """Claim a task and return it as recorded now, or None while another owns it.

    A task from elsewhere (another home, a caller's own records) is recorded first.
    """
    try:
        held: Task | None = yield Ask("claim", (task.id, claim))
    except JournalError:
        recorded = yield Ask("find", (task.id,))
        if recorded and recorded[0].id == task.id:
            raise
        added: Task = yield Ask("add", (task, claim))
        if added is task:
            return added
        held = yield Ask("claim", (task.id, claim))
    if held is None:
        return None
    # The given task may be outdated, and no clock can tell; but its receipt may be missing in the
    # journal because that was full.
    lacking = task.receipt and not (held.receipt or held.ended)
    return task if lacking or held == task else held  # two equal ones would take twice the memory


def _seen(task: Task, on_update: OnUpdate | None) -> Flow[Task]:
    """Return a task as another process has recorded it, and report a change."""
    found = yield Ask("find", (task.id,))
    if not found or found[0].id != task.id or found[0] == task:
        return task
    if on_update:
        on_update(found[0])
    return found[0]  # type: ignore[no-any-return]
