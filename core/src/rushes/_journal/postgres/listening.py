"""Being told by the server that there is news: a connection that listens, and its thread."""

import os
import selectors
import socket
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from weakref import WeakSet

import psycopg

from rushes import _log as log
from rushes._journal.postgres.server import Connection, Server
from rushes.errors import JournalError

CHANNEL = "rushes_news"
AGAIN = 1.0
"""Seconds before it connects again after the connection was lost."""


class Listening:
    """A thread that calls `heard` when another process told something, until it is stopped.

    Whatever was told while there was no connection is in the table: `heard` is called, too,
    whenever there is one again.
    """

    def __init__(self, server: Server, heard: Callable[[], None]) -> None:
        self._server, self._heard = server, heard
        self._stopped = threading.Event()
        self._here, self._there = socket.socketpair()
        self._fileno: int | None = None
        self._thread = threading.Thread(target=self._run, name="rushes-listening", daemon=True)
        _all.add(self)
        self._thread.start()

    def stop(self) -> None:
        """Disconnect, and wait for the end of the thread."""
        self._stopped.set()
        self._there.send(b"x")
        self._thread.join()
        _all.discard(self)
        for end in (self._here, self._there):
            end.close()

    def leave_to_parent(self) -> None:
        """Close, in a forked child, what belongs to its parent, without ending it there."""
        if self._fileno is not None:
            with suppress(OSError):
                os.close(self._fileno)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                with closing(self._server.open()) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    self._fileno = connection.fileno()
                    self._wait(connection)
            except (psycopg.Error, OSError, JournalError) as failure:
                reason = self._server.explain(failure)
                log.warning("news of the journal is not listened to", reason=str(reason))
                self._stopped.wait(AGAIN)
            finally:
                self._fileno = None

    def _wait(self, connection: Connection) -> None:
        with selectors.DefaultSelector() as both:  # not select(2): that knows 1,024 files at most
            for end in (connection, self._here):
                both.register(end, selectors.EVENT_READ)
            while not self._stopped.is_set():
                self._heard()
                both.select()
                for _ in connection.notifies(timeout=0):
                    pass


_all: "WeakSet[Listening]" = WeakSet()


def _in_child() -> None:
    for each in list(_all):
        each.leave_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
