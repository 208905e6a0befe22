"""One SQLite file, shared by the threads of a process, through its forks and to its end."""

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
    """Writes in one thread, reads in any; opened at the first use, and again after it was closed.

    While it is open, the writing thread does a chore every `every` seconds, where `chore` gives
    one; `last` is done whenever it is closed, and `in_child` is called in a forked child.
    """

    def __init__(
        self,
        file: File,
        *,
        chore: Callable[[], Job[Connection] | None],
        every: float,
        last: Work[Any],
        in_child: Callable[[], None],
    ) -> None:
        self.file = file
        self._chore, self._every, self._last = chore, every, last
        self._in_child = in_child
        self._anew()
        _stores.add(self)

    def write(self, work: Work[T]) -> T:
        """Have work done and made durable; return what it gives, or raise what it raises.

        Whoever is interrupted here (Ctrl-C) has handed it over: it is done all the same.
        """
        return self.hand(work).result()

    def hand(self, work: Work[T]) -> "Future[T]":
        """Hand over work, to be done after all that was handed over before; promise its outcome."""
        job: Job[Connection] = Job(work)
        with self._lock:
            self._start().hand(job)
        return job.done

    def hand_if_open(self, work: Work[Any]) -> None:
        """Hand over work where the file is being written; needs no lock and starts no thread."""
        writer = self._writer
        if writer is not None:
            writer.hand(Job(work))

    def read(self, work: Work[T]) -> T:
        """Do work that only reads, now."""
        return self._reader.read(work)

    def close(self) -> None:
        """Wait until all is done that was handed over; close the file."""
        with self._lock:
            if self._writer is not None:
                self._writer.hand(Job(self._last))
            self._stop()
        if self._stopped is not None:
            self._stopped.join()
        with self._reader.lock:
            self._reader.close()

    def pause(self) -> None:
        """Close the file, and let nobody open it before `go_on`."""
        self._lock.acquire()
        self._was_open = self._writer is not None
        self._stop()
        if self._stopped is not None:
            self._stopped.join()
        self._reader.lock.acquire()
        self._reader.close()

    def go_on(self, *, in_child: bool) -> None:
        """Let the file be opened again; in a child, by new locks and a new thread."""
        if in_child:
            self._anew()
            self._in_child()
            return
        if self._was_open:
            self._start()  # for its chores
        self._reader.lock.release()
        self._lock.release()

    def _anew(self) -> None:
        self._lock = threading.Lock()
        self._reader = Reader(self.file)
        self._writer: Writer[Connection] | None = None
        self._stopped: Writer[Connection] | None = None
        self._was_open = False

    def _start(self) -> Writer[Connection]:
        """Return the running writer; the caller has the lock."""
        if self._writer is None:
            self._writer = Writer(Batches(self.file), self._chore, self._every)
        return self._writer

    def _stop(self) -> None:
        """Let the writer end once all is done; the caller has the lock."""
        if self._writer is not None:
            self._writer.stop()
            self._writer, self._stopped = None, self._writer

    def let_go(self) -> None:
        """Close the file once all is done that was handed over; waits for nobody, takes no lock."""
        writer = self._writer
        self._writer = None
        if writer is not None:
            writer.hand(Job(self._last))
            writer.stop()
        self._reader.close()


_stores: "WeakSet[Store]" = WeakSet()
_paused: list[Store] = []


def _close_all() -> None:
    """Write what was handed over before the program ends: its threads end with it."""
    for store in list(_stores):
        store.close()


def _before_fork() -> None:
    """Close every file: none may be open while a child is made (howtocorrupt.html, section 2.6)."""
    for store in list(_stores):
        store.pause()
        _paused.append(store)


def _in_parent() -> None:
    while _paused:
        _paused.pop().go_on(in_child=False)


def _in_child() -> None:
    while _paused:
        _paused.pop().go_on(in_child=True)


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_in_parent, after_in_child=_in_child)
