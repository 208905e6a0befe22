"""The clients: the same flows, driven with and without an event loop."""

import asyncio
import os
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from rushes.check import Report, check
from rushes.flow import Do, Effect, Send, Sleep, drive, drive_async
from rushes.home import Keys, home_folder
from rushes.jobs import Jobs
from rushes.journal import Journal
from rushes.loading import LoadedVariant
from rushes.problems import Problem
from rushes.registry import Registry
from rushes.request import Request
from rushes.session import OnUpdate, Session
from rushes.siblings import naming_siblings
from rushes.task import Task
from rushes.transport import AsyncTransport, Settings, Timeouts, Transport
from rushes.uploading import file_problem
from rushes.variant import Polling

RequestLike = Request | Mapping[str, Any]
DEFAULT: Any = object()


class _Shared:
    """What both clients are made of; everything here is free of waiting.

    An argument beats the environment, which beats what is stored in the home folder. Nothing is
    opened, imported or written before it is needed.
    """

    def __init__(
        self,
        *,
        keys: Mapping[str, str] | None = None,
        base_urls: Mapping[str, str] | None = None,
        home: str | Path | None = None,
        journal: Journal | None = DEFAULT,
        timeouts: Timeouts | None = None,
        polling: Polling | None = None,
        proxy: str | None = None,
        transport: Any = None,
        connections: int = 10,
        plugins: Iterable[Any] = (),
        wrappers: Iterable[Any] = (),
        observers: Iterable[OnUpdate] = (),
    ) -> None:
        """Configure a client.

        `keys` and `base_urls` are by provider; `home` is the folder for journal, stored keys and
        downloads; `polling` overrides the providers' advice; `transport` is an httpx transport;
        `connections` bounds how many are open at once, however many tasks are followed.

        With `journal=None` nothing is written down: a task that you do not keep yourself is lost
        with the process, a job cannot be told from one sent before, and `tasks` and `resume` by
        reference do not work. Give it only where you store every Task that `on_update` shows you.
        """
        folder = home_folder(home, os.environ)
        self._settings = Settings(
            timeouts=timeouts or Timeouts(),
            proxy=proxy,
            connections=connections,
            transport=transport,
        )
        self.registry = Registry(plugins, wrappers, base_urls, os.environ)
        self.keys = Keys(keys or {}, os.environ, folder)
        self._session = Session(
            registry=self.registry,
            keys=self.keys,
            journal=Journal(folder / "journal.db") if journal is DEFAULT else journal,
            home=folder,
            timeouts=self._settings.timeouts,
            polling=polling,
            own_observers=tuple(observers),
        )
        self._jobs = Jobs(self._session, self._checked)

    def check(self, variant: str, request: RequestLike) -> Report:
        """Check a request: every problem at once, what would be sent, nothing sent.

        Needs no key, no base URL and no network. A local image is read, not uploaded. Raises
        UnknownVariantError or BrokenPluginError; a wrong request raises nothing, it is reported.
        """
        return naming_siblings(self._checked(variant, request)[1], request, self.registry)

    def check_payload(self, variant: str, payload: Any) -> Report:
        """Check a native payload, as the provider's page shows it."""
        if not isinstance(payload, Mapping):
            message = "a payload is an object"
            problem = Problem(path="", code="type", message=message)
            return Report(variant=variant, problems=(problem,), notes=())
        return self.check(variant, Request(extra=payload))

    def _checked(self, variant: str, request: RequestLike) -> tuple[LoadedVariant, Report]:
        loaded = self.registry.get(variant)
        report = check(loaded, request)
        uploads = loaded.variant.uploads
        if uploads is None:
            return loaded, report
        found = [file_problem(planned, uploads) for planned in report.uploads]
        problems = (*report.problems, *(problem for problem in found if problem))
        if problems != report.problems:
            report = msgspec.structs.replace(report, problems=problems, payload=None)
        return loaded, report

    def _release(self) -> None:
        if self._session.journal is not None:
            self._session.journal.close()


class Client(_Shared):
    """Generates videos, one call at a time; safe to share between threads.

    with rushes.Client() as client:
        task = client.generate("toapis/kling-v3", rushes.Request("A red kite over dunes"))
        print(task.file)
    """

    _transport: Transport | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close connections and the journal."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None
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
        with another it is refused. `output` is kept for whoever resumes the task.

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
    ) -> Task:
        """Follow a task until it is completed; `timeout` is in seconds.

        Raises StillRunningError (the task lives on), TaskEndedError or ResultError.
        """
        return drive(self._jobs.wait(task, timeout, on_update), self._perform)

    def fetch(
        self,
        task: Task | str,
        output: str | Path | None = None,
        *,
        on_update: OnUpdate | None = None,
    ) -> Task:
        """Download a completed task's video; the returned task's `file` says where it is.

        Raises ResultError where what is offered is no video, DiskError where our disk fails.
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

    def cancel(self, task: Task | str, *, on_update: OnUpdate | None = None) -> Task:
        """Ask the provider to cancel a task; raises ConfigurationError where it cannot."""
        return drive(self._jobs.cancel(task, on_update), self._perform)

    def resolve(
        self,
        task: Task | str,
        *,
        remote_id: str | None = None,
        lost: bool = False,
        on_update: OnUpdate | None = None,
    ) -> Task:
        """Say what became of a submit whose outcome is unknown: its remote id, or that it is lost.

        Raises ConfigurationError where the task's outcome is known.
        """
        return drive(self._jobs.resolve(task, remote_id, lost, on_update), self._perform)

    def tasks(self, *, unfinished: bool = False) -> list[Task]:
        """Return the journal's tasks, the newest first."""
        return drive(self._jobs.tasks(unfinished), self._perform)

    def task(self, reference: str) -> Task:
        """Return one task by its reference, or the beginning of it."""
        return drive(self._jobs.find(reference), self._perform)

    def _perform(self, effect: Effect) -> Any:
        if isinstance(effect, Do):
            return effect.work()
        if isinstance(effect, Sleep):
            time.sleep(effect.seconds)
            return None
        if self._transport is None:
            self._transport = Transport(self._settings)
        if isinstance(effect, Send):
            return self._transport.send(effect)
        return self._transport.stream(effect)


class AsyncClient(_Shared):
    """Generates videos, thousands at once: a waiting task holds no connection.

    async with rushes.AsyncClient() as client:
        task = await client.generate("toapis/kling-v3", rushes.Request("A red kite"))
    """

    _transport: AsyncTransport | None = None
    _workers: ThreadPoolExecutor | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close connections, worker threads and the journal."""
        if self._transport is not None:
            await self._transport.close()
            self._transport = None
        if self._workers is not None:
            self._workers.shutdown()
            self._workers = None
        self._release()

    async def submit(
        self,
        variant: str,
        request: RequestLike,
        *,
        task: str | None = None,
        output: str | Path | None = None,
        on_update: OnUpdate | None = None,
    ) -> Task:
        """Do what Client.submit does."""
        flow = self._jobs.submit(variant, request, task, output, on_update)
        return await drive_async(flow, self._perform)

    async def wait(
        self,
        task: Task | str,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - it ends the waiting, not the task
        on_update: OnUpdate | None = None,
    ) -> Task:
        """Do what Client.wait does."""
        return await drive_async(self._jobs.wait(task, timeout, on_update), self._perform)

    async def fetch(
        self,
        task: Task | str,
        output: str | Path | None = None,
        *,
        on_update: OnUpdate | None = None,
    ) -> Task:
        """Do what Client.fetch does."""
        return await drive_async(self._jobs.fetch(task, output, on_update), self._perform)

    async def generate(
        self,
        variant: str,
        request: RequestLike,
        *,
        task: str | None = None,
        output: str | Path | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - it ends the waiting, not the task
        on_update: OnUpdate | None = None,
    ) -> Task:
        """Do what Client.generate does."""
        flow = self._jobs.generate(variant, request, task, output, timeout, on_update)
        return await drive_async(flow, self._perform)

    async def resume(
        self,
        task: Task | str,
        *,
        output: str | Path | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - it ends the waiting, not the task
        on_update: OnUpdate | None = None,
    ) -> Task:
        """Do what Client.resume does."""
        return await drive_async(self._jobs.resume(task, output, timeout, on_update), self._perform)

    async def cancel(self, task: Task | str, *, on_update: OnUpdate | None = None) -> Task:
        """Do what Client.cancel does."""
        return await drive_async(self._jobs.cancel(task, on_update), self._perform)

    async def resolve(
        self,
        task: Task | str,
        *,
        remote_id: str | None = None,
        lost: bool = False,
        on_update: OnUpdate | None = None,
    ) -> Task:
        """Do what Client.resolve does."""
        flow = self._jobs.resolve(task, remote_id, lost, on_update)
        return await drive_async(flow, self._perform)

    async def tasks(self, *, unfinished: bool = False) -> list[Task]:
        """Do what Client.tasks does."""
        return await drive_async(self._jobs.tasks(unfinished), self._perform)

    async def task(self, reference: str) -> Task:
        """Do what Client.task does."""
        return await drive_async(self._jobs.find(reference), self._perform)

    async def _perform(self, effect: Effect) -> Any:
        if isinstance(effect, Do):
            if self._workers is None:
                self._workers = ThreadPoolExecutor(4, thread_name_prefix="rushes")
            return await asyncio.get_running_loop().run_in_executor(self._workers, effect.work)
        if isinstance(effect, Sleep):
            await asyncio.sleep(effect.seconds)
            return None
        if self._transport is None:
            self._transport = AsyncTransport(self._settings)
        if isinstance(effect, Send):
            return await self._transport.send(effect)
        return await self._transport.stream(effect)
