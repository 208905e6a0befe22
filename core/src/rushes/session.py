"""What every flow of one client shares: the plugins, the keys, the journal, the clock."""

import random
import time
from collections.abc import Callable, Iterable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from rushes import log
from rushes.calls import Answer, Call
from rushes.errors import (
    BrokenPluginError,
    ConfigurationError,
    JournalError,
    MissingKeyError,
    OutcomeUnknownError,
    StillRunningError,
)
from rushes.flow import Do, Effect, Flow, Send
from rushes.home import Keys, redact
from rushes.journal import Journal
from rushes.loading import LoadedVariant, import_in_time
from rushes.network import Timeouts
from rushes.registry import OBSERVERS, Registry, distinct
from rushes.task import Refusal, Task
from rushes.urls import origin
from rushes.variant import Polling, configured

OnUpdate = Callable[[Task], None]


class Session(Struct, kw_only=True, dict=True):
    """The things that flows need; the journal is None where the embedder keeps its own."""

    registry: Registry
    keys: Keys
    journal: Journal | None
    home: Path
    timeouts: Timeouts
    polling: Polling | None
    own_observers: tuple[OnUpdate, ...] = ()
    clock: Callable[[], float] = time.time
    jitter: Callable[[float], float] = lambda seconds: seconds * random.uniform(1, 1.1)  # noqa: S311

    def load(self, task: Task) -> LoadedVariant:
        """Return the plugin of a task, at the base URL the task was sent to."""
        loaded = self.registry.get(task.variant)
        return loaded.with_variant(configured(loaded.variant, task.base_url))

    def key(self, loaded: LoadedVariant) -> tuple[str, str]:
        """Return the provider's key and where it is from, or raise MissingKeyError."""
        provider = loaded.variant.provider
        variable = f"{loaded.variant.environment_prefix}_API_KEY"
        found = self.keys.find(provider, variable)
        if not found:
            raise MissingKeyError(
                f"no key for {provider}; set {variable}, "
                f"or store one with: rushes keys set {provider}"
            )
        try:
            found[0].encode("ascii")
        except UnicodeEncodeError:
            found = ("\n", found[1])
        if not found[0].isprintable() or found[0] != found[0].strip():
            raise ConfigurationError(
                f"the key from {found[1]} holds characters no key has (white space, line ends)"
            )
        return found

    def send(
        self, loaded: LoadedVariant, call: Call, total: float, *, creating: bool = False
    ) -> Effect:
        """Describe a call to the provider; the key goes along to the provider's own origin only."""
        with loaded.blamed("a call of its"):
            own = origin(call.url) == origin(loaded.variant.base_url or "")
        if own:
            key, _ = self.key(loaded)
            headers = loaded.call("authorize", call=call, key=key, now=self.clock())
            call = msgspec.structs.replace(call, headers={**call.headers, **headers})
        return Send(call=call, total=total, creating=creating)

    def clean(self, loaded: LoadedVariant, text: str) -> str:
        """Take the provider's key out of a text that leaves us."""
        found = self.keys.find(
            loaded.variant.provider, f"{loaded.variant.environment_prefix}_API_KEY"
        )
        return redact(text, found[0] if found else None)

    def clean_refusal(self, loaded: LoadedVariant, refusal: Refusal) -> Refusal:
        """Take the provider's key out of its own words."""
        code = self.clean(loaded, refusal.code) if refusal.code else None
        message = self.clean(loaded, refusal.message)
        return msgspec.structs.replace(refusal, message=message, code=code)

    def record(self, task: Task, on_update: OnUpdate | None, *, new: bool = False) -> Flow[Task]:
        """Write what is now known of a task, then tell who wants to know."""
        task = msgspec.structs.replace(task, updated_at=self.clock())
        if self.journal is not None:
            journal = self.journal
            try:
                yield Do(lambda: journal.add(task) if new else journal.save(task))
            except JournalError as failure:
                _blame_rightly(failure, task)
                raise
        log.info("task", task=task.id, variant=task.variant, state=task.state)
        for observer in self.observers():
            try:
                observer(task)
            except Exception:  # noqa: BLE001 - an observer never stops a task
                log.warning("an observer raised", observer=repr(observer), exc_info=True)
        if on_update:
            on_update(task)
        return task

    def observers(self) -> Iterable[OnUpdate]:
        """Return the installed observers and the embedder's own; a broken one is passed over."""
        if "installed" not in self.__dict__:
            installed: list[Any] = []
            for entry in distinct(entry_points(group=OBSERVERS)):
                try:
                    installed.append(import_in_time(entry))
                except BrokenPluginError as error:
                    log.warning("an observer cannot be loaded", reason=str(error))
            self.__dict__["installed"] = installed
        return [*self.__dict__["installed"], *self.own_observers]


def _blame_rightly(failure: JournalError, task: Task) -> None:
    """Raise what a journal that fails means once something may have been bought."""
    failure.task = task
    if task.receipt is not None:
        raise StillRunningError(
            f"the provider has task {task.id} as {task.remote_id!r} ({task.state}), "
            f"but it could not be written down; keep that id: {failure}",
            task=task,
        ) from failure
    if task.state == "unknown":
        raise OutcomeUnknownError(
            f"nobody knows whether the submit of task {task.id} was accepted ({task.error}), "
            f"and it could not be written down: {failure}",
            task=task,
        ) from failure


def excerpt(answer: Answer, limit: int = 500) -> str:
    """Quote the beginning of an answer nobody understood."""
    text = answer.body[: 4 * limit].decode("utf-8", "replace").strip()
    quoted = "".join(c if c.isprintable() else " " for c in text)[:limit]
    return f"HTTP {answer.status}: {quoted}" if quoted else f"HTTP {answer.status}, empty"
