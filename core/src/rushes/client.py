"""The client for code that waits: the flows, driven one effect after the other."""

import threading
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rushes._client.configuration import Configured
from rushes._client.verbs import RequestLike
from rushes._flow import Ask, Do, Effect, Send, Sleep, StopWaiting, drive
from rushes._session.session import OnUpdate
from rushes.task import Task

if TYPE_CHECKING:
    from rushes._network.transport import Transport


class Client(Configured):
    """Generates videos, one call at a time; safe to share between threads.

    with rushes.Client() as client:
        task = client.generate("toapis/kling-v3", rushes.Request("A red kite over dunes"))
        print(task.file)
    """

    _transport: "Transport | None" = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if self._transport is not None:
            self._left_open()

    def close(self) -> None:
        """Close connections and the journal."""
        if (transport := vars(self).pop("_transport", None)) is not None:
            transport.close()
        self._release()

    def submit(
        self,
        variant: str,
        request: RequestLike,
        *,
        task: str | None = None,
        output: str | Path | None = None,
        on_update: OnUpdate | None = None,
    ) -> Task:
        """Pay for one request and return its task, accepted by the provider.

        `task` is a reference of your own: used again with the same request it returns that task,
        with another it is refused. `output` is kept for whoever resumes the task: a file, or a
        folder (one that is there, or a name that ends with a slash), where the file is named after
        the task.

        Raises RequestError, ConfigurationError, NotSentError or RefusedError where nothing was
        bought, OutcomeUnknownError where nobody knows.
        """
        flow = self._jobs.submit(variant, request, task, output, on_update)
        return drive(flow, self._perform)

    def wait(
        self,
        task: Task | str,
        *,
        timeout: float | None = None,
        on_update: OnUpdate | None = None,
        stop: threading.Event | None = None,
    ) -> Task:
        """Follow a task until it is completed; `timeout` is in seconds.

        However short that is, the provider is asked where its advice allows that since the last
        look, which the journal keeps: a call now and then follows a task as well. Another thread
        that sets `stop` ends the waiting, not the task. Raises StillRunningError (the task lives
        on), TaskEndedError or ResultError.
        """

        def perform(effect: Effect) -> Any:
            if stop is None or not isinstance(effect, Sleep):
                return self._perform(effect)
            if stop.wait(effect.seconds):
                raise StopWaiting
            return None

        return drive(self._jobs.wait(task, timeout, on_update), perform)

    def fetch(
        self,
        task: Task | str,
        output: str | Path | None = None,
        *,
        on_update: OnUpdate | None = None,
    ) -> Task:
        """Download a completed task's video; the returned task's `file` says where it is.

        One that lies there already is left alone. Raises ResultError where what is offered is no
        video, StillRunningError where it does not come in time, DiskError where our disk fails.
        """
        return drive(self._jobs.fetch(task, output, on_update), self._perform)

    def generate(
        self,
        variant: str,
        request: RequestLike,
        *,
        task: str | None = None,
        output: str | Path | None = None,
        timeout: float | None = None,
        on_update: OnUpdate | None = None,
    ) -> Task:
        """Check, submit, wait and fetch; raises what those raise."""
        flow = self._jobs.generate(variant, request, task, output, timeout, on_update)
        return drive(flow, self._perform)

    def resume(
        self,
        task: Task | str,
        *,
        output: str | Path | None = None,
        timeout: float | None = None,
        on_update: OnUpdate | None = None,
    ) -> Task:
        """Take a task up where it was left, in this process or another, and bring its video."""
        return drive(self._jobs.resume(task, output, timeout, on_update), self._perform)

    def refresh(self, task: Task | str, *, on_update: OnUpdate | None = None) -> Task:
        """Look once at what a task is now, and return it, whatever that is.

        The provider is asked even where its advice says to wait. What is over, or was never
        accepted, is returned as it is known; of a task that somebody else follows, what they have
        recorded. Raises StillRunningError where the provider could not be asked or understood.
        """
        return drive(self._jobs.refresh(task, on_update), self._perform)

    def cancel(self, task: Task | str, *, on_update: OnUpdate | None = None) -> Task:
        """Ask the provider to cancel a task; one that was never sent is dropped.

        Raises NotOfferedError where the provider has no way to, StillRunningError where it refused
        or did not answer.
        """
        return drive(self._jobs.cancel(task, on_update), self._perform)

    def resolve(
        self,
        task: Task | str,
        *,
        remote_id: str | None = None,
        memo: Any = None,
        lost: bool = False,
        on_update: OnUpdate | None = None,
    ) -> Task:
        """Say what became of a submit whose outcome is unknown: its remote id, or that it is lost.

        `memo` is any JSON that the plugin keeps in the receipt beside the id, where it does.
        Raises ConfigurationError where the task's outcome is known, where the id cannot be one, or
        where the plugin cannot ask about the task with what is given.
        """
        return drive(self._jobs.resolve(task, remote_id, memo, lost, on_update), self._perform)

    def tasks(self, *, unfinished: bool = False) -> list[Task]:
        """Return the journal's tasks, the newest first; `unreadable` names those left out."""
        return drive(self._records.tasks(unfinished), self._perform)

    def unreadable(self, *, unfinished: bool = False) -> dict[str, str]:
        """Return the references of tasks that the journal holds and cannot read, with the reasons.

        They are in no list of `tasks`.
        """
        return drive(self._records.unreadable(unfinished), self._perform)

    def task(self, reference: str) -> Task:
        """Return one task by its reference, or the beginning of it."""
        return drive(self._records.find(reference), self._perform)

    def history(self, reference: str) -> list[Task]:
        """Return what a task was after every change of it, oldest first."""
        return drive(self._records.history(reference), self._perform)

    def purge(self, older_than: float) -> int:
        """Forget the tasks that are over and unchanged for `older_than` seconds; return how many.

        Nothing of them stays on the disk, their videos do. What is unfinished is kept.
        """
        return drive(self._records.purge(older_than), self._perform)

    def _perform(self, effect: Effect) -> Any:
        if isinstance(effect, Ask):
            return getattr(self._session.journal, effect.method)(*effect.arguments)
        if isinstance(effect, Do):
            return effect.work()
        if isinstance(effect, Sleep):
            self._session.time.sleep(effect.seconds)
            return None
        transport = self._opened()
        return transport.send(effect) if isinstance(effect, Send) else transport.stream(effect)

    def _opened(self) -> "Transport":
        from rushes._network.transport import (
            Transport,  # imports httpx, which a check can do without
        )

        if self._transport is None:
            # Of two threads that come at once, one keeps what it made; a lock would stay locked in
            # a child that is forked meanwhile.
            vars(self).setdefault("_transport", Transport(self._settings))
        return vars(self)["_transport"]  # type: ignore[no-any-return]
