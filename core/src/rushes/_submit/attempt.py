"""One attempt of the creating call, and its outcome."""

from typing import Literal

import msgspec

from rushes._flow import Dispatch, Flow, Interrupted, NotSent, Send
from rushes._plugins.calling import LoadedVariant
from rushes._session.session import OnUpdate, Session, at, excerpt
from rushes._submit.another_job import another_job_objection
from rushes._submit.ids import id_objection
from rushes._submit.task_traces import trace_of_task
from rushes._wait.status import record_status
from rushes.calls import Answer
from rushes.errors import BrokenPluginError, JournalError
from rushes.task import Receipt, Refusal, Status, Task


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one attempt came to; `words` are the reason, without the key.

    `refusal` is in the provider's words; `unknown` says that the task may exist.
    """

    kind: Literal["accepted", "refused", "wait", "redirected", "not_sent", "unknown"]
    words: str = ""
    receipt: Receipt | None = None
    refusal: Refusal | None = None


def attempt(
    session: Session,
    loaded: LoadedVariant,
    task: Task,
    call: Send,
    dispatch: Dispatch,
    patience: float | None = None,
) -> Flow[Outcome]:
    """Make a task's creating call once; it waits for a connection for up to `patience` seconds."""
    try:
        answer = yield msgspec.structs.replace(call, dispatch=dispatch, patience=patience)
    except NotSent as failure:
        return Outcome(kind="not_sent", words=session.keys.clean(loaded, str(failure)))
    except Interrupted as failure:
        return Outcome(kind="unknown", words=session.keys.clean(loaded, str(failure)))
    return read(session, loaded, task, answer)


def creating(
    session: Session, loaded: LoadedVariant, task: Task, total: float | None = None
) -> Send:
    """Describe the creating call, as recorded, with today's key; `attempt` makes it."""
    if task.call is None:
        raise JournalError(f"task {task.id} has no recorded call", task=task)
    total = session.timeouts.submit if total is None else total
    return session.send(loaded, task.call, total, task=task)


def read(session: Session, loaded: LoadedVariant, task: Task, answer: Answer) -> Outcome:
    """Return the outcome that the answer to a creating call means.

    An answer that names the task is a receipt, whatever its HTTP status.
    """
    verdict = read_verdict(loaded, task, answer)
    if isinstance(verdict, Receipt):
        return _received(session, loaded, task, verdict, answer)
    refusal = session.keys.clean_refusal(loaded, verdict)
    if refusal.kind != "unknown" or 300 <= answer.status < 400:
        trace = trace_of_task(answer) if loaded.variant.idempotency == "none" else None
        if trace is not None:
            trace = session.keys.clean(loaded, trace)
            words = f"HTTP {answer.status}: {refusal.message}; {trace}"
            return Outcome(kind="unknown", words=words, refusal=refusal)
    if 300 <= answer.status < 400:
        target = session.keys.clean(loaded, answer.headers.get("location", "nowhere"))
        words = f"the base URL {task.base_url} redirects to {target[:200]}; configure the right one"
        return Outcome(kind="redirected", words=words)
    if refusal.kind in ("wait", "unknown"):
        words = refusal.message + _conflict(loaded, task, answer)
        return Outcome(kind=refusal.kind, words=words, refusal=refusal)
    words = f"HTTP {answer.status}: {refusal.message}"
    return Outcome(kind="refused", words=words, refusal=refusal)


def _received(
    session: Session, loaded: LoadedVariant, task: Task, receipt: Receipt, answer: Answer
) -> Outcome:
    """Return the outcome of an answer that names a task: accepted, unless it is another job's."""
    objection = another_job_objection(session, loaded, task, receipt, answer)
    if objection is None:
        return Outcome(kind="accepted", receipt=receipt)
    refusal = Refusal(kind="refused", message=objection)
    return Outcome(kind="refused", words=objection, refusal=refusal)


def _conflict(loaded: LoadedVariant, task: Task, answer: Answer) -> str:
    """Say what a 409 may mean if the call had an idempotency key."""
    if answer.status != 409 or loaded.variant.idempotency == "none":
        return ""
    return (
        f"; the key {task.client_id!r} may have been used before, for another job: then nothing "
        "was bought for this one, and the task that has the key is not this one's, so do not "
        "resolve this one with its id"
    )


def queued(task: Task, receipt: Receipt | None) -> Task:
    """Return a task that the provider has accepted."""
    bare = msgspec.structs.replace(receipt, status=None) if receipt else None
    return at(task, "queued", receipt=bare)


def record_accepted(
    session: Session, task: Task, receipt: Receipt | None, on_update: OnUpdate | None
) -> Flow[Task]:
    """Record that the provider has accepted a task, and the status that came with the receipt."""
    status = _told(receipt)
    task = yield from session.record(queued(task, receipt), on_update, more=status is not None)
    return task if status is None else (yield from record_status(session, task, status, on_update))


def _told(receipt: Receipt | None) -> Status | None:
    """Return the status that came with a receipt, if it can be used."""
    status = receipt.status if receipt else None
    if status is None or (status.state == "completed" and not status.results):
        return None
    if any(result.url is None and result.call is None for result in status.results):
        return None  # it is in the answer to a poll, which is still to be made
    return status


def read_verdict(loaded: LoadedVariant, task: Task, answer: Answer) -> Receipt | Refusal:
    """Read the answer to a creating call: a receipt, or what the answer means instead.

    If the plugin fails, the outcome is unknown: the call was made.
    """
    trouble = ""
    try:
        verdict = loaded.call("parse_submit", answer=answer, task=task)
        if verdict is None and answer.status >= 400:
            verdict = loaded.call("parse_refusal", answer=answer)
        if isinstance(verdict, Receipt) and (wrong := id_objection(verdict.remote_id)):
            trouble = f"its id {wrong}; "
        elif isinstance(verdict, (Receipt, Refusal)):
            return verdict
    except BrokenPluginError as error:
        trouble = f"{error}; "
    return Refusal(kind="unknown", message=f"{trouble}{excerpt(answer)}")
