"""The submit: a job is recorded before it is sent, and recognised when it is submitted twice."""

from collections.abc import Callable

import msgspec

from rushes._flow import Ask, Flow
from rushes._plugins.calling import LoadedVariant
from rushes._session.owning import (
    Work,
    as_owner,
    new_claim,
    releasing_on_error,
    taken,
    with_claim,
)
from rushes._session.session import OnUpdate, Session
from rushes._submit.attempt import creating
from rushes._submit.intent import (
    Intent,
    Overtaken,
    Turn,
    at_todays_address,
    find_task,
    make_intent,
    recorded,
    require_callable,
    require_same_job,
    require_usable,
)
from rushes._submit.sending import UNSENT, ensure_accepted
from rushes._submit.uploading import upload_files
from rushes.errors import ConfigurationError, RequestError
from rushes.report import Report
from rushes.task import Task


def submit(
    session: Session,
    loaded: LoadedVariant,
    report: Report,
    *,
    task_id: str | None,
    output: str | None,
    overwrite: bool,
    on_update: OnUpdate | None,
    end: float | None = None,
    then: Callable[[LoadedVariant, Task], Flow[Task]] | None = None,
    turn: Turn | None = None,
    watch: bool = True,
) -> Flow[Task]:
    """Pay for one checked request; return its task, accepted by the provider.

    A job that is already in the journal is not paid for again: its task is returned. One that was
    never accepted (recorded, refused) is sent. A request without a reference takes up an equal job
    that was left unsent. `then` runs under the same claim. `turn` is the job's turn, if several
    variants were given in order. Uploads, other owners and a provider
    that says to retry later are waited for until `end` at most; if that is now, uploads have their
    own deadlines. Without `watch`, other owners are not waited for.
    """
    upload_end = end if end is None or end > session.time.elapsed() else None
    _require_ready(session, loaded, report, task_id, output)

    def work(task: Task) -> Flow[Task]:
        if task is fresh:
            session.notify(task, on_update)
        there, task = _at_todays_address(session, loaded, report, task)
        if task.state in UNSENT and intent.output:
            place = {"output": intent.output, "overwrite": intent.overwrite}
            task = msgspec.structs.replace(task, **place)
        task = yield from ensure_accepted(session, there, task, on_update, end)
        return (yield from then(there, task)) if then else task

    def sent(task: Task) -> bool:
        return task.receipt is not None

    def enough(seen: Task) -> bool:
        over = seen.ended and (seen.state != "refused" or not intent.sends_again)
        there = seen.receipt is not None or over
        return there and not (then and seen.unfinished)

    fresh, claim, until = None, new_claim(), None if then else sent
    intent = yield from make_intent(session, loaded, report, task_id, output, overwrite, turn)
    task = yield from find_task(session, loaded, intent)
    takes_up = task is None and task_id is None
    at_once = takes_up and not report.uploads and hasattr(session.journal, "take_up_or_add")
    if takes_up and not at_once:
        left = _take_up_unsent(session, report, intent, claim)
        task = yield from releasing_on_error(session, intent.task_id, claim, left)
        if task is not None:
            return (yield from with_claim(session, task, claim, work(task), until))
    if task is None:
        fresh = yield from _make_task(session, loaded, report, intent, upload_end)
        added = _add(session, fresh, claim, or_take_up=at_once)
        task, held = yield from releasing_on_error(session, intent.task_id, claim, added)
        if held:
            return (yield from with_claim(session, task, claim, work(task), until))
        require_same_job(task, intent)
    now = session.time.elapsed()
    end = (now + loaded.variant.polling.at_most if end is None else end) if watch else now
    flow = _joined(session, intent, task, claim, work, enough, end, on_update, until)
    return (yield from flow)


def _joined(
    session: Session,
    intent: Intent,
    task: Task,
    claim: str,
    work: Work,
    enough: Callable[[Task], bool],
    end: float,
    on_update: OnUpdate | None,
    until: Callable[[Task], bool] | None,
) -> Flow[Task]:
    """Return the task of a job that is already recorded, or work on it; watch it until `end`.

    Raises Overtaken if only its owner may have it, and that is somebody else.
    """
    if intent.turn and intent.turn.own and task.id == intent.task_id:
        given = (session, task, claim, enough, session.time.elapsed(), None)
        task, held = yield from taken(*given, or_as_seen=True)
        if not held:
            raise Overtaken
        return (yield from with_claim(session, task, claim, work(task), until))
    if enough(task):
        return task
    flow = as_owner(session, task, work, enough=enough, end=end, on_update=on_update, until=until)
    return (yield from flow)


def _require_ready(
    session: Session,
    loaded: LoadedVariant,
    report: Report,
    task_id: str | None,
    output: str | None,
) -> None:
    """Raise an error if a request cannot be sent, before anything is done for it."""
    if report.problems:
        raise RequestError(report.problems)
    require_usable(task_id, output or str(session.home))
    require_sendable(session, loaded)


def require_sendable(session: Session, loaded: LoadedVariant) -> None:
    """Raise an error if no request to a variant can be sent: a wrapper, a key, an address."""
    session.registry.guard()
    session.keys.find(loaded)
    variant = loaded.variant
    if not variant.base_url:
        raise ConfigurationError(
            f"{variant.provider} has no default base URL; "
            f"set {variant.environment_prefix}_BASE_URL ({variant.page})"
        )
    require_callable(session, variant)


def _make_task(
    session: Session, loaded: LoadedVariant, report: Report, intent: Intent, end: float | None
) -> Flow[Task]:
    """Upload what a job needs until `end`, and make its record."""
    report = yield from upload_files(session, loaded, report, end)
    task = recorded(session, loaded, report, intent)
    # Errors in the call are raised before it is recorded.
    creating(session, loaded, task)
    return task


def _at_todays_address(
    session: Session, loaded: LoadedVariant, report: Report, task: Task
) -> tuple[LoadedVariant, Task]:
    """Keep a task at the base URL it was sent to; move one that was never accepted to today's.

    A key that belongs to one address must not be sent to another.
    """
    if task.base_url == loaded.variant.base_url:
        return loaded, task
    if task.state in UNSENT:
        return loaded, at_todays_address(session, loaded, report, task)
    return session.load(task), task


def _add(session: Session, task: Task, claim: str, *, or_take_up: bool) -> Flow[tuple[Task, bool]]:
    """Record a new task; return the one that is there now, and whether it is ours to work on.

    If its name was just taken, that is the task that has it; with `or_take_up`, it may be an equal
    one that was never sent and has no owner.
    """
    if session.journal is None:
        return task, True
    if or_take_up:
        return (yield Ask("take_up_or_add", (task, claim)))  # type: ignore[no-any-return]
    added: Task = yield Ask("add", (task, claim))
    return added, added is task


def _take_up_unsent(
    session: Session, report: Report, intent: Intent, claim: str
) -> Flow[Task | None]:
    """Claim an equal job that was never sent and has no owner."""
    if session.journal is None:
        return None
    found: Task | None = yield Ask("take_up", (report.variant, intent.fingerprint, claim))
    return found
