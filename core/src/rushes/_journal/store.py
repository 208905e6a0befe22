"""One SQLite file, shared by the threads of a process, across forks and until the process ends."""

import atexit
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar
from weakref import WeakSet

from rushes._journal.database import Batches, Connection, File, Reader
from rushes._journal.writer import Job, Writer

T = TypeVar("T")
Work = Callable[[Connection], T]


class Store:
    """Writes in one thread, reads in any; opened at the first use, reopened after a close.

    While it is open, the writing thread does the job that `chore` returns, if any, every `every`
    seconds; `last` is done whenever it is closed, and `in_child` is called in a forked child.
    `begin` is done at the beginning of each transaction, `undo` is called after one that failed.
    """

    def __init__(
        self,
        file: File,
        *,
        chore: Callable[[], Job[Connection] | None],
        every: float,
        last: Work[Any],
        in_child: Callable[[], None],
        begin: Work[None],
        undo: Callable[[], None],
    ) -> None:
        self.file = file
        self._begin, self._undo = begin, undo
        self._chore, self._every, self._last = chore, every, last
        self._in_child = in_child
        self._reset()
        _stores.add(self)

    def write(self, work: Work[T]) -> T:
        """Do work and make it durable; return its result, or raise its error.

        If the caller is interrupted here (Ctrl-C), the work is still done.
        """
        return self.enqueue(work).result()

    def enqueue(self, work: Work[T], *, durable: bool = True) -> "Future[T]":
        """Queue work, to be done after everything queued before; return a future of its result."""
        job: Job[Connection] = Job(work, durable=durable)
        with self._lock:
            self._start().enqueue(job)
        return job.done

    def enqueue_if_open(self, work: Work[Any]) -> None:
        """Queue work if the writer is running; takes no lock and starts no thread."""
        writer = self._writer
        if writer is not None:
            writer.enqueue(Job(work, durable=False))

    def read(self, work: Work[T]) -> T:
        """Do work that only reads, immediately."""
        return self._reader.read(work)

    def close(self) -> None:
        """Wait until all queued work is done; close the file."""
        with self._lock:
            if self._writer is not None:
                self._writer.enqueue(Job(self._last, durable=False))
            self._stop()
        if self._stopped is not None:
            self._stopped.join()
        with self._reader.lock:
            self._reader.close()

    def pause(self) -> None:
        """Close the file, and block everyone from opening it until `go_on`."""
        self._lock.acquire()
        self._was_open = self._writer is not None
        self._stop()
        if self._stopped is not None:
            self._stopped.join()
        self._reader.lock.acquire()
        self._reader.close()

    def unpause(self, *, in_child: bool) -> None:
        """Allow the file to be opened again; in a child, with new locks and a new thread."""
        if in_child:
            self._reset()
            self._in_child()
            return
        if self._was_open:
            self._start()  # for its regular chore
        self._reader.lock.release()
        self._lock.release()

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._reader = Reader(self.file)
        self._writer: Writer[Connection] | None = None
        self._stopped: Writer[Connection] | None = None
        self._was_open = False

    def _start(self) -> Writer[Connection]:
        """Return the running writer; the caller has the lock."""
        if self._writer is None:
            batches = Batches(self.file, begin=self._begin, undo=self._undo)
            self._writer = Writer(batches, self._chore, self._every)
        return self._writer

    def _stop(self) -> None:
        """Let the writer end once all work is done; the caller has the lock."""
        if self._writer is not None:
            self._writer.stop()
            self._writer, self._stopped = None, self._writer

    @property
    def is_open(self) -> bool:
        """Whether a thread runs or a file is open."""
        return self._writer is not None or self._reader.is_open

    def close_without_waiting(self) -> None:
        """Close the file once all queued work is done; does not wait and takes no lock."""
        writer = self._writer
        self._writer, self._was_open = None, False
        if writer is not None:
            writer.enqueue(Job(self._last, durable=False))
            writer.stop()
        self._reader.close()


_stores: "WeakSet[Store]" = WeakSet()
_paused: list[Store] = []


def _close_all() -> None:
    """Write what was queued before the program ends: its threads end with it."""
    for store in list(_stores):
        store.close()


def _before_fork() -> None:
    """Close every file: none may be open across a fork (howtocorrupt.html, section 2.6)."""
    for store in list(_stores):
        store.pause()
        _paused.append(store)


def _in_parent() -> None:
    while _paused:
        _paused.pop().unpause(in_child=False)


def _in_child() -> None:
    while _paused:
        _paused.pop().unpause(in_child=True)


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_in_parent, after_in_child=_in_child)
