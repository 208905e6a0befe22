"""Who waits for news of a task, and the thread that listens to the journal meanwhile."""

import os
import threading
import time
from collections.abc import Callable
from typing import Any

from rushes import _log as log
from rushes.journal import KEPT_NEWS, Journal

Key = tuple[str, str]
"""A provider, and its id of a task."""
LOOK = 0.5
"""Seconds between two looks at a journal."""
LOOK_ANYWAY = 15.0
"""Seconds between two looks at a journal that says when to look: it may have no connection."""
LINGER = 5.0
"""Seconds for which the thread goes on if nobody waits: somebody else may soon."""


class Ears:
    """The flows of one client that wait for news; each is woken once, when there is some.

    A thread looks at the journal as long as one of them waits. News that nobody waits for is
    remembered: its flow may be in the middle of a poll.
    """

    def __init__(self, journal: Journal | None) -> None:
        self._journal: Any = journal if hasattr(journal, "news") else None
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._waiting: dict[Key, list[Callable[[], None]]] = {}
        self._early: dict[Key, None] = {}
        self._place = 0
        self._thread: threading.Thread | None = None
        self._look: threading.Event | None = None
        """Tells the thread to look now, or to end if it is not its own any more."""
        self._needed = 0.0

    def expect(self, key: Key, wake: Callable[[], None]) -> None:
        """Call `wake`, in any thread, once there is news of a task; at once if there is already."""
        if self._pid != os.getpid():
            self._begin_anew()  # what was there is the parent's
        with self._lock:
            early = key in self._early
            if early:
                del self._early[key]
            else:
                self._waiting.setdefault(key, []).append(wake)
                self._start()
        if early:
            wake()

    def forget(self, key: Key, wake: Callable[[], None]) -> None:
        """Do not call `wake` any more."""
        if self._pid != os.getpid():
            return
        with self._lock:
            calls = self._waiting.get(key, [])
            if wake in calls:
                calls.remove(wake)
            if not calls:
                self._waiting.pop(key, None)

    def told(self, key: Key) -> None:
        """Take notice that there is news of a task, which the journal, if it keeps any, has."""
        look = self._look
        if self._journal is None:
            self._hear([key])
        elif look is not None:
            look.set()

    def end(self) -> None:
        """End the thread, without waiting for it."""
        look, self._look = self._look, None
        if look is not None:
            look.set()

    def close(self) -> None:
        """End the thread, and wait for its end: it does not use the journal any more."""
        self.end()
        thread = self._thread
        if thread is not None and self._pid == os.getpid():
            thread.join()

    def _start(self) -> None:
        """Start the thread if there is none; the caller has the lock."""
        self._needed = time.monotonic()
        if self._journal is not None and self._look is None:
            self._look = threading.Event()
            self._thread = threading.Thread(
                target=self._listen, args=(self._look,), name="rushes-news", daemon=True
            )
            self._thread.start()

    def _listen(self, look: threading.Event) -> None:
        begin = getattr(self._journal, "listen", None)
        stop = begin(look.set) if begin else None
        try:
            while self._go_on(look):
                self._hear(self._told_since())
                look.wait(LOOK_ANYWAY if begin else LOOK)
                look.clear()
        finally:
            if stop:
                stop()

    def _told_since(self) -> list[Key]:
        try:
            self._place, keys = self._journal.news(self._place)
        except Exception as failure:  # noqa: BLE001 - whoever saves a task is told; polls go on
            log.warning("the journal cannot be asked for news", reason=str(failure))
            return []
        found: list[Key] = keys
        return found

    def _go_on(self, look: threading.Event) -> bool:
        """Whether this is still the thread, and is needed."""
        with self._lock:
            now = time.monotonic()
            if self._waiting:
                self._needed = now
            if self._look is look and now > self._needed + LINGER:
                self._look = None
            return self._look is look

    def _hear(self, keys: list[Key]) -> None:
        with self._lock:
            calls = [wake for key in keys for wake in self._calls_for(key)]
        for wake in calls:
            wake()

    def _calls_for(self, key: Key) -> list[Callable[[], None]]:
        if calls := self._waiting.pop(key, None):
            return calls
        self._early.pop(key, None)
        self._early[key] = None
        if len(self._early) > KEPT_NEWS:
            del self._early[next(iter(self._early))]
        return []
