"""Sending a recorded job: its call is sent once, and an unknown outcome is never guessed."""

import datetime
import math
import os

import msgspec

from rushes._fetch.target import may_replace, writable
from rushes._flow import Dispatch, Do, Flow, Send, Sleep
from rushes._plugins.calling import LoadedVariant
from rushes._session.session import OnUpdate, Session, at
from rushes._submit.attempt import Outcome, attempt, creating, queued, read, record_accepted
from rushes._submit.reconciling import reconcile
from rushes.errors import (
    ConfigurationError,
    DiskError,
    NotSentError,
    RefusedError,
    RequestError,
    RushesError,
)
from rushes.problems import Problem
from rushes.task import Refusal, State, Task

UNSENT = ("recorded", "refused")
"""States of a job that the provider has not accepted: submitted again, it is sent."""
RETRIES = (0.5, 2.0)
"""Seconds before each further attempt of a call that was provably never sent."""
PATIENCE = 120.0
"""Seconds to wait at most because a provider says to retry later."""
MIN_PAUSE = 1.0
"""Seconds between two attempts, even if a provider says to retry at once."""
STILL_ROOM = 1.0
"""Seconds for which our own folder, once it was found writable, is believed to be."""
USUAL_PAUSE = 5.0
"""Seconds between two attempts if a provider does not say when to retry."""


def ensure_accepted(
    session: Session,
    loaded: LoadedVariant,
    task: Task,
    on_update: OnUpdate | None,
    end: float | None = None,
) -> Flow[Task]:
    """Get a task accepted by the provider: send it, or find out what became of its submit.

    A connection, and a provider that says to retry later, are waited for until `end` at the latest.
    The creating call itself, once it has a connection, is never cut short: an answer that nobody
    reads could be a task that nobody knows.
    """
    if task.state in UNSENT:
        return (yield from send_recorded(session, loaded, task, on_update, end))
    if task.state in ("sending", "unknown"):
        return (yield from reconcile(session, loaded, task, on_update, end))
    return task


def send_recorded(
    session: Session,
    loaded: LoadedVariant,
    task: Task,
    on_update: OnUpdate | None,
    end: float | None = None,
) -> Flow[Task]:
    """Send a recorded task's call, as recorded, exactly once; return the accepted task.

    Raises NotSentError, RefusedError, RequestError (a wrapper refuses), ConfigurationError or
    DiskError if nothing was bought, OutcomeUnknownError if that is unknown.
    """
    session.registry.guard()
    yield from _room(session, task)
    waited, tries, begun = 0.0, 0, session.time.now()
    while True:
        # Errors in the call are raised before the record says `sending`.
        call = creating(session, loaded, task)
        sending = _sending(session, loaded, task)
        if loaded.approves:
            call = yield from _approve(session, loaded, task, on_update)
        task = sending
        with session.step("submit", loaded.variant, task) as step:
            outcome = yield from _once(session, loaded, task, call, begun, on_update, end)
            step.outcome = _known(task, outcome)
            if outcome.kind == "accepted":
                given = (session, task, outcome.receipt, on_update)
                step.outcome = task = yield from record_accepted(*given)
                return task
        if outcome.kind == "unknown":
            task = yield from session.record(_known(task, outcome), on_update)
            return (yield from reconcile(session, loaded, task, on_update, end))
        pause = _pause(outcome, tries)
        tries += outcome.kind == "not_sent"
        waited += pause or 0.0
        if pause is None or waited > PATIENCE or _past(session, pause, end):
            raise (yield from _refused(session, loaded, task, outcome, on_update))
        words = f"trying again in {pause:g} s: {outcome.words}"
        task = yield from session.record(at(task, "recorded", error=words), on_update)
        yield Sleep(session.time.jitter(pause))


def _room(session: Session, task: Task) -> Flow[None]:
    """Raise DiskError, before anything is paid, if the video could not be written."""
    target = session.target(task)
    # Then only our own folder matters, and many jobs may begin at once.
    usual = task.output is None and not os.path.lexists(target)
    if usual and session.time.elapsed() - session.had_room_at < STILL_ROOM:
        return

    def test() -> None:
        writable(session, target, overwrite=overwrite)
        if usual:
            session.had_room_at = session.time.elapsed()

    try:
        overwrite = may_replace(task, None, None)
        yield Do(test, shared=str(target.parent) if usual else None)
    except DiskError as failure:
        raise DiskError(f"{failure}; nothing was sent, the task is kept", task=task) from failure


def _approve(
    session: Session, loaded: LoadedVariant, task: Task, on_update: OnUpdate | None
) -> Flow[Send]:
    """Ask the wrappers whether a job may be sent; raise RequestError if one refuses.

    Returns the creating call, made anew: asking took time, which a signature may state. Whatever
    ends it is recorded: wrappers learn from that, as observers, that nothing was bought.
    """
    try:
        now = session.time.now()
        problems: tuple[Problem, ...] = yield Do(lambda: loaded.objections(task, now))
        if not problems:
            return creating(session, loaded, task)
    except GeneratorExit:
        raise  # no effect can run any more
    except BaseException as failure:  # a broken wrapper, Ctrl-C, a cancellation
        if isinstance(failure, RushesError):
            failure.task = task
        yield from session.record(at(task, "recorded", error=str(failure) or None), None)
        raise
    reason = "; ".join(problem.message for problem in problems)
    task = yield from session.record(at(task, "refused", error=reason), on_update)
    raise RequestError(problems, task=task)


def _sending(session: Session, loaded: LoadedVariant, task: Task) -> Task:
    """Return a task in the state `sending`, with the time and the key's fingerprint."""
    fingerprint = session.keys.fingerprint(loaded, task)
    return at(task, "sending", sent_at=session.time.now(), key_fingerprint=fingerprint)


def _once(
    session: Session,
    loaded: LoadedVariant,
    task: Task,
    call: Send,
    begun: float,
    on_update: OnUpdate | None,
    end: float | None,
) -> Flow[Outcome]:
    """Make one attempt; record it before and, if it is interrupted, afterwards.

    `begun` is when the first attempt was made, in seconds since 1970: a task created since then is
    this job's, even if the provider only said to retry later.
    """
    dispatch = session.dispatch(task)
    try:
        task = yield from session.record(task, on_update)
        left = None if end is None else end - session.time.elapsed()
        # Even with no time left it may wait as long as for connecting: it is what was asked for.
        patience = None if left is None else max(left, session.timeouts.connect)
        since_begun = msgspec.structs.replace(task, sent_at=begun)
        return (yield from attempt(session, loaded, since_begun, call, dispatch, patience))
    except GeneratorExit:
        raise  # no effect can run any more
    except BaseException as failure:  # Ctrl-C, a cancellation, a callback that raised
        if not dispatch.left:
            yield from session.record(at(task, "recorded"), None)
            raise
        since_begun = msgspec.structs.replace(task, sent_at=begun)
        outcome = _interrupted(session, loaded, since_begun, dispatch, failure)
        yield from session.record(_known(task, outcome), on_update)
        raise


def _interrupted(
    session: Session,
    loaded: LoadedVariant,
    task: Task,
    dispatch: Dispatch,
    failure: BaseException,
) -> Outcome:
    """Return the outcome of a call that was interrupted after it was sent."""
    if dispatch.answer is not None:
        return read(session, loaded, task, dispatch.answer)
    return Outcome(
        kind="unknown", words=session.keys.clean(loaded, str(failure) or type(failure).__name__)
    )


def _known(task: Task, outcome: Outcome) -> Task:
    """Return a task after an outcome."""
    if outcome.kind == "accepted":
        return queued(task, outcome.receipt)
    state: State = "refused"
    if outcome.kind in ("unknown", "wait", "not_sent"):
        state = "unknown" if outcome.kind == "unknown" else "recorded"
    return at(task, state, error=outcome.words)


def _past(session: Session, pause: float, end: float | None) -> bool:
    return end is not None and session.time.elapsed() + pause > end


def _pause(outcome: Outcome, tries: int) -> float | None:
    """Return the seconds before the next attempt, or None if there is to be none."""
    if outcome.kind == "not_sent":
        return RETRIES[tries] if tries < len(RETRIES) else None
    if outcome.kind == "wait" and outcome.refusal:
        advised = outcome.refusal.retry_after
        return max(USUAL_PAUSE if advised is None else advised, MIN_PAUSE)
    return None


def _refused(
    session: Session,
    loaded: LoadedVariant,
    task: Task,
    outcome: Outcome,
    on_update: OnUpdate | None,
) -> Flow[Exception]:
    """Record that nothing was bought, and return the error that says why."""
    provider = loaded.variant.provider
    reason = outcome.words
    if outcome.kind == "not_sent":
        reason = f"never sent, nothing was bought: {task.base_url} cannot be reached ({reason})"
    task = yield from session.record(at(task, "refused", error=reason), on_update)
    if outcome.kind == "not_sent":
        return NotSentError(f"{provider}: {reason}", task=task)
    refusal = outcome.refusal
    if refusal is None:
        return ConfigurationError(f"{provider}: {reason}", task=task)
    message = f"{provider} refused the request ({reason}){_hint(session, loaded, refusal)}"
    return RefusedError(message, refusal, task=task)


def _hint(session: Session, loaded: LoadedVariant, refusal: Refusal) -> str:
    if refusal.kind == "key":
        return f"; the key used is from {session.keys.find(loaded)[1]}"
    if refusal.kind != "wait":
        return ""
    if refusal.retry_after is None:
        return "; try again later"
    seconds = math.ceil(max(refusal.retry_after, MIN_PAUSE))
    then = datetime.datetime.fromtimestamp(session.time.now() + seconds).astimezone()
    unit = "second" if seconds == 1 else "seconds"
    return f"; try again in {seconds} {unit}, at {then:%H:%M:%S}"
