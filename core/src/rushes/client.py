"""The synchronous client: the flows, driven one effect after the other."""

import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rushes._client.configuration import Configured
from rushes._client.verbs import RequestLike
from rushes._flow import Ask, Chain, Do, Effect, Gather, Sleep, Stream, T, drive
from rushes._session.ears import Key
from rushes._session.session import OnUpdate, stopped_waiting
from rushes.task import Task

if TYPE_CHECKING:
    from rushes._network.transport import Transport

__all__ = ["Client"]

_GLANCE = 0.1
"""Seconds between two looks at whether to stop, while news is waited for."""


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
        self._close_without_waiting(self._transport)

    def close(self) -> None:
        """Close connections and the journal."""
        self._session.ears.close()
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
        overwrite: bool | None = None,
        on_update: OnUpdate | None = None,
    ) -> Task:
        """Pay for one request and return its task, accepted by the provider.

        `task` is a reference of your own: used again with the same request it returns that task,
        with another request it is refused. `output` is recorded for a later resume: a file, or a
        folder (an existing one, or a path that ends with a slash), in which the file is named after
        the task. A file that is already there is replaced by the video, unless `overwrite` is
        False: this is recorded, too, and means that no file is ever replaced. What is not sent yet
        is then not sent, and what is sent stays unfinished; DiskError names the file.

        Raises RequestError, ConfigurationError, NotSentError or RefusedError if nothing was bought,
        OutcomeUnknownError if that is unknown.
        """
        flow = self._jobs.submit(variant, request, task, output, overwrite, on_update)
        return self._driven(flow)

    def wait(
        self,
        task: Task | str,
        *,
        timeout: float | None = None,
        on_update: OnUpdate | None = None,
        stop: threading.Event | None = None,
    ) -> Task:
        """Follow a task until it is completed; `timeout` is in seconds.

        However short the timeout, the provider is asked if its advice allows a poll, counted from
        the last one in the journal: calling this now and then also follows a task. Another thread
        that sets `stop` ends the waiting, not the task. Raises StillRunningError (the task
        continues at the provider), TaskEndedError or ResultError.
        """
        flow = self._jobs.wait(task, timeout, on_update)
        if stop is None:
            return self._driven(flow)

        def perform(effect: Effect) -> Any:
            if not isinstance(effect, Sleep) or effect.task is None:
                return self._perform(effect)
            if effect.until is None:
                stop.wait(effect.seconds)
            heard = effect.until is not None and self._heard(effect, effect.until, stop)
            if stop.is_set():
                raise stopped_waiting(effect.task)
            return heard

        return drive(flow, perform, self._silence)

    def fetch(
        self,
        task: Task | str,
        output: str | Path | None = None,
        *,
        overwrite: bool | None = None,
        on_update: OnUpdate | None = None,
    ) -> Task:
        """Download a completed task's video; the returned task's `file` says where it is.

        If the task made several, the others are put beside it (`kite-2.mp4`), and `files` has all.

        If it is already there, nothing is done. Another file that is there is replaced if
        `overwrite` says so; if that is left out, it is replaced at an `output` given here, and at
        the task's own output if it was submitted so. Raises ResultError if no result is a video,
        StillRunningError if it does not arrive in time, DiskError if our disk fails.
        """
        return self._driven(self._jobs.fetch(task, output, overwrite, on_update))

    def generate(
        self,
        variant: str | Sequence[str],
        request: RequestLike,
        *,
        task: str | None = None,
        output: str | Path | None = None,
        overwrite: bool | None = None,
        timeout: float | None = None,
        on_update: OnUpdate | None = None,
        watch: bool = True,
    ) -> Task:
        """Check, submit, wait and fetch; raises what those raise.

        `timeout` (seconds) bounds all of it but the paid call itself: one that has left is never
        cut short. With 0, uploads have their own deadlines, and the task's status is asked once.

        With several variants, all are checked first, and the first that accepts the request is
        tried. The next one is tried only once it is certain that nothing came, or will come, of the
        last: it was refused or never sent, or the provider says that it failed or expired. It is
        not after a time-out, an outcome that is unknown, or a task that was cancelled: those raise.
        The task of the second variant has the reference `REF-2`, and so on; `Task.tried` says what
        was tried before. The same call with the same reference goes on where it was left; without a
        reference, so does the same call after an interruption, unless a living process is still at
        it. It buys again what is finished, as with one variant.

        A task that another process works on is watched there, unless `watch` is False: then
        OwnedElsewhereError is raised at once.
        """
        flow = self._jobs.generate(
            variant, request, task, output, overwrite, timeout, on_update, watch
        )
        return self._driven(flow)

    def resume(
        self,
        task: Task | str,
        *,
        output: str | Path | None = None,
        overwrite: bool | None = None,
        timeout: float | None = None,
        on_update: OnUpdate | None = None,
        watch: bool = True,
    ) -> Task:
        """Continue a task where it was left, by this process or another, and download its video.

        `output` and `overwrite` mean what they mean for `fetch`, `watch` what it means for
        `generate`.
        """
        flow = self._jobs.resume(task, output, overwrite, timeout, on_update, watch)
        return self._driven(flow)

    def refresh(self, task: Task | str, *, on_update: OnUpdate | None = None) -> Task:
        """Ask for a task's status once, and return the task in whatever state it is.

        The provider is asked even if its advice says to wait. A task that has ended or was never
        accepted is returned as recorded, and so is one that another process follows. Raises
        StillRunningError if the provider could not be asked or its answer was not understood.
        """
        return self._driven(self._jobs.refresh(task, on_update))

    def cancel(self, task: Task | str, *, on_update: OnUpdate | None = None) -> Task:
        """Ask the provider to cancel a task; a task that was never sent is dropped.

        Raises NotOfferedError if the provider cannot cancel tasks, StillRunningError if it refused
        or did not answer.
        """
        return self._driven(self._jobs.cancel(task, on_update))

    def receive(self, provider: str, headers: Mapping[str, str], body: bytes) -> Task | None:
        """Take what a provider sent to your endpoint, and return the task that it is about.

        `headers` and `body` are the request's, as received. Whoever waits for the task, in this
        process or in another that shares the journal, asks the provider at once what became of it;
        the delivery alone changes nothing. The secret that the provider signs with is its
        `webhook_secret`: `keys={"toapis.webhook_secret": ...}` or `TOAPIS_WEBHOOK_SECRET`; while it
        is replaced, the other is its `old_webhook_secret`.

        Returns None if it is about no task of this journal: a test, or another program's. Raises
        DeliveryError if it is forged, too old or not understood, UnknownVariantError if no plugin
        is installed for the provider, NotOfferedError if that reads no deliveries.
        """
        return self._driven(self._jobs.receive(provider, headers, body))

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

        `memo` is the JSON that some plugins keep in the receipt besides the id. Raises
        ConfigurationError if the task's outcome is known, if the id is not a possible id, or if the
        plugin cannot poll with what is given.
        """
        return self._driven(self._jobs.resolve(task, remote_id, memo, lost, on_update))

    def tasks(
        self,
        *,
        unfinished: bool = False,
        variant: str | None = None,
        since: float | None = None,
        after: Task | None = None,
        limit: int | None = None,
    ) -> list[Task]:
        """Return the journal's tasks, the newest first; `unreadable` names those left out.

        `unfinished`: those that `resume` would continue; `variant`: those of one variant; `since`:
        those created then or later, in seconds since 1970; `limit`: at most so many. For a journal
        of any size, ask for a page at a time: `after` is the last task of the page before.
        """
        flow = self._records.tasks(
            unfinished=unfinished, variant=variant, since=since, after=after, limit=limit
        )
        return self._driven(flow)

    def unreadable(
        self,
        *,
        unfinished: bool = False,
        variant: str | None = None,
        since: float | None = None,
        after: Task | None = None,
        limit: int | None = None,
    ) -> dict[str, str]:
        """Return the references of tasks that the journal cannot read, with the reasons.

        These are the ones that `tasks` leaves out when it is called with the same arguments.
        """
        flow = self._records.unreadable(
            unfinished=unfinished, variant=variant, since=since, after=after, limit=limit
        )
        return self._driven(flow)

    def task(self, reference: str) -> Task:
        """Return one task by its reference, or by the beginning of it."""
        return self._driven(self._records.find(reference))

    def history(self, reference: str) -> list[Task]:
        """Return a task as it was after each change, oldest first."""
        return self._driven(self._records.history(reference))

    def purge(self, older_than: float) -> int:
        """Forget the tasks that are over and unchanged for `older_than` seconds; return how many.

        Nothing of them stays on the disk, except for their videos. Unfinished tasks are kept, and
        so are those that cannot be read; `unreadable` names them.
        """
        return self._driven(self._records.purge(older_than))

    def raw_record(self, reference: str) -> dict[str, Any]:
        """Return what is recorded of a task as it is stored, also if the task cannot be read.

        JSON can hold it: the task's `id`, `variant`, `state`, `remote_id` and other columns of the
        journal, and its `record`, its `call` and its `changes`, with the prompt. Raises
        UnknownTaskError if there is no task with this reference.
        """
        return self._driven(self._records.raw_record(reference))

    def discard(self, record: dict[str, Any]) -> None:
        """Forget a task that cannot be read, given its `raw_record`; keep that somewhere first.

        Its provider may be making, or have made, a video that is paid for. Raises JournalError, and
        forgets nothing, if the task can be read, if a process works on it, or if it has changed.
        """
        self._driven(self._records.discard(record))

    def _driven(self, flow: Chain[T]) -> T:
        return drive(flow, self._perform, self._silence)

    def _perform(self, effect: Effect) -> Any:
        if isinstance(effect, Ask):
            return getattr(self._session.journal, effect.method)(*effect.arguments)
        if isinstance(effect, Do):
            return effect.work()
        if isinstance(effect, Sleep):
            if effect.until is not None:
                return self._heard(effect, effect.until)
            self._session.time.sleep(effect.seconds)
            return None
        transport = self._opened()
        if isinstance(effect, Stream):
            return transport.stream(effect)
        return transport.send(effect.alone if isinstance(effect, Gather) else effect, self._driven)

    def _heard(self, sleep: Sleep, key: Key, stop: threading.Event | None = None) -> bool:
        """Pause until there is news of a task, or `stop` is set; return whether there is news."""
        end = time.monotonic() + self._session.time.pause(sleep.seconds)
        woken, ears = threading.Event(), self._session.ears
        ears.expect(key, woken.set)
        try:
            while not (woken.is_set() or (stop and stop.is_set())):
                left = end - time.monotonic()
                if left <= 0:
                    break
                woken.wait(left if stop is None else min(left, _GLANCE))
        finally:
            ears.forget(key, woken.set)
        return woken.is_set()

    def _opened(self) -> "Transport":
        from rushes._network.transport import (
            Transport,  # imports httpx, which a check can do without
        )

        if (transport := self._transport) is None:
            # Of two threads that come at once, both use what the first one made; a lock would stay
            # locked in a child that is forked meanwhile.
            transport = vars(self).setdefault("_transport", Transport(self._settings))
        return transport
