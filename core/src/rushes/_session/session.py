"""What every flow of one client shares, and how a change to a task is recorded and reported."""

import math
import os
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from rushes import _log as log
from rushes._flow import Ask, Dispatch, Flow, NotSent, Send
from rushes._network.settings import Timeouts
from rushes._plugins.calling import LoadedVariant
from rushes._plugins.installed import OBSERVERS
from rushes._plugins.loading import check_observer, describe_entry, import_in_time
from rushes._plugins.registry import Registry
from rushes._session.clock import SystemClock
from rushes._session.ears import Ears
from rushes._session.provider_keys import ProviderKeys
from rushes._session.steps import Begin, Watched, beginnings, quietly
from rushes.calls import Answer, Call
from rushes.errors import (
    BrokenPluginError,
    JournalError,
    OutcomeUnknownError,
    OwnedElsewhereError,
    StillRunningError,
)
from rushes.journal import ClaimLost, Journal
from rushes.observers import Ended, Step
from rushes.task import State, Task
from rushes.variant import Polling, Variant

OnUpdate = Callable[[Task], None]


CONFIRMED = 20.0
"""Seconds for which a creating call may rely on a claim that was valid; less than a lease."""


class Ownership(Struct):
    """A task that one of our flows owns: its claim and its process.

    `clean` is the task as it was last recorded, without keys, `confirmed` when the claim was last
    known to be valid, in seconds since the machine's start. Once `until` is true for a record of
    the task, the claim is `released`: nothing more is to be done.
    """

    claim: str
    pid: int
    clean: Task
    confirmed: float = -math.inf
    until: Callable[[Task], bool] | None = None
    released: bool = False


class Session(Struct, kw_only=True, dict=True):
    """What flows need; the journal is None if the embedder keeps its own."""

    registry: Registry
    keys: ProviderKeys
    journal: Journal | None
    home: Path
    timeouts: Timeouts
    polling: Polling | None
    own_observers: tuple[OnUpdate, ...] = ()
    webhook_url: str | None = None
    """Where providers call us; their names are appended."""
    owned: dict[str, Ownership] = {}
    """The tasks that our flows own at the moment."""
    learned: dict[tuple[str, str], Any] = {}
    """How long tasks take, by variant and workload; `_wait` keeps it."""
    left: dict[str, set[str]] | None = None
    """Lists of variants that were left unfinished: by plan, the references of their first tasks.
    None until the journal was read; `_client.fallback` keeps it."""
    had_room_at: float = -math.inf
    """When a video could last be written to our own folder, in the session's `elapsed`."""
    time: SystemClock = SystemClock()

    def load(self, task: Task) -> LoadedVariant:
        """Return the plugin of a task, at the base URL the task was sent to."""
        loaded = self.registry.get(task.variant)
        return loaded.with_variant(loaded.variant.at(task.base_url))

    def send(
        self,
        loaded: LoadedVariant,
        call: Call,
        total: float,
        *,
        task: Task | None = None,
        patience: float | None = None,
        thin: bool = False,
    ) -> Send:
        """Describe a call to the provider, with its key where that belongs.

        `task` is the task that the call belongs to.
        """
        call = self.keys.authorize(loaded, call, task, self.time.now())
        return Send(call=call, total=total, patience=patience, thin=thin)

    def sender(
        self,
        loaded: LoadedVariant,
        total: float,
        task: Task,
        *,
        left: float | None = None,
        thin: bool = False,
    ) -> Callable[[Call], Send]:
        """Return what describes the calls that a hook makes one after another, as `send` does.

        The first takes at most `total` seconds once it has a place, which it waits for as long as
        time is `left`. All others together take as much, counted from its answer, their waits for a
        place included; none of them takes more than is `left`.
        """
        latest = math.inf if left is None else self.time.elapsed() + max(left, total)
        made, end = 0, latest

        def send(call: Call) -> Send:
            nonlocal made, end
            made += 1
            if made == 1:
                return self.send(loaded, call, total, task=task, patience=left, thin=thin)
            now = self.time.elapsed()
            if made == 2:
                end = min(now + total, latest)
            if now >= end:
                raise NotSent("the calls before it took all of its time")
            rest = end - now
            return self.send(loaded, call, rest, task=task, patience=rest, thin=thin)

        return send

    def target(self, task: Task) -> Path:
        """Return the path for a task's video."""
        if task.output:
            return output_file(task.output, task.id).absolute()
        return self.videos / f"{task.id}.mp4"

    def record(self, task: Task, on_update: OnUpdate | None, *, more: bool = False) -> Flow[Task]:
        """Record what is now known of a task, then notify log, observers and caller.

        `more`: another change follows at once.
        """
        task = yield from self.save(task, more=more)
        self.notify(task, on_update)
        return task

    def save(self, task: Task, *, more: bool = False) -> Flow[Task]:
        """Record what is now known of a task, and notify no one yet; `more` will follow at once."""
        task = msgspec.structs.replace(task, updated_at=self.time.now())
        ownership = self.owned.get(task.id)
        if ownership is None or not _same_words(ownership.clean, task):
            task = self.keys.clean_task(task)
        if ownership:
            ownership.clean = task
        if self.journal is not None:
            note = getattr(self.journal, "note", None)
            if ownership and note and note(task, ownership.claim):
                return task
            now = self.time.since_boot()
            last = ownership is not None and not more and self._is_done(ownership, task)
            given = task, ownership.claim if ownership else None
            try:
                yield Ask("conclude" if last else "save", given)
            except JournalError as failure:
                _raise_the_right_error(failure, task)
                raise
            except ClaimLost as failure:
                yield from _leave_receipt(task)
                raise _taken_over(task) from failure
            if ownership:
                ownership.confirmed, ownership.released = now, last
        return task

    def _is_done(self, ownership: Ownership, task: Task) -> bool:
        """Whether a claim is to be released together with this record of its task."""
        until = ownership.until
        return until is not None and until(task) and hasattr(self.journal, "conclude")

    def save_quietly(self, task: Task) -> Flow[None]:
        """Record what is known of a task without notifying anyone."""
        if self.journal is not None:
            ownership = self.owned.get(task.id)
            note = getattr(self.journal, "note", None)
            if ownership and note and note(task, ownership.claim):
                return
            with suppress(JournalError, ClaimLost):  # it will be found out again
                yield Ask("save", (task, ownership.claim if ownership else None))

    def may_have_lost(self, task: Task) -> bool:
        """Whether a task may be another's by now; then `save` finds out, before a poll.

        A process that was suspended, or cut off from its journal, learns so that another may follow
        the task. Of a journal that knows nothing without a write, this asks nothing: it is told
        what the poll shows.
        """
        ownership, holds = self.owned.get(task.id), getattr(self.journal, "holds", None)
        return bool(ownership and holds and not holds(task.id, ownership.claim))

    def dispatch(self, task: Task) -> Dispatch:
        """Return the dispatch of a task's creating call, which leaves only while the task is ours.

        A process that was suspended, or a child that was forked meanwhile, learns here that another
        process may own the task by now.
        """
        ownership = self.owned.get(task.id)

        def is_confirmed() -> bool:
            if ownership is None or os.getpid() != ownership.pid:
                raise NotSent("this process does not own the task; it may be a fork of the owner")
            return self.time.since_boot() - ownership.confirmed <= CONFIRMED

        def confirm() -> Flow[None]:
            # It waited long for a connection, or the journal for its database.
            while self.journal is not None and ownership is not None and not is_confirmed():
                now = self.time.since_boot()
                try:
                    yield Ask("save", (task, ownership.claim))
                except (ClaimLost, JournalError) as failure:
                    raise NotSent("another process may have taken the task over") from failure
                ownership.confirmed = now

        def may_leave() -> None:
            if not is_confirmed() and self.journal is not None:
                raise NotSent("it slept while it connected, and may have lost the task")

        return Dispatch(may_leave, confirm)

    def notify(self, task: Task, on_update: OnUpdate | None) -> None:
        """Notify the log, the observers and the caller of what is now known of a task."""
        log.info("task", task=task.id, variant=task.variant, state=task.state)
        for observer in self.observers:
            quietly(observer, task)
        if on_update:
            on_update(task)

    def step(self, step: Step, variant: Variant, task: Task | None = None) -> Watched:
        """Tell observers of a step that takes as long as a block; it sets the `outcome`."""
        return Watched(self.begun(step, variant, task))

    def begun(self, step: Step, variant: Variant, task: Task | None = None) -> list[Ended]:
        """Tell observers that a step begins; return what they want to be called when it ends."""
        ends = []
        for begin in self.beginnings:
            ended = quietly(begin, step, variant, task)
            if ended is not None:
                ends.append(ended)
        return ends

    @cached_property
    def videos(self) -> Path:
        """Our own folder for videos."""
        return self.home / "videos"

    @cached_property
    def ears(self) -> Ears:
        """Who waits for news of a task."""
        return Ears(self.journal)

    @cached_property
    def beginnings(self) -> tuple[Begin, ...]:
        """What is called when a step begins."""
        return beginnings(self.observers)

    @cached_property
    def observers(self) -> tuple[Any, ...]:
        """The installed observers and the embedder's own; broken ones are skipped."""
        installed: list[Any] = []
        for entry in self.registry.installed.group(OBSERVERS):
            try:
                installed.append(check_observer(import_in_time(entry), describe_entry(entry)))
            except BrokenPluginError as error:
                log.warning("an observer cannot be loaded", reason=str(error))
        return (*installed, *self.own_observers)


def _same_words(clean: Task, task: Task) -> bool:
    """Whether a task has nothing from its provider that was not recorded before."""
    return (
        task.receipt is clean.receipt
        and task.results is clean.results
        and task.error is clean.error
    )


def _taken_over(task: Task) -> OwnedElsewhereError:
    remote = f" (the provider has it as {task.remote_id!r})" if task.receipt else ""
    message = f"another process has taken over task {task.id}{remote}; follow it there"
    return OwnedElsewhereError(message, task=task)


def _leave_receipt(task: Task) -> Flow[None]:
    """Record a remote id for the process that has taken over the task without knowing it.

    A process that was suspended during the submit wakes up with it, and is the only one to know it.
    """
    if task.receipt:
        near = yield Ask("find", (task.id,))
        found = [known for known in near if known.id == task.id]
        if found and not found[0].receipt and not found[0].ended:
            yield Ask("save", (task, None))


def _raise_the_right_error(failure: JournalError, task: Task) -> None:
    """Raise the right error for a failing journal once something may have been bought."""
    failure.task = task
    if task.receipt is not None:
        raise StillRunningError(
            f"the provider has task {task.id} as {task.remote_id!r} ({task.state}), "
            f"but this could not be recorded; keep that id: {failure}",
            task=task,
        ) from failure
    if task.state == "unknown":
        raise OutcomeUnknownError(
            f"it is unknown whether the submit of task {task.id} was accepted ({task.error}), "
            f"and this could not be recorded: {failure}",
            task=task,
        ) from failure


def stopped_waiting(task: Task) -> StillRunningError:
    """Return the error that a caller no longer waits; the task stays as it is."""
    message = f"stopped waiting for task {task.id} ({task.state}); resume it later"
    return StillRunningError(message, task=task)


def output_file(output: str, task_id: str) -> Path:
    """Return the file that an output names: itself, or a file named after the task in a folder."""
    return Path(output, f"{task_id}.mp4") if output.endswith(("/", os.sep)) else Path(output)


def at(task: Task, state: State, **known: Any) -> Task:
    """Return a task in another state; an earlier error is cleared, unless a new one is given."""
    return msgspec.structs.replace(task, state=state, **{"error": None, **known})


def excerpt(answer: Answer, limit: int = 500) -> str:
    """Quote the beginning of an answer that was not understood."""
    if encoding := answer.headers.get("content-encoding"):
        return f"HTTP {answer.status}, sent with the unsupported content encoding {encoding!r}"
    text = answer.body[: 4 * limit].decode("utf-8", "replace").strip()
    quoted = "".join(c if c.isprintable() else " " for c in text)[:limit]
    return f"HTTP {answer.status}: {quoted}" if quoted else f"HTTP {answer.status}, empty"
