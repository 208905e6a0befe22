"""Whether a task that the provider returns was made for another job, which used our client id.

A provider that replays by key returns whatever it made first under that key, even for other bytes:
the reference may have been used before in another home, whose journal we cannot see.
"""

from rushes._plugins.calling import LoadedVariant
from rushes._plugins.refusals import http_date
from rushes._session.session import Session
from rushes.calls import Answer
from rushes.task import Receipt, Task

WHOLE_SECONDS = 1.0
"""Seconds by which a task may seem older than it is: HTTP dates, and most times in answers, are in
whole seconds."""
CLOCKS_DIFFER = 60.0
"""Seconds by which a provider's clock may differ from ours, if its answers have no Date."""


def another_job_objection(
    session: Session, loaded: LoadedVariant, task: Task, receipt: Receipt, answer: Answer | None
) -> str | None:
    """Say why a receipt must belong to another job, or None if the answer does not show that."""
    shown = None
    if _is_older(session, task, receipt, answer):
        shown = "that it created before this job was sent"
    elif _is_of_another_variant(session, loaded, receipt):
        shown = f"made by {receipt.model!r}, not by {loaded.variant.model!r}"
    if shown is None:
        return None
    return (
        f"the provider returned a task {shown}; its reference was used before, for another video. "
        f"Give another reference, or none: {receipt.remote_id} is not this job's"
    )


def _is_older(session: Session, task: Task, receipt: Receipt, answer: Answer | None) -> bool:
    """Whether a task existed before the job was first sent.

    The task's age is measured by the provider's clock, which the answer's Date shows; the time
    since the job was sent is measured by ours. So the two clocks are not compared, unless the
    answer has no Date.
    """
    if receipt.created_at is None or task.sent_at is None:
        return False
    now = session.time.now()
    date = http_date(answer.headers.get("date", "")) if answer and answer.dated else None
    age = (now if date is None else date) - receipt.created_at
    slack = CLOCKS_DIFFER if date is None else WHOLE_SECONDS
    return age > now - task.sent_at + slack


def _is_of_another_variant(session: Session, loaded: LoadedVariant, receipt: Receipt) -> bool:
    """Whether a task was made by another model that we know.

    A name that we do not know may be the provider's own name for the same model.
    """
    if receipt.model is None or receipt.model == loaded.variant.model:
        return False
    return f"{loaded.variant.provider}/{receipt.model}" in session.registry.ids()
