"""What every flow of one client shares: the plugins, the keys, the journal, the clock."""

import hmac
import math
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from rushes import _log as log
from rushes._flow import Ask, Dispatch, Effect, Flow, NotSent, Send, Sleep, StopWaiting
from rushes._keys.redacting import Secret, redact, redacted, silence
from rushes._network.settings import Timeouts
from rushes._plugins.installed import OBSERVERS
from rushes._plugins.loading import FAULTS, LoadedVariant, import_in_time
from rushes._plugins.registry import Registry
from rushes._session.clock import SystemClock
from rushes.calls import Answer, Call
from rushes.errors import (
    BrokenPluginError,
    ConfigurationError,
    JournalError,
    MissingKeyError,
    OutcomeUnknownError,
    RushesError,
    StillRunningError,
)
from rushes.home import Keys
from rushes.journal import ClaimLost, Journal
from rushes.task import Refusal, State, Task
from rushes.urls import origin, shown
from rushes.variant import Polling, configured, environment_prefix

OnUpdate = Callable[[Task], None]


CONFIRMED = 20.0
"""Seconds for which a creating call may rely on a claim that was valid; less than a lease."""


class Hold(Struct):
    """A task that one of our flows owns: its claim and its process.

    `confirmed` is when the claim was last known to be valid, in seconds since the machine's start.
    """

    claim: str
    pid: int
    confirmed: float = -math.inf


class Session(Struct, kw_only=True, dict=True):
    """What flows need; the journal is None if the embedder keeps its own."""

    registry: Registry
    keys: Keys
    journal: Journal | None
    home: Path
    timeouts: Timeouts
    polling: Polling | None
    own_observers: tuple[OnUpdate, ...] = ()
    held: dict[str, Hold] = {}
    """The tasks that our flows own at the moment."""
    time: SystemClock = SystemClock()

    def load(self, task: Task) -> LoadedVariant:
        """Return the plugin of a task, at the base URL the task was sent to."""
        loaded = self.registry.get(task.variant)
        return loaded.with_variant(configured(loaded.variant, task.base_url))

    def key(self, loaded: LoadedVariant, task: Task | None = None) -> tuple[Secret, str]:
        """Return the provider's key and its origin, in words.

        Raises MissingKeyError if there is none, ConfigurationError if the variant may not have it;
        `task` is the task that the call belongs to.
        """
        variant = loaded.variant
        provider, variable = variant.provider, key_variable(variant.provider)
        if objection := self.registry.why_no_key(variant.id):
            raise ConfigurationError(objection, task=task)
        found = self.keys.find(provider, variable)
        if not found:
            raise MissingKeyError(
                f"no key for {provider}; set {variable}, "
                f"or store one with: rushes keys set {provider}",
                task=task,
            )
        key, where = found
        if not (key.isascii() and key.isprintable() and key == key.strip()):
            raise ConfigurationError(
                f"the key from {where} contains white space, line ends or other invalid characters",
                task=task,
            )
        return found

    def send(
        self,
        loaded: LoadedVariant,
        call: Call,
        total: float,
        *,
        task: Task | None = None,
        patience: float | None = None,
        dispatch: Dispatch | None = None,
    ) -> Effect:
        """Describe a call to the provider.

        The key is sent to one origin only: that of today's base URL, for which it was configured.
        `task` is the task that the call belongs to; if that was sent to another address, today's
        key is not sent there: StillRunningError, OutcomeUnknownError or, if it was never sent,
        ConfigurationError says which address needs which key.
        """
        today = self.registry.get(loaded.variant.id).variant.base_url or ""
        with loaded.blamed("a call of its"):
            target = origin(call.url)
            at_home = task is not None and target == origin(task.base_url)
        if today and target == origin(today):
            key, _ = self.key(loaded, task)
            headers = loaded.authorize(call, key, self.time.now())
            call = msgspec.structs.replace(call, headers={**call.headers, **headers})
        elif task is not None and at_home:
            raise self._elsewhere(loaded, task, today)
        return Send(call=call, total=total, patience=patience, dispatch=dispatch)

    def _elsewhere(self, loaded: LoadedVariant, task: Task, today: str) -> RushesError:
        """Return the error for a task that was sent to an address that today's key is not for."""
        variant, found = loaded.variant, None
        with suppress(ConfigurationError):  # unreadable keys are not the problem here
            found = self.keys.find(variant.provider, key_variable(variant.provider))
        key = f"the key from {found[1]}" if found else "the key"
        there, now = shown(task.base_url), shown(today) or "no address"
        unsent = task.receipt is None and task.state in ("recorded", "refused")
        message = (
            f"task {task.id} {'was to be' if unsent else 'was'} sent to {there}, but {key} is "
            f"configured for {now} and is not sent elsewhere; set {variant.environment_prefix}"
            f"_BASE_URL={there} together with the key that belongs there, then resume the task"
        )
        if unsent:
            again = f"{message}; or give the request again, which sends it to {now}"
            return ConfigurationError(again if today else message, task=task)
        if task.receipt is None:
            return OutcomeUnknownError(message, task=task)
        return StillRunningError(message, task=task)

    def clean(self, loaded: LoadedVariant, text: str) -> str:
        """Remove the provider's key from a text that is output."""
        for secret in self._secrets(loaded.variant.provider):
            text = redact(text, secret)
        return text

    def _secrets(self, provider: str) -> list[Secret]:
        """Return every key of a provider that was used here; if none was, the configured one."""
        if not self.keys.used(provider):
            with suppress(ConfigurationError):  # an unreadable key is not used, either
                self.keys.find(provider, key_variable(provider))
        return self.keys.used(provider)

    def without_key(self, task: Task) -> Task:
        """Remove the key from a task: a provider's answer may have echoed it."""
        told = {"receipt": task.receipt, "results": task.results, "error": task.error}
        plain = clean = msgspec.to_builtins(told, builtin_types=(bytes,))
        for secret in self._secrets(task.variant.partition("/")[0]):
            clean = redacted(clean, secret)
        if clean == plain:
            return task
        ours = msgspec.to_builtins(task, builtin_types=(bytes,))
        return msgspec.convert({**ours, **clean}, Task)

    def silence(self, error: BaseException) -> None:
        """Remove every key that was used here from an error that is raised to the caller."""
        silence(error, self.keys.used())

    def clean_refusal(self, loaded: LoadedVariant, refusal: Refusal) -> Refusal:
        """Remove the provider's key from its refusal."""
        code = self.clean(loaded, refusal.code) if refusal.code else None
        message = self.clean(loaded, refusal.message)
        return msgspec.structs.replace(refusal, message=message, code=code)

    def target(self, task: Task) -> Path:
        """Return the path for a task's video."""
        return placed(task.output or f"{self.home / 'videos'}{os.sep}", task.id).absolute()

    def record(self, task: Task, on_update: OnUpdate | None) -> Flow[Task]:
        """Record what is now known of a task, then notify log, observers and caller."""
        task = self.without_key(msgspec.structs.replace(task, updated_at=self.time.now()))
        if self.journal is not None:
            hold = self.held.get(task.id)
            now = self.time.since_boot()
            try:
                yield Ask("save", (task, hold.claim if hold else None))
            except JournalError as failure:
                _blame_rightly(failure, task)
                raise
            except ClaimLost as failure:
                yield from _leave_receipt(task)
                raise _taken_over(task) from failure
            if hold:
                hold.confirmed = now
        self.tell(task, on_update)
        return task

    def note(self, task: Task) -> Flow[None]:
        """Record what is known of a task without notifying anyone: it is not news."""
        if self.journal is not None:
            hold = self.held.get(task.id)
            with suppress(JournalError, ClaimLost):  # it will be found out again
                yield Ask("save", (task, hold.claim if hold else None))

    def confirm(self, task: Task) -> Flow[None]:
        """Make sure that a task is still ours; raise StillRunningError if it is not."""
        hold = self.held.get(task.id)
        if self.journal is not None and hold is not None:
            now = self.time.since_boot()
            if (yield Ask("claim", (task.id, hold.claim))) is None:
                raise _taken_over(task)
            hold.confirmed = now

    def dispatch(self, task: Task) -> Dispatch:
        """Return the dispatch of a task's creating call, which leaves only while the task is ours.

        A process that was suspended, or a child that was forked meanwhile, learns here that another
        process may own the task by now.
        """
        hold = self.held.get(task.id)

        def may_leave() -> None:
            if hold is None or os.getpid() != hold.pid:
                raise NotSent("this process does not own the task; it may be a fork of the owner")
            if self.journal is not None and self.time.since_boot() - hold.confirmed > CONFIRMED:
                # It waited for its place, or slept: check again that it still owns the task.
                now = self.time.since_boot()
                try:
                    self.journal.save(task, hold.claim)
                except (ClaimLost, JournalError) as failure:
                    raise NotSent("another process may have taken the task over") from failure
                hold.confirmed = now

        return Dispatch(may_leave)

    def of_another_key(self, loaded: LoadedVariant, task: Task) -> bool:
        """Whether a task was sent to today's address with another key than today's."""
        today = self.registry.get(task.variant).variant.base_url or ""
        if origin(today) != origin(task.base_url):
            return False  # then the address is reported instead
        return task.key_fingerprint != self.key_fingerprint(loaded, task)

    def key_fingerprint(self, loaded: LoadedVariant, task: Task) -> str:
        """Return a fingerprint of today's key for a task's record; it does not reveal the key."""
        key, _ = self.key(loaded)
        return hmac.new(key.encode(), task.id.encode(), "sha256").hexdigest()[:16]

    def tell(self, task: Task, on_update: OnUpdate | None) -> None:
        """Notify the log, the observers and the caller of what is now known of a task."""
        log.info("task", task=task.id, variant=task.variant, state=task.state)
        for observer in self.observers():
            try:
                observer(task)
            except FAULTS:  # an observer never stops a task, nor the program
                log.warning("an observer raised", observer=repr(observer), exc_info=True)
        if on_update:
            on_update(task)

    def observers(self) -> Iterable[OnUpdate]:
        """Return the installed observers and the embedder's own; broken ones are skipped."""
        if "installed" not in self.__dict__:
            installed: list[Any] = []
            for entry in self.registry.installed.group(OBSERVERS):
                try:
                    installed.append(import_in_time(entry))
                except BrokenPluginError as error:
                    log.warning("an observer cannot be loaded", reason=str(error))
            self.__dict__["installed"] = installed
        return [*self.__dict__["installed"], *self.own_observers]


def _taken_over(task: Task) -> StillRunningError:
    remote = f" (the provider has it as {task.remote_id!r})" if task.receipt else ""
    message = f"another process has taken over task {task.id}{remote}; follow it there"
    return StillRunningError(message, task=task)


def _leave_receipt(task: Task) -> Flow[None]:
    """Record a remote id for the process that has taken over the task without knowing it.

    A process that was suspended during the submit wakes up with it, and is the only one to know it.
    """
    if task.receipt:
        near = yield Ask("find", (task.id,))
        found = [known for known in near if known.id == task.id]
        if found and not found[0].receipt and not found[0].ended:
            yield Ask("save", (task, None))


def _blame_rightly(failure: JournalError, task: Task) -> None:
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


def key_variable(provider: str) -> str:
    """Return the environment variable that holds a provider's key."""
    return f"{environment_prefix(provider)}_API_KEY"


def pausing(task: Task, seconds: float) -> Flow[None]:
    """Let time pass; a caller that stops waiting leaves the task as it is."""
    try:
        yield Sleep(seconds)
    except StopWaiting as stop:
        message = f"stopped waiting for task {task.id} ({task.state}); resume it later"
        raise StillRunningError(message, task=task) from stop


def placed(output: str, task_id: str) -> Path:
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
