"""Polling a task until it has ended, as its provider advises; a poll may fail."""

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

import msgspec

from rushes import _log as log
from rushes._flow import (
    Chain,
    Do,
    Effect,
    Flow,
    Interrupted,
    NotSent,
    Pause,
    Sleep,
    Waiting,
    steps,
)
from rushes._plugins.calling import LoadedVariant
from rushes._plugins.refusals import retry_after
from rushes._session.session import OnUpdate, Session, excerpt
from rushes._wait.outcomes import require_completed, still_running, without_remote_id
from rushes._wait.schedule import (
    REMEMBERED,
    Learned,
    Schedule,
    estimated,
    fixed,
    floor,
    with_progress,
)
from rushes._wait.status import record_status
from rushes._wait.together import together
from rushes.calls import Answer, Call
from rushes.errors import BrokenPluginError, JournalError, StillRunningError
from rushes.journal import Journal
from rushes.task import Receipt, Result, Status, Task
from rushes.variant import Polling

GRACE = 120.0
"""Seconds for which a provider may refuse polls: it may not yet know a task that it has created."""
MAX_PAUSE = 3600.0
"""Seconds that a poll is at most delayed by recorded times: clocks may be set back."""
MIN_PAUSE = 1.0
"""Seconds between two polls, even if a provider says to poll again at once."""
When = Literal["usual", "rarely", "heard"]
"""Why a task is polled now: by the schedule, as one of which the provider will tell, or because it
told."""


def poll_until_ended(
    session: Session,
    loaded: LoadedVariant,
    task: Task,
    *,
    end: float | None,
    on_update: OnUpdate | None,
    at_once: bool = False,
    then: Callable[[Task], Task | Chain[Task]] = lambda task: task,
) -> Chain[Task]:
    """Poll until the task has ended, if it has not; return it completed, or go on with `then`.

    The first poll is made `at_once` if requested, otherwise when the schedule says; it is made even
    if `end` is now. If there is no time for that, one is made at `end`, unless the provider's
    advice, counted from the last recorded poll, forbids it.

    If the provider was asked to call our webhook, the task is polled when it does, and in case it
    never does, rarely and at `end`; if it calls too early, as any other from then on.

    Raises TaskEndedError if the provider ended it without a video, ResultError if it is completed
    without one, StillRunningError at `end`, or when the advised time is over. Each carries the
    task.
    """
    if task.ended:
        return then(require_completed(task))
    remote_id = _receipt(task).remote_id
    yield from _learn(session, loaded, task)
    end = session.time.elapsed() + _advice(session, loaded).at_most if end is None else end
    called = (loaded.variant.provider, remote_id) if task.webhook else None
    pause = 0.0 if at_once else _seconds_until_poll(session, loaded, task, rare=bool(called))
    return _Followed(session, loaded, task, end, on_update, then, called).after(pause)


class _Followed(Waiting):
    """A task between two polls.

    `called` is what its provider will call us about, if it was asked to and has not yet; `trouble`
    is what was wrong with the last poll. `refused_since` is when polls began to be refused, in the
    session's `elapsed`. If the next poll does not come `in_time`, it is made at the `end`.
    """

    session: Session
    loaded: LoadedVariant
    task: Task
    end: float
    on_update: OnUpdate | None
    then: Callable[[Task], Task | Chain[Task]]
    called: tuple[str, str] | None
    polled: bool = False
    in_time: bool = True
    trouble: str = ""
    refused_since: float | None = None

    def after(self, seconds: float) -> Pause | Chain[Task]:
        """Return the pause until the next poll is due, or what follows if there is none."""
        left = self.end - self.session.time.elapsed()
        self.in_time = seconds <= (left if self.polled else max(left, 0.0))
        if seconds > 0 and (self.in_time or left > 0):
            return Pause(Sleep(seconds if self.in_time else left, self.task, self.called), self)
        return self.go_on(heard=False)

    def go_on(self, heard: bool) -> Chain[Task]:
        """Poll, if there is time for it, and go on as the answer says."""
        session, last = self.session, False
        if heard:
            self.called = None
            yield from _until_allowed(session, self.task, self.end)
        elif not self.in_time:
            last = self.called is not None
            if (self.polled and not last) or not _may_poll(session, self.loaded, self.task):
                raise (yield from _stopped_waiting(session, self.task, self.trouble))
        self.polled = True
        when: When = "heard" if heard else "rarely" if self.called else "usual"
        pause = yield from self._poll(when)
        if self.task.ended:
            _remember(session, self.task)
            return self.then(require_completed(self.task))
        since = self.refused_since
        if since is not None and session.time.elapsed() - since > GRACE:
            self.trouble = f"{self.trouble}; every poll has been refused for {GRACE:g} s"
            last = True
        if last:
            raise (yield from _stopped_waiting(session, self.task, self.trouble))
        return self.after(pause)

    def _poll(self, when: When) -> Flow[float]:
        """Poll once, and record what the answer says; return the seconds until the next poll.

        What else was read is not kept: thousands of tasks wait.
        """
        session, loaded, task = self.session, self.loaded, self.task
        left = max(self.end - session.time.elapsed(), MIN_PAUSE)
        if session.may_have_lost(task):
            yield from session.save(task)
        result = yield from _poll_tolerantly(session, loaded, task, left, shared=True)
        least = _least_pause(session, loaded, result)
        after = _with_poll_times(session, loaded, task, result, least, when)
        rare = when == "rarely" and result.status is not None
        planned = _planned_pause(session, loaded, after, task, result.status, rare=rare)
        if result.status is not None:
            after = yield from record_status(session, after, result.status, self.on_update)
        elif _kind(result.trouble) != _kind(self.trouble):
            log.warning("poll not understood", task=task.id, reason=result.trouble)
        self.task, self.trouble = after, result.trouble
        since = self.refused_since or session.time.elapsed()
        self.refused_since = since if result.refused else None
        return max(planned, least)


def _kind(trouble: str) -> str:
    """Return what kind of trouble it is: the rest may be another text every time."""
    return trouble.partition(":")[0]


def _advice(session: Session, loaded: LoadedVariant) -> Polling:
    """Return what the embedder wants, or else what the provider advises."""
    return session.polling or loaded.variant.polling


def _learn(session: Session, loaded: LoadedVariant, task: Task) -> Flow[None]:
    """Ask the journal, once, how long tasks like this one took."""
    key = (task.variant, task.workload)
    if session.polling is not None or key in session.learned:
        return
    session.learned[key] = learned = Learned(loaded.variant.polling)
    journal = session.journal
    if journal is None:
        return
    with suppress(JournalError):  # whoever writes next is told
        learned.add((yield Do(lambda: _durations(journal, task))))


def _durations(journal: Journal, task: Task) -> list[float]:
    """Return how long tasks like this one took, the oldest first.

    They are among the newest of the variant that have ended. The many that go on beside them in a
    crowd are passed over.
    """
    ended: list[Task] = []
    page = journal.tasks(variant=task.variant, limit=REMEMBERED)
    while page:
        ended += [one for one in page if one.ended]
        if len(page) < REMEMBERED or len(ended) >= REMEMBERED:
            break
        page = journal.tasks(variant=task.variant, after=page[-1], limit=REMEMBERED)
    newest = reversed(ended[:REMEMBERED])
    return [one.took for one in newest if one.took is not None and one.workload == task.workload]


def _remember(session: Session, task: Task) -> None:
    """Learn from a task that has ended."""
    learned = session.learned.get((task.variant, task.workload))
    if learned is not None and task.took is not None:
        learned.add([task.took])


def _schedule(session: Session, task: Task, *, rare: bool) -> Schedule:
    if session.polling is not None:
        return fixed(session.polling)  # exactly what the embedder wants
    learned: Learned = session.learned[task.variant, task.workload]
    return learned.rare if rare else learned.schedule


def _seconds_until_poll(
    session: Session, loaded: LoadedVariant, task: Task, *, rare: bool
) -> float:
    """Return the seconds until a poll is due, counted from the last recorded one."""
    now = session.time.now()
    if task.looked_at is None or task.look_after is None:
        schedule = _schedule(session, task, rare=rare)
        due = _sent(task) + session.time.jitter(schedule.pause(0.0))
        return min(max(due - now, 0.0), 2 * schedule.first)
    due = max(task.looked_at + _planned_pause(session, loaded, task, rare=rare), task.look_after)
    return min(max(due - now, 0.0), MAX_PAUSE)


def _until_allowed(session: Session, task: Task, end: float) -> Flow[None]:
    """Wait until the provider's advice, counted from the last poll, allows another, or `end`."""
    wait = min((task.look_after or 0.0) - session.time.now(), end - session.time.elapsed())
    if task.looked_at is not None and wait > 0:
        yield Sleep(min(wait, MAX_PAUSE), task)


def _planned_pause(
    session: Session,
    loaded: LoadedVariant,
    task: Task,
    before: Task | None = None,
    status: Status | None = None,
    *,
    rare: bool,
) -> float:
    """Return the seconds from a task's last poll to the next, as far as the schedule goes.

    If it was made just now: the task as it was `before`, and the `status` that the answer gave.
    """
    looked_at = task.looked_at or 0.0
    pause = _schedule(session, task, rare=rare).pause(looked_at - _sent(task))
    if before is not None and status is not None and session.polling is None:
        pause = with_progress(pause, before, status, looked_at, loaded.variant.polling.every)
    return session.time.jitter(pause)


def _least_pause(session: Session, loaded: LoadedVariant, result: "PollResult") -> float:
    """Return the seconds before which the provider does not want another poll."""
    if result.retry_after is None:
        return floor(_advice(session, loaded))
    return max(result.retry_after, MIN_PAUSE)


def _may_poll(session: Session, loaded: LoadedVariant, task: Task) -> bool:
    """Whether the provider's advice allows a poll now."""
    first = _advice(session, loaded).first
    after = _sent(task) + first if task.look_after is None else task.look_after
    return session.time.now() >= after


def _sent(task: Task) -> float:
    return task.sent_at or task.created_at


def _with_poll_times(
    session: Session,
    loaded: LoadedVariant,
    task: Task,
    result: "PollResult",
    least: float,
    when: When = "usual",
) -> Task:
    """Note when a poll was made, and when the provider allows the next one.

    If it shows that the task is completed, note also about how long the provider took.
    """
    now, took = session.time.now(), task.took
    completed = result.status is not None and result.status.state == "completed"
    if completed and took is None and when == "heard":
        took = now - _sent(task)
    elif completed and took is None and when == "usual":
        before = None if task.looked_at is None else task.looked_at - _sent(task)
        took = estimated(before, now - _sent(task), loaded.variant.polling)
    return msgspec.structs.replace(task, looked_at=now, look_after=now + least, took=took)


def _stopped_waiting(session: Session, task: Task, trouble: str) -> Flow[StillRunningError]:
    """Record when a task was last polled, and return the error that it is not finished."""
    if task.looked_at is not None:
        yield from session.save_quietly(task)
    return still_running(session, task, trouble)


class PollResult(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one poll; `refused` says that the provider explicitly refused it."""

    status: Status | None = None
    trouble: str = ""
    retry_after: float | None = None
    refused: bool = False


def _poll_tolerantly(
    session: Session, loaded: LoadedVariant, task: Task, left: float, *, shared: bool = False
) -> Flow[PollResult]:
    """Poll once, within the `left` seconds of the task's time; a failure is tolerated."""
    answer: Answer | None = None
    try:
        with session.step("poll", loaded.variant, task) as step:
            answer, call, _ = yield from poll(session, loaded, task, left, shared=shared)
            step.outcome = status = read_status(session, loaded, task, answer, call)
    except (NotSent, Interrupted, NotUnderstood, BrokenPluginError) as failure:
        trouble = session.keys.clean(loaded, str(failure))
        advised = retry_after(answer) if answer else None
        refused = isinstance(failure, PollRefused)
        return PollResult(trouble=trouble, retry_after=advised, refused=refused)
    return PollResult(status=status, retry_after=retry_after(answer))


def poll(
    session: Session,
    loaded: LoadedVariant,
    task: Task,
    left: float | None,
    *,
    shared: bool = False,
) -> Flow[tuple[Answer, Call | None, Answer | None]]:
    """Poll once, waiting for a connection as long as time is left.

    Return the answer to read, the last call, and the answer to that. An answer that may have a
    video in it may take as long as a download. A `shared` poll may wait for those of other tasks,
    to ask for all in one call.
    """
    answers = loaded.variant.answers
    large = bool(answers and answers.inline)
    most = session.timeouts.download if large else session.timeouts.poll
    total = max(min(most, math.inf if left is None else left), 1.0)
    alone = session.sender(loaded, total, task, left=left, thin=large)

    def send(call: Call) -> Effect:
        sent = alone(call)
        if shared and sent.patience is not None:
            return together(session, loaded, task, sent, sent.patience)
        return sent

    return steps(loaded.call("poll", receipt=_receipt(task), task=task), send)


class NotUnderstood(Exception):
    """The answer says nothing about the task."""


class PollRefused(NotUnderstood):
    """The provider says why it does not tell: it does not know the task, for example."""


def read_status(
    session: Session, loaded: LoadedVariant, task: Task, answer: Answer, call: Call | None
) -> Status:
    """Read the answer to a poll's last call; raise NotUnderstood if it says nothing about the task.

    Raises StillRunningError if the key is refused.
    """
    if 300 <= answer.status < 400:
        target = session.keys.clean(loaded, answer.headers.get("location", "nowhere"))
        raise NotUnderstood(
            f"{task.base_url}, where it was sent, redirects to {target} (HTTP {answer.status})"
        )
    status: Status | None = None
    if answer.status < 300:
        status = loaded.call("parse_status", answer=answer, receipt=task.receipt, task=task)
    if status is None:
        raise _unread(session, loaded, task, answer)
    if status.remote_id is not None and status.remote_id != task.remote_id:
        raise NotUnderstood(f"the answer is about another task, {status.remote_id!r}")
    if status.reason is not None:
        status = msgspec.structs.replace(status, reason=session.keys.clean(loaded, status.reason))
    if status.results:
        results = tuple(_in_its_answer(result, call) for result in status.results)
        status = msgspec.structs.replace(status, results=results)
    return status


def _in_its_answer(result: Result, call: Call | None) -> Result:
    """Return a result with the call whose answer it is in, if that is the poll's."""
    if result.inside is None or result.url is not None or result.call is not None:
        return result
    return msgspec.structs.replace(result, call=call)


def _unread(
    session: Session, loaded: LoadedVariant, task: Task, answer: Answer
) -> StillRunningError | NotUnderstood:
    """Return the error for an answer to a poll that is not a status."""
    refusal = loaded.call("parse_refusal", answer=answer)
    if refusal.kind == "key":
        _, where = session.keys.find(loaded, task)
        words = session.keys.clean(loaded, refusal.message)
        return StillRunningError(
            f"{loaded.variant.provider} refused the key from {where} (HTTP {answer.status}: "
            f"{words}); task {task.id} is kept; resume it with another key",
            task=task,
        )
    if refusal.kind in ("refused", "content", "balance"):
        return PollRefused(f"refused: {excerpt(answer)}")
    return NotUnderstood(f"not understood: {excerpt(answer)}")


def poll_once(
    session: Session, loaded: LoadedVariant, task: Task, on_update: OnUpdate | None
) -> Flow[Task]:
    """Ask for a task's status once; raise StillRunningError if that fails."""
    result = yield from _poll_tolerantly(session, loaded, task, session.timeouts.poll)
    least = _least_pause(session, loaded, result)
    task = _with_poll_times(session, loaded, task, result, least)
    if result.status is None:
        raise (yield from _stopped_waiting(session, task, result.trouble))
    after = yield from record_status(session, task, result.status, on_update)
    if after is task:
        yield from session.save_quietly(task)
    return after


def poll_again(
    session: Session,
    loaded: LoadedVariant,
    task: Task,
    on_update: OnUpdate | None,
    left: float | None = None,
) -> Flow[Task]:
    """Ask for a task's status once: the known addresses may have expired."""
    if task.receipt is None:
        return task
    try:
        with session.step("poll", loaded.variant, task) as step:
            answer, call, _ = yield from poll(session, loaded, task, left)
            step.outcome = status = read_status(session, loaded, task, answer, call)
    except (NotSent, Interrupted, NotUnderstood, BrokenPluginError) as failure:
        log.warning("no news", task=task.id, reason=session.keys.clean(loaded, str(failure)))
        return task
    return (yield from record_status(session, task, status, on_update))


def _receipt(task: Task) -> Receipt:
    if task.receipt is None:
        raise without_remote_id(task)
    return task.receipt
