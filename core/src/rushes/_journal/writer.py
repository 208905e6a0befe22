"""One thread that does what it is handed, in order; what waits together is done at once."""

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, Protocol, TypeVar

C = TypeVar("C")


class Job(Generic[C]):
    """Work on a connection, and the promise of what comes of it.

    Work raises only before it changes anything: what it raises concerns it alone, and all that was
    done in the same batch stands.
    """

    def __init__(self, work: Callable[[C], Any]) -> None:
        self.work = work
        self.done: Future[Any] = Future()

    def end(self, outcome: Any) -> None:
        """Keep the promise; an exception is raised where it is awaited."""
        if isinstance(outcome, BaseException):
            self.done.set_exception(outcome)
        else:
            self.done.set_result(outcome)


class Batches(Protocol[C]):
    """What a writer drives, always from its own thread."""

    def commit(self, jobs: list[Job[C]]) -> None:
        """Do all of them, make them durable, end each; never raises."""

    def close(self) -> None:
        """Let go of what was opened; never raises."""


class Writer(Generic[C]):
    """A thread that lives until it is stopped, and then ends once all it was handed is done.

    Whoever waits may be interrupted (Ctrl-C): what was handed over is done all the same. Every
    `every` seconds it does `chore` besides, where there is one.
    """

    def __init__(
        self, batches: Batches[C], chore: Callable[[], Job[C] | None], every: float
    ) -> None:
        self._batches, self._chore, self._every = batches, chore, every
        self._handed: queue.SimpleQueue[Job[C] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="rushes-journal", daemon=True)
        self._thread.start()

    def hand(self, job: Job[C]) -> None:
        """Hand over a job; it is done even if nobody waits for it."""
        self._handed.put(job)

    def stop(self) -> None:
        """Let the thread end after what was handed over before."""
        self._handed.put(None)

    def join(self) -> None:
        """Wait for the end of the thread."""
        self._thread.join()

    def _run(self) -> None:
        due = time.monotonic() + self._every
        stopped = False
        while not stopped:
            jobs, stopped = self._waiting(due - time.monotonic())
            if time.monotonic() >= due:
                due = time.monotonic() + self._every
                if chore := self._chore():
                    jobs.insert(0, chore)
            if jobs:
                self._batches.commit(jobs)
        self._batches.close()

    def _waiting(self, seconds: float) -> tuple[list[Job[C]], bool]:
        """Return all that waits, and whether that was the end; wait for the first of it."""
        jobs: list[Job[C]] = []
        try:
            job = self._handed.get(timeout=max(seconds, 0))
            while job is not None:
                jobs.append(job)
                job = self._handed.get_nowait()
        except queue.Empty:
            return jobs, False
        return jobs, True
