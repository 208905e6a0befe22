"""The submit: recorded before it is sent, sent once, and never guessed about."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from rushes.calls import Answer
from rushes.check import Report
from rushes.errors import (
    BrokenPluginError,
    ConfigurationError,
    JournalError,
    NotSentError,
    OutcomeUnknownError,
    RefusedError,
    RequestError,
)
from rushes.flow import Do, Effect, Flow, Interrupted, NotSent, Sleep
from rushes.loading import LoadedVariant
from rushes.problems import Problem, show
from rushes.session import OnUpdate, Session, excerpt
from rushes.task import Receipt, Refusal, Task, new_task_id
from rushes.uploading import uploaded

RETRIES = (0.5, 2.0)
"""Seconds before each further try of a call that provably never left."""
REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
PATIENCE = 120.0
"""Seconds that may be spent waiting because a provider says to come back."""
REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
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
    """Pay for one checked request; return its task, accepted by the provider."""
    problems = (*report.problems, *_reference_problems(task_id))
    if problems:
        raise RequestError(problems)
    session.registry.guard()
    session.key(loaded)
    if not loaded.variant.base_url:
        variant = loaded.variant
        raise ConfigurationError(
            f"{variant.provider} has no base URL of its own; "
            f"set {variant.environment_prefix}_BASE_URL ({variant.page})"
        )
    _usable(task_id, output)
    report = yield from uploaded(session, loaded, report)
    task = _intended(session, loaded, report, task_id, output)
    known = yield from _known(session, task)
    if known is not None:
        return known
    _creating(session, loaded, task)  # what is wrong with it is said before it is recorded
    task = yield from session.record(task, on_update, new=True)
    return (yield from deliver(session, loaded, task, on_update))


def _reference_problems(task_id: str | None) -> tuple[Problem, ...]:
    if task_id is None or REFERENCE.fullmatch(task_id):
        return ()
    message = (
        f"{show(task_id)} is no task reference; it names files and goes into headers: 1 to 100 "
        "letters of English, digits, '.', '_' and '-', the first a letter or digit"
    )
    return (Problem(path="", code="reference", message=message),)


def _usable(task_id: str | None, output: str | None) -> None:
    """Refuse a reference that would not do in a file's name, or a path no record can hold."""
    if task_id is not None and not REFERENCE.fullmatch(task_id):
        raise ConfigurationError(
            f"{task_id!r} is no task reference: 1 to 64 of the characters A-Z a-z 0-9 . _ -, "
            "the first a letter or a digit"
        )
    try:
        (output or "").encode()
    except UnicodeEncodeError as error:
        raise ConfigurationError(f"the path {output!r} is no UTF-8; choose another") from error


def _intended(
    session: Session, loaded: LoadedVariant, report: Report, task_id: str | None, output: str | None
) -> Task:
    variant = loaded.variant
    now = session.clock()
    task_id = new_task_id(now) if task_id is None else task_id
    payload = with_transport(report)
    client_id = str(report.transport.get(variant.client_id_field or "", task_id))
    call = loaded.call("submit", payload=payload, client_id=client_id)
    return Task(
        id=task_id,
        variant=variant.id,
        base_url=variant.base_url or "",
        client_id=client_id,
        call=call,
        created_at=now,
        updated_at=now,
        output=output,
        estimate=report.cost,
    )


def with_transport(report: Report) -> Any:
    """Return the payload with the fields that concern the delivery."""
    names = {
        field.encode_name: field.name for field in msgspec.structs.fields(type(report.payload))
    }
    given = {names[wire]: value for wire, value in report.transport.items()}
    return msgspec.structs.replace(report.payload, **given)


def _known(session: Session, task: Task) -> Flow[Task | None]:
    """Return the task that this very job already is; refuse a name used for another job."""
    journal = session.journal
    if journal is None:
        return None
    by_id = yield Do(lambda: journal.find(task.id))
    by_name = yield Do(
        lambda: journal.with_client_id(task.variant.partition("/")[0], task.client_id)
    )
    known: Task | None = by_id[0] if by_id and by_id[0].id == task.id else by_name
    if known is None:
        return None
    if known.call == task.call and known.variant == task.variant:
        return known
    name = "task reference" if known.id == task.id else "client id"
    value = task.id if known.id == task.id else task.client_id
    raise RequestError(
        (
            Problem(
                path="",
                code="reference_used",
                message=(
                    f"the {name} {value!r} was used before for another request (task {known.id}); "
                    "give another one, or none"
                ),
            ),
        ),
        task=known,
    )


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
            reason = f"never sent, nothing was bought: {session.clean(loaded, str(failure))}"
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
