"""One thread that does queued jobs in order; those that wait at the same time form one batch."""

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, Protocol, TypeVar

C = TypeVar("C")
R = TypeVar("R")
Work = Callable[[C], R]
"""What is done on a connection."""


class Job(Generic[C]):
    """Work on a connection, and the future of its result.

    Work raises only before it changes anything: its error concerns it alone, and the rest of the
    same batch is kept. What is not `durable` may be undone by a power cut, like a claim, which is
    void after it. Nobody can cancel the future: who stops waiting does not undo what is queued.
    """

    def __init__(self, work: Callable[[C], Any], *, durable: bool = True) -> None:
        self.work, self.durable = work, durable
        self.done: Future[Any] = Future()
        self.done.set_running_or_notify_cancel()  # a result cannot be set on one that is cancelled

    def end(self, outcome: Any) -> None:
        """Set the result; an exception is raised where it is awaited."""
        if isinstance(outcome, BaseException):
            self.done.set_exception(outcome)
        else:
            self.done.set_result(outcome)


class Batches(Protocol[C]):
    """What a writer calls, always from its own thread."""

    def commit(self, jobs: list[Job[C]]) -> None:
        """Do all jobs, make them durable, end each; never raises."""

    def close(self) -> None:
        """Close what was opened; never raises."""


class Writer(Generic[C]):
    """A thread that runs until it is stopped, and then ends once all its jobs are done.

    A caller that waits may be interrupted (Ctrl-C): its job is still done. Every `every` seconds it
    also does what `chore` returns, if anything.
    """

    def __init__(
        self, batches: Batches[C], chore: Callable[[], Job[C] | None], every: float
    ) -> None:
        self._batches, self._chore, self._every = batches, chore, every
        self._queue: queue.SimpleQueue[Job[C] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="rushes-journal", daemon=True)
        self._thread.start()

    def enqueue(self, job: Job[C]) -> None:
        """Queue a job; it is done even if no caller waits for it."""
        self._queue.put(job)

    def stop(self) -> None:
        """Stop once the queued jobs are done."""
        self._queue.put(None)

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
            del jobs  # the next may come late, and these hold tasks
        self._batches.close()

    def _waiting(self, seconds: float) -> tuple[list[Job[C]], bool]:
        """Wait for a job; return all that are queued, and whether the end was reached."""
        jobs: list[Job[C]] = []
        try:
            job = self._queue.get(timeout=max(seconds, 0))
            while job is not None:
                jobs.append(job)
                job = self._queue.get_nowait()
        except queue.Empty:
            return jobs, False
        return jobs, True
