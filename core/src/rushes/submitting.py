"""The submit: a job is recorded before it is sent, and known again when it comes twice."""

from collections.abc import Callable

from rushes.attempt import creating
from rushes.delivering import UNSENT, accepted
from rushes.errors import ConfigurationError, RequestError
from rushes.flow import Do, Flow
from rushes.intent import intend, known, moved, recorded, same_job, usable
from rushes.loading import LoadedVariant
from rushes.owning import keeping, letting_go, new_claim, owning
from rushes.report import Report
from rushes.session import OnUpdate, Session
from rushes.task import Task
from rushes.uploading import uploaded


def submit(
    session: Session,
    loaded: LoadedVariant,
    report: Report,
    *,
    task_id: str | None,
    output: str | None,
    on_update: OnUpdate | None,
    then: Callable[[LoadedVariant, Task], Flow[Task]] | None = None,
) -> Flow[Task]:
    """Pay for one checked request; return its task, accepted by the provider.

    A job that is in the journal already is not paid for again: its task is returned. One that was
    never accepted (recorded, refused) is sent. What comes `then` is done under the same claim.
    """
    if report.problems:
        raise RequestError(report.problems)
    usable(task_id, output or str(session.home))
    session.registry.guard()
    session.key(loaded)
    if not loaded.variant.base_url:
        variant = loaded.variant
        raise ConfigurationError(
            f"{variant.provider} has no base URL of its own; "
            f"set {variant.environment_prefix}_BASE_URL ({variant.page})"
        )

    def work(task: Task) -> Flow[Task]:
        if task is fresh:
            session.tell(task, on_update)
        there, task = _addressed(session, loaded, report, task)
        task = yield from accepted(session, there, task, on_update)
        return (yield from then(there, task)) if then else task

    def enough(seen: Task) -> bool:
        there = seen.receipt is not None or (seen.ended and seen.state != "refused")
        return there and not (then and seen.unfinished)

    fresh = None
    intent = yield from intend(session, loaded, report, task_id, output)
    task = yield from known(session, loaded, intent)
    if task is None:
        report = yield from uploaded(session, loaded, report)
        fresh = recorded(session, loaded, report, intent)
        creating(session, loaded, fresh)  # what is wrong with it is said before it is recorded
        claim = new_claim()
        task = yield from letting_go(session, claim, _added(session, fresh, claim))
        if task is fresh:
            return (yield from keeping(session, fresh, claim, work))
        same_job(task, intent)
    if enough(task):
        return task
    timeout = loaded.variant.polling.at_most
    owned = owning(session, task, work, enough=enough, timeout=timeout, on_update=on_update)
    return (yield from owned)


def _addressed(
    session: Session, loaded: LoadedVariant, report: Report, task: Task
) -> tuple[LoadedVariant, Task]:
    """Keep a task at the base URL that it was sent to; one that was never accepted goes to today's.

    The key that belongs to one address is not for another.
    """
    if task.base_url == loaded.variant.base_url:
        return loaded, task
    if task.state in UNSENT:
        return loaded, moved(loaded, report, task)
    return session.load(task), task


def _added(session: Session, task: Task, claim: str) -> Flow[Task]:
    """Record a new task, unless its name was just taken: then return whose it is."""
    journal = session.journal
    if journal is None:
        return task
    return (yield Do(lambda: journal.add(task, claim)))  # type: ignore[no-any-return]
