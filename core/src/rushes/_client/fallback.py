"""Several variants in order: the next one is tried once the last has verifiably come to nothing.

The task of each variant has a reference of its own, made from the first one's: `kite`, `kite-2`.
So the journal says where a list of variants was left, and a repeat goes on from there. Before the
next variant is tried, the journal must say that the last one's task is over, or that there is none.

A repeat without a reference takes up a list that nobody works on. If two of them find the same
list, whoever claims or records its next task has it (`Turn.own`); the other begins its own.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from rushes import _log as log
from rushes._flow import Ask, Do, Flow
from rushes._plugins.calling import LoadedVariant
from rushes._session.owning import new_claim, releasing_on_error
from rushes._session.records import Records
from rushes._session.session import Session
from rushes._submit.ids import new_task_id
from rushes._submit.intent import Overtaken, Turn, fingerprint, require_usable
from rushes._submit.submitting import require_sendable
from rushes.errors import (
    ConfigurationError,
    NotSentError,
    RefusedError,
    RequestError,
    RushesError,
    TaskEndedError,
)
from rushes.problems import Problem
from rushes.report import Report
from rushes.task import State, Task, Tried

NOTHING: frozenset[State] = frozenset(("refused", "failed", "expired"))
"""States after which the next variant is tried: there is no video, and there will be none. After
`cancelled` and `lost` it is not: somebody wanted no video, or gave up finding out."""
_OVER = (RequestError, RefusedError, NotSentError, TaskEndedError)
"""The errors of a job that may be over; the journal has the last word."""
RECENT = 24 * 3600.0
"""Seconds for which a list is continued that was left between two of its variants."""
NEWEST = 500
"""Tasks among which such a list is looked for."""
_ABSENT: tuple[Any, ...] = (None, "", [], {})

Attempt = Callable[[str, str, Turn], Flow[Task]]
"""Makes the video with one variant, under one reference, in one turn."""


class Candidate(Struct, frozen=True):
    """One of the variants, in its place: the reference of its task, the report of its check."""

    reference: str
    loaded: LoadedVariant
    report: Report


def in_order(
    session: Session,
    checked: Callable[[str, Any], tuple[LoadedVariant, Report]],
    attempt: Attempt,
    variants: Sequence[str],
    request: Any,
    task_id: str | None,
) -> Flow[Task]:
    """Make a video with the first of several variants that can; every one is checked first.

    Raises RequestError if none accepts the request, and otherwise the error of the last one that
    was tried, naming the others.
    """
    names = _named(variants)
    found: list[tuple[LoadedVariant, Report]] = yield Do(
        lambda: [checked(variant, request) for variant in names]
    )
    if not any(report.valid for _, report in found):
        raise RequestError(_problems([report for _, report in found]))
    plan = _plan(names, request)
    while True:
        base = (
            task_id or (yield from _left(session, plan, found)) or new_task_id(session.time.now())
        )
        candidates = _candidates(base, found)
        require_usable(candidates[-1].reference, None)
        try:
            run = _tried_in_turn(session, attempt, candidates, plan, own=task_id is None)
            return (yield from run)
        except Overtaken:
            continue  # somebody else goes on with that list, for a video of their own
        except BaseException:
            if session.left is not None and plan:
                session.left.setdefault(plan, set()).add(base)  # a repeat goes on with it
            raise


def _named(variants: Sequence[str]) -> list[str]:
    names = [*variants]
    if not names:
        raise ConfigurationError("the list of variants is empty; name at least one")
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ConfigurationError(f"{twice} is twice in the list of variants; name each once")
    return names


def _problems(reports: Sequence[Report]) -> tuple[Problem, ...]:
    """Return every variant's problems; if there are several variants, each says which it is of."""
    if len(reports) == 1:
        return reports[0].problems
    return tuple(
        msgspec.structs.replace(problem, message=f"{problem.message} ({report.variant})")
        for report in reports
        for problem in report.problems
    )


def _plan(variants: Sequence[str], request: Any) -> str:
    """Return a digest of a list of variants and a request, "" if that cannot be written down."""
    try:
        given = msgspec.to_builtins(request, enc_hook=str, str_keys=True)
        if isinstance(given, dict):
            given = {name: value for name, value in given.items() if value not in _ABSENT}
        text = msgspec.json.encode([variants, given], order="deterministic")
    except (TypeError, ValueError, RecursionError):
        return ""
    return hashlib.sha256(text).hexdigest()


def _candidates(base: str, found: Sequence[tuple[LoadedVariant, Report]]) -> list[Candidate]:
    return [
        Candidate(f"{base}-{number}" if number > 1 else base, loaded, report)
        for number, (loaded, report) in enumerate(found, 1)
    ]


def _tried_in_turn(
    session: Session, attempt: Attempt, candidates: Sequence[Candidate], plan: str, *, own: bool
) -> Flow[Task]:
    place, tried = yield from _begun(session, candidates, plan)
    while True:
        each = candidates[place]
        if not each.report.valid:
            tried = (*tried, _refused_here(each))
        else:
            last = not _follows(candidates, place)
            turn = Turn(plan=plan, tried=tried, last=last, own=own)
            try:
                return (yield from attempt(each.report.variant, each.reference, turn))
            except _OVER as failure:
                over = yield from _what_is_over(session, each, failure)
                if over is None:
                    raise
                if turn.last:
                    rest = map(_refused_here, candidates[place + 1 :])
                    _name_the_others(failure, (*tried, *rest))
                    raise
                log.warning("a variant came to nothing", variant=over.variant, reason=over.error)
                tried = (*tried, over)
        place += 1


def _begun(
    session: Session, candidates: Sequence[Candidate], plan: str
) -> Flow[tuple[int, tuple[Tried, ...]]]:
    """Return the place to go on at, and what was tried before it.

    Raises an error if that cannot be sent, before anything is paid.
    """
    place, known = yield from _where(session, candidates)
    tried: tuple[Tried, ...] = ()
    if known is not None:
        yield from _require_same_job(candidates[place], known, plan)
        if not _is_over(candidates, place, known):
            if problems := candidates[place].report.problems:
                raise RequestError(problems, task=known)
            return place, known.tried
        place, tried = place + 1, (*known.tried, _outcome(known))
    for each in candidates[place:]:
        if each.report.valid:
            require_sendable(session, each.loaded)
    return place, tried


def _where(session: Session, candidates: Sequence[Candidate]) -> Flow[tuple[int, Task | None]]:
    """Return the place that a list has come to, with its task; 0 and None for a new one."""
    for place in reversed(range(len(candidates))):
        task = yield from _recorded(session, candidates[place].reference)
        if task is not None:
            return place, task
    return 0, None


def _recorded(session: Session, reference: str) -> Flow[Task | None]:
    """Return the task with exactly this reference."""
    if session.journal is None:
        return None
    found: list[Task] = yield Ask("find", (reference,))
    return found[0] if found and found[0].id == reference else None


def _require_same_job(candidate: Candidate, known: Task, plan: str) -> Flow[None]:
    """Refuse a reference that was used before for another request."""
    if (yield from _is_same_job(candidate.report, known, plan)):
        return
    message = (
        f"the task reference {known.id!r} was used before for another request; give another one, "
        "or none"
    )
    raise RequestError((Problem(path="", code="reference_used", message=message),), task=known)


def _is_same_job(report: Report, known: Task, plan: str) -> Flow[bool]:
    """Whether a task is that of a checked request; a local file may have changed since."""
    if not report.valid:  # it was valid when the task was recorded
        return (known.variant, known.plan) == (report.variant, plan)
    print_: str = yield Do(lambda: fingerprint(report))
    return known.fingerprint == print_


def _is_over(candidates: Sequence[Candidate], place: int, task: Task) -> bool:
    """Whether a task came to nothing, and another variant is left."""
    return task.state in NOTHING and _follows(candidates, place)


def _follows(candidates: Sequence[Candidate], place: int) -> bool:
    """Whether a later variant accepts the request."""
    return any(each.report.valid for each in candidates[place + 1 :])


def _outcome(task: Task) -> Tried:
    return Tried(variant=task.variant, task=task.id, state=task.state, error=task.error)


def _refused_here(candidate: Candidate) -> Tried:
    """Return what is said of a variant that does not accept the request."""
    words = "; ".join(str(problem) for problem in candidate.report.problems)
    return Tried(variant=candidate.report.variant, task=None, state="refused", error=words)


def _what_is_over(
    session: Session, candidate: Candidate, failure: RushesError
) -> Flow[Tried | None]:
    """Return what came of a variant if that is certain: nothing; None if its task may live."""
    if isinstance(failure, RequestError) and any(
        problem.code == "reference_used" for problem in failure.problems
    ):
        return None  # the reference, or the client id, belongs to another job
    # A job that was found by its client id has another reference.
    task = (yield from _recorded(session, candidate.reference)) or failure.task
    if task is None:
        variant = candidate.report.variant
        return Tried(variant=variant, task=None, state="refused", error=str(failure))
    return _outcome(task) if task.state in NOTHING else None


def _name_the_others(error: RushesError, others: Sequence[Tried]) -> None:
    """Add to the error of the last attempt what else was tried, or ruled out."""
    lines = [str(error)]
    for each in others:
        named = f", task {each.task}" if each.task else ""
        lines.append(f"besides it, {each.variant} ({each.state}{named}): {each.error}")
    error.args = ("\n".join(lines),)


def _left(
    session: Session, plan: str, found: Sequence[tuple[LoadedVariant, Report]]
) -> Flow[str | None]:
    """Return the first reference of an equal list that was left unfinished and has no owner."""
    if session.journal is None or not plan:
        return None
    if session.left is None:
        session.left = yield from _all_left(session)
    for base in sorted(session.left.get(plan, ())):
        candidates = _candidates(base, found)
        place, task = yield from _where(session, candidates)
        if task is None or not (task.unfinished or _is_over(candidates, place, task)):
            session.left[plan].discard(base)
        elif not (yield from _is_same_job(candidates[place].report, task, plan)):
            continue
        elif (yield from _is_free(session, task)):
            session.left[plan].discard(base)
            return base
    return None


def _all_left(session: Session) -> Flow[dict[str, set[str]]]:
    """Read the journal: the lists that may have been left, by their plans.

    That is done once: what other processes leave later is theirs to repeat.
    """
    records = Records(session)
    tasks = yield from records.tasks(unfinished=True)
    since = session.time.now() - RECENT
    newest = yield from records.tasks(since=since, limit=NEWEST)
    found: dict[str, set[str]] = {}
    for task in (*tasks, *newest):
        if task.plan and (task.unfinished or task.state in NOTHING):
            # Each variant before it is named in `tried`.
            base = task.id.removesuffix(f"-{len(task.tried) + 1}") if task.tried else task.id
            found.setdefault(task.plan, set()).add(base)
    return found


def _is_free(session: Session, task: Task) -> Flow[bool]:
    """Whether no process works on a task."""
    claim = new_claim()

    def claimed() -> Flow[bool]:
        held = yield Ask("claim", (task.id, claim))
        yield Ask("release", (claim,))
        return held is not None

    return (yield from releasing_on_error(session, task.id, claim, claimed()))
