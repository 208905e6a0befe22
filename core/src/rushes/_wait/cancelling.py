"""Cancelling: only what is alive, since the same call erases an ended task at some providers."""

import msgspec

from rushes._flow import Flow, Interrupted, NotSent, steps
from rushes._plugins.calling import LoadedVariant
from rushes._session.session import Session
from rushes._wait.outcomes import without_remote_id
from rushes._wait.polling import NotUnderstood, poll, read_status
from rushes.errors import BrokenPluginError, NotOfferedError, StillRunningError
from rushes.task import Task


def cancel(session: Session, loaded: LoadedVariant, task: Task) -> Flow[None]:
    """Ask the provider to cancel a task, unless it says that the task has ended already.

    Raises NotOfferedError if it cannot, StillRunningError if it did not, or if it is unknown
    whether the task is alive.
    """
    if task.receipt is None:
        raise without_remote_id(task)
    generator = loaded.call("cancel", receipt=task.receipt, task=task)
    if generator is None:
        raise _not_offered(loaded, task, "does not document how to cancel a task")
    generator.close()
    task = yield from _seen(session, loaded, task)
    if task.ended:
        return
    if task.state != "queued" and loaded.variant.cancel and loaded.variant.cancel.while_queued:
        raise _not_offered(loaded, task, "cancels only tasks that have not begun")
    try:
        answer, _, _ = yield from steps(
            loaded.call("cancel", receipt=task.receipt, task=task),
            session.sender(loaded, session.timeouts.poll, task),
        )
    except (NotSent, Interrupted) as failure:
        reason = session.keys.clean(loaded, str(failure))
        message = f"no answer confirmed that task {task.id} is cancelled ({reason}); ask again"
        raise StillRunningError(message, task=task) from failure
    refusal = loaded.call("parse_refusal", answer=answer)
    if answer.status >= 300 or refusal.kind != "unknown":
        words = session.keys.clean(loaded, refusal.message)
        raise StillRunningError(
            f"the provider did not cancel task {task.id} (HTTP {answer.status}: {words}); "
            "it continues",
            task=task,
        )


def _seen(session: Session, loaded: LoadedVariant, task: Task) -> Flow[Task]:
    """Return a task in the state that the provider says it is in now."""
    try:
        answer, call, _ = yield from poll(session, loaded, task, session.timeouts.poll)
        status = read_status(session, loaded, task, answer, call)
    except (NotSent, Interrupted, NotUnderstood, BrokenPluginError) as failure:
        reason = session.keys.clean(loaded, str(failure))
        message = (
            f"task {task.id} is not cancelled: it is unknown whether it is still running "
            f"({reason}), and cancelling may erase one that has ended; ask again later"
        )
        raise StillRunningError(message, task=task) from failure
    return msgspec.structs.replace(task, state=status.state)


def _not_offered(loaded: LoadedVariant, task: Task, why: str) -> NotOfferedError:
    message = f"{loaded.variant.provider} {why}; task {task.id} continues and will be billed"
    return NotOfferedError(message, task=task)
