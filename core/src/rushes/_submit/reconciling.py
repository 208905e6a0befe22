"""Finding out what became of a creating call without an answer, without ever guessing.

First the provider is asked which task has our client id, if it can be asked. If it replays by key,
the recorded bytes are sent again under the same key: a task that was created is returned, not
created again. Otherwise only the caller can find out.
"""

from typing import NamedTuple

from rushes import _log as log
from rushes._flow import Flow, Interrupted, NotSent, Sleep, steps
from rushes._plugins.calling import LoadedVariant, made_anew
from rushes._session.session import OnUpdate, Session, at
from rushes._submit.another_job import another_job_objection
from rushes._submit.attempt import Outcome, attempt, creating, record_accepted
from rushes._submit.ids import id_objection
from rushes.errors import BrokenPluginError, OutcomeUnknownError
from rushes.task import Receipt, Task
from rushes.variant import key_variable

PAUSES = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds before each look-up: a task that was just created may not be found at once."""
REPLAYED_FOR = 24 * 3600.0
"""Seconds after which no provider is trusted to remember a key. No page says how long it does;
among lifetimes documented elsewhere, a day is the shortest (docs/decisions.md)."""

_NONE_YET = "the provider finds no task with its client id yet"
CLOCKS_DIFFER = 300.0
"""Seconds that a call may seem to be in the future; beyond that its age is unknown."""


class _Found(NamedTuple):
    """The receipts that a look-up found, or `words` that say why it found none."""

    receipts: list[Receipt]
    words: str = _NONE_YET


def reconcile(
    session: Session,
    loaded: LoadedVariant,
    task: Task,
    on_update: OnUpdate | None,
    end: float | None = None,
) -> Flow[Task]:
    """Adopt the task that an uncertain submit created, or raise OutcomeUnknownError.

    Ends within the deadline of a submit, and at `end`, but asks at least once. No call is made that
    could create a second task, and none with another key than the first one: another account does
    not know the task.
    """
    session.registry.guard()
    if session.keys.differs(loaded, task):
        raise (yield from _of_another_key(session, loaded, task, on_update))
    latest = session.time.elapsed() + session.timeouts.submit
    end = latest if end is None else min(end, latest)
    trouble = task.error or "no answer arrived"
    for pause in PAUSES:
        left = end - session.time.elapsed() - pause
        if left <= 0:
            if pause:
                break
            left = session.timeouts.poll
        if pause:
            yield Sleep(session.time.jitter(pause))
        found = yield from _look_up(session, loaded, task, left)
        outcome = _adopted(found.receipts) if found else None
        if outcome is None and _replays(session, loaded, task):
            call = creating(session, loaded, task, left)
            task = yield from session.save(task)  # raises if it is not ours any more
            outcome = yield from attempt(session, loaded, task, call, session.dispatch(task))
        elif outcome is None and found is None:
            break
        if outcome is not None and outcome.receipt:
            return (yield from record_accepted(session, task, outcome.receipt, on_update))
        trouble = outcome.words if outcome else found.words if found else trouble
        if outcome and not _passing(loaded, outcome):
            break
    raise (yield from _unknown(session, task, trouble, on_update))


def _unknown(
    session: Session, task: Task, trouble: str, on_update: OnUpdate | None, hint: str = ""
) -> Flow[OutcomeUnknownError]:
    """Record that the outcome is unknown, and return the error that says so."""
    task = yield from session.record(at(task, "unknown", error=trouble), on_update)
    return OutcomeUnknownError(
        f"{task.provider}: it is unknown whether the submit of task {task.id} was accepted "
        f"({trouble}); it is not repeated, so that nothing is paid twice{hint}",
        task=task,
    )


def _of_another_key(
    session: Session, loaded: LoadedVariant, task: Task, on_update: OnUpdate | None
) -> Flow[OutcomeUnknownError]:
    """Return the error: only the key that the task was sent with can look it up."""
    secrets, where = session.keys.find(loaded)
    variables = " and ".join(key_variable(loaded.variant.provider, name) for name in secrets)
    hint = (
        f". It was sent with another key than the one from {where}, and only an account's own key "
        f"finds its tasks: set that key ({variables}), then resume the task"
    )
    trouble = task.error or "no answer arrived"
    return (yield from _unknown(session, task, trouble, on_update, hint))


def _look_up(
    session: Session, loaded: LoadedVariant, task: Task, left: float
) -> Flow[_Found | None]:
    """Ask which tasks have our client id; None if the provider cannot be asked."""
    total = max(min(session.timeouts.poll, left), 1.0)
    try:
        generator = loaded.call("look_up", client_id=task.client_id, task=task)
        if generator is None:
            return None
        found, _, answer = yield from steps(generator, session.sender(loaded, total, task))
        with loaded.blamed("the hook look_up"):
            receipts = made_anew(found or [], list[Receipt])
    except (NotSent, Interrupted, BrokenPluginError) as failure:
        reason = session.keys.clean(loaded, str(failure))
        log.warning("look-up failed", task=task.id, reason=reason)
        return _Found([], f"the look-up failed: {reason}")
    if found is None:
        status = f" (HTTP {answer.status})" if answer else ""
        return _Found([], f"the provider's answer to the look-up{status} is not understood")
    return _Found(
        [
            receipt
            for receipt in receipts
            if not id_objection(receipt.remote_id)
            and not another_job_objection(session, loaded, task, receipt, answer)
        ]
    )


def _adopted(found: list[Receipt]) -> Outcome | None:
    if not found:
        return None
    if len({receipt.remote_id for receipt in found}) > 1:
        names = ", ".join(receipt.remote_id for receipt in found[:5])
        return Outcome(kind="refused", words=f"several tasks have its client id: {names}")
    return Outcome(kind="accepted", receipt=found[0])


def _replays(session: Session, loaded: LoadedVariant, task: Task) -> bool:
    """Whether the recorded bytes may be sent again: the provider must still remember the key."""
    age = session.time.now() - (task.sent_at or task.created_at)
    return loaded.variant.idempotency != "none" and -CLOCKS_DIFFER < age < REPLAYED_FOR


def _passing(loaded: LoadedVariant, outcome: Outcome) -> bool:
    """Whether an attempt that found nothing may succeed later.

    A refusal says nothing about the first call; if a provider rejects a key that it knows, there is
    a task to be found.
    """
    if outcome.kind == "refused" and loaded.variant.idempotency == "reject":
        return outcome.refusal is not None
    return outcome.kind in ("wait", "not_sent", "unknown")
