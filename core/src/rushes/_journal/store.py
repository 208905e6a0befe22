"""One database, shared by the threads of a process, across forks and until the process ends."""

import atexit
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, Protocol, TypeVar
from weakref import WeakSet

from rushes._journal.writer import Batches, C, Job, Work, Writer

T = TypeVar("T")
Aside = tuple[Callable[[], Batches[C]], Callable[[], Job[C] | None]]
"""What else writes, and its chore."""
Read = TypeVar("Read", covariant=True)


class Readers(Protocol[Read]):
    """What reads, in any thread."""

    @property
    def is_open(self) -> bool:
        """Whether something is open."""

    def read(self, work: Work[Read, T]) -> T:
        """Do work that only reads, and return its result."""

    def close(self) -> None:
        """Close what is open; nobody reads any more, or the interpreter is ending."""

    def hold(self) -> None:
        """Wait for those who read, close what is open, and let nobody open it until `go_on`."""

    def go_on(self) -> None:
        """Let it be opened again."""


class Store(Generic[C]):
    """Writes in one thread, reads in any; opened at the first use, reopened after a close.

    `batches` and `reader` make what writes and what reads. While it is open, the job that `chore`
    returns, if any, is done every `every` seconds by the writing thread; what `aside` makes writes
    in a thread of its own, and does the job that its `chore` returns. `last` is done whenever it is
    closed, and `in_child` is called in a forked child.
    """

    def __init__(
        self,
        batches: Callable[[], Batches[C]],
        reader: Callable[[], Readers[C]],
        *,
        chore: Callable[[], Job[C] | None],
        every: float,
        last: Work[C, Any],
        in_child: Callable[[], None],
        aside: Aside[C] | None = None,
    ) -> None:
        self._batches, self._make_reader, self._aside = batches, reader, aside
        self._chore, self._every, self._last = chore, every, last
        self._in_child = in_child
        self._reset()
        _stores.add(self)

    def write(self, work: Work[C, T]) -> T:
        """Do work and make it durable; return its result, or raise its error.

        If the caller is interrupted here (Ctrl-C), the work is still done.
        """
        return self.enqueue(work).result()

    def enqueue(self, work: Work[C, T], *, durable: bool = True) -> "Future[T]":
        """Queue work, to be done after everything queued before; return a future of its result."""
        job: Job[C] = Job(work, durable=durable)
        with self._lock:
            self._start().enqueue(job)
        return job.done

    def enqueue_if_open(self, work: Work[C, Any]) -> None:
        """Queue work if the writer is running; takes no lock and starts no thread."""
        writer = self._writer
        if writer is not None:
            writer.enqueue(Job(work, durable=False))

    def read(self, work: Work[C, T]) -> T:
        """Do work that only reads, immediately."""
        return self._reader.read(work)

    def close(self) -> None:
        """Wait until all queued work is done; close the database."""
        with self._lock:
            if self._writer is not None:
                self._writer.enqueue(Job(self._last, durable=False))
            self._stop()
        self._join()
        self._reader.hold()
        self._reader.go_on()

    def pause(self) -> None:
        """Close the database, and block everyone from opening it until `unpause`."""
        self._lock.acquire()
        self._was_open = self._writer is not None
        self._stop()
        self._join()
        self._reader.hold()

    def unpause(self, *, in_child: bool) -> None:
        """Allow the database to be opened again; in a child, with new locks and new threads."""
        if in_child:
            self._reset()
            self._in_child()
            return
        if self._was_open:
            self._start()  # for its regular chore
        self._reader.go_on()
        self._lock.release()

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._reader = self._make_reader()
        self._writer: Writer[C] | None = None
        self._keeper: Writer[C] | None = None
        self._stopped: list[Writer[C]] = []
        self._was_open = False

    def _start(self) -> Writer[C]:
        """Return the running writer; the caller has the lock."""
        if self._writer is None:
            self._writer = Writer(self._batches(), self._chore, self._every)
            if self._aside is not None:
                batches, chore = self._aside
                self._keeper = Writer(batches(), chore, self._every)
        return self._writer

    def _stop(self) -> None:
        """Let the threads end once all work is done; the caller has the lock."""
        if self._writer is not None:
            self._stopped = [each for each in (self._keeper, self._writer) if each]
            self._writer = self._keeper = None
            for each in self._stopped:
                each.stop()

    def _join(self) -> None:
        for each in self._stopped:
            each.join()

    @property
    def is_open(self) -> bool:
        """Whether a thread runs or the database is open."""
        return self._writer is not None or self._reader.is_open

    def close_without_waiting(self) -> None:
        """Close the database once all queued work is done; does not wait and takes no lock."""
        writer, keeper = self._writer, self._keeper
        self._writer = self._keeper = None
        self._was_open = False
        if writer is not None:
            writer.enqueue(Job(self._last, durable=False))
            writer.stop()
        if keeper is not None:
            keeper.stop()
        self._reader.close()


_stores: "WeakSet[Store[Any]]" = WeakSet()
_paused: list[Store[Any]] = []


def _close_all() -> None:
    """Write what was queued before the program ends: its threads end with it."""
    for store in list(_stores):
        store.close()


def _before_fork() -> None:
    """Close every database: no file (howtocorrupt.html, 2.6), no connection crosses a fork."""
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
