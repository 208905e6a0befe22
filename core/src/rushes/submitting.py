"""The submit: recorded before it is sent, sent once, and never guessed about."""

from collections.abc import Mapping
from typing import Any

import msgspec

from rushes.calls import Answer
from rushes.errors import (
    BrokenPluginError,
    ConfigurationError,
    JournalError,
    NotSentError,
    OutcomeUnknownError,
    RefusedError,
    RequestError,
)
from rushes.flow import Effect, Flow, Interrupted, NotSent, Sleep
from rushes.intent import intend, known, recorded, usable
from rushes.loading import LoadedVariant
from rushes.report import Report
from rushes.session import OnUpdate, Session, excerpt
from rushes.task import Receipt, Refusal, Task
from rushes.uploading import uploaded

RETRIES = (0.5, 2.0)
"""Seconds before each further try of a call that provably never left."""
PATIENCE = 120.0
"""Seconds that may be spent waiting because a provider says to come back."""
LEAST_PAUSE = 1.0
"""Seconds between two tries, also where a provider says to come back at once."""


def submit(
    session: Session,
    loaded: LoadedVariant,
    report: Report,
    *,
    task_id: str | None = None,
    output: str | None = None,
    on_update: OnUpdate | None = None,
) -> Flow[Task]:
    """Pay for one checked request; return its task, accepted by the provider.

    A job that is in the journal already is not paid for again: its task is returned. One that was
    never accepted (recorded, refused) is sent.
    """
    if report.problems:
        raise RequestError(report.problems)
    usable(task_id, output)
    session.registry.guard()
    session.key(loaded)
    if not loaded.variant.base_url:
        variant = loaded.variant
        raise ConfigurationError(
            f"{variant.provider} has no base URL of its own; "
            f"set {variant.environment_prefix}_BASE_URL ({variant.page})"
        )
    intent = yield from intend(session, loaded, report, task_id, output)
    task = yield from known(session, loaded, intent)
    if task is None:
        report = yield from uploaded(session, loaded, report)
        task = recorded(session, loaded, report, intent)
        _creating(session, loaded, task)  # what is wrong with it is said before it is recorded
        task = yield from session.record(task, on_update, new=True)
    if task.state not in ("recorded", "refused"):
        return task
    return (yield from deliver(session, loaded, task, on_update))


def deliver(
    session: Session, loaded: LoadedVariant, task: Task, on_update: OnUpdate | None
) -> Flow[Task]:
    """Send a recorded task's call, as recorded, until it left once."""
    session.registry.guard()
    waited, tries = 0.0, 0
    while True:
        effect = _creating(session, loaded, task)
        try:
            task = yield from session.record(_at(task, "sending"), on_update)
        except BaseException:
            # Whoever stops us here (Ctrl-C, a callback) stops what was provably never sent.
            yield from session.record(_at(task, "recorded"), None)
            raise
        try:
            answer = yield from _send(session, loaded, task, effect, on_update)
        except NotSent as failure:
            if tries < len(RETRIES):
                task = yield from session.record(_at(task, "recorded"), None)
                yield Sleep(RETRIES[tries])
                tries += 1
                continue
            reason = (
                f"never sent, nothing was bought: {task.base_url} cannot be reached "
                f"({session.clean(loaded, str(failure))})"
            )
            task = yield from session.record(_at(task, "refused", error=reason), on_update)
            raise NotSentError(f"{loaded.variant.provider}: {reason}", task=task) from failure
        verdict = judged(loaded, answer)
        if isinstance(verdict, Receipt):
            return (yield from session.record(_at(task, "queued", receipt=verdict), on_update))
        pause = verdict.retry_after if verdict.retry_after is not None else 5.0
        pause = max(pause, LEAST_PAUSE)
        if verdict.kind == "wait" and waited + pause <= PATIENCE:
            waited += pause
            task = yield from session.record(_at(task, "recorded"), on_update)
            yield Sleep(session.jitter(pause))
            continue
        yield from _refused(session, loaded, task, answer, verdict, on_update)


def judged(loaded: LoadedVariant, answer: Answer) -> Receipt | Refusal:
    """Read the answer to a creating call: a receipt, or what the answer means instead.

    A plugin that fails at it leaves everything open: the call was made.
    """
    trouble = ""
    if not 300 <= answer.status < 400:
        try:
            verdict = loaded.call("parse_submit", answer=answer)
            if verdict is None and answer.status >= 400:
                verdict = loaded.call("parse_refusal", answer=answer)
            if isinstance(verdict, (Receipt, Refusal)):
                return verdict
        except BrokenPluginError as error:
            trouble = f"{error}; "
    return Refusal(kind="unknown", message=f"{trouble}{excerpt(answer)}")


def _creating(session: Session, loaded: LoadedVariant, task: Task) -> Effect:
    if task.call is None:
        raise JournalError(f"task {task.id} has no recorded call", task=task)
    return session.send(loaded, task.call, session.timeouts.submit, creating=True)


def _send(
    session: Session,
    loaded: LoadedVariant,
    task: Task,
    effect: Effect,
    on_update: OnUpdate | None,
) -> Flow[Answer]:
    """Make the creating call; whatever interrupts it, the record says that nobody knows."""
    try:
        answer = yield effect
    except (NotSent, GeneratorExit):
        raise
    except BaseException as failure:
        reason = session.clean(loaded, str(failure) or type(failure).__name__)
        task = yield from session.record(_at(task, "unknown", error=reason), on_update)
        if not isinstance(failure, Interrupted):
            raise
        raise _unknown(loaded, task, reason) from failure
    return answer  # type: ignore[no-any-return]


def _refused(
    session: Session,
    loaded: LoadedVariant,
    task: Task,
    answer: Answer,
    refusal: Refusal,
    on_update: OnUpdate | None,
) -> Flow[None]:
    provider = loaded.variant.provider
    refusal = session.clean_refusal(loaded, refusal)
    words = refusal.message
    if 300 <= answer.status < 400:
        target = session.clean(loaded, answer.headers.get("location", "nowhere"))
        reason = f"the base URL {task.base_url} redirects to {target}; configure the right one"
        task = yield from session.record(_at(task, "refused", error=reason), on_update)
        raise ConfigurationError(f"{provider}: {reason}", task=task)
    if refusal.kind == "unknown":
        task = yield from session.record(_at(task, "unknown", error=words), on_update)
        raise _unknown(loaded, task, words)
    task = yield from session.record(_at(task, "refused", error=words), on_update)
    message = f"{provider} refused the request (HTTP {answer.status}): {words}"
    if refusal.kind == "key":
        message += f"; the key used is from {session.key(loaded)[1]}"
    if refusal.kind == "wait":
        when = refusal.retry_after
        message += f"; come back in {when:g} seconds" if when is not None else "; come back later"
    raise RefusedError(message, refusal, task=task)


def _unknown(loaded: LoadedVariant, task: Task, reason: str) -> OutcomeUnknownError:
    return OutcomeUnknownError(
        f"{loaded.variant.provider}: nobody knows whether the submit of task {task.id} was "
        f"accepted ({reason}); it is not repeated, so that nothing is paid twice",
        task=task,
    )


def _at(task: Task, state: str, **known: Any) -> Task:
    changes: Mapping[str, Any] = {"state": state, "error": None, **known}
    return msgspec.structs.replace(task, **changes)
