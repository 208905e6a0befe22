"""An event loop across a fork: what the child does with its copy must not reach the parent's.

On Linux both share one epoll and one socket that wakes the loop up. A child that closes its copy,
as `asyncio.run` does when a coroutine returns in the child, would remove that socket from the
epoll, and its parent would sleep forever.
"""

import os
import selectors
import socket
from asyncio import AbstractEventLoop
from contextlib import suppress
from typing import Any
from weakref import WeakSet

_loops: "WeakSet[AbstractEventLoop]" = WeakSet()


def separate_in_children(loop: AbstractEventLoop) -> None:
    """Give the copy of this loop in every forked child an epoll and a wake-up socket of its own.

    Only asyncio's own loop on Linux needs that; another is left as it is.
    """
    if _descriptors(loop):
        _loops.add(loop)


def _descriptors(loop: Any) -> tuple[int, int, int] | None:
    """Return a loop's epoll and the two ends of its wake-up socket, while it is open."""
    kind = getattr(selectors, "EpollSelector", None)
    parts = [getattr(loop, name, None) for name in ("_selector", "_ssock", "_csock")]
    if kind is None or None in parts or not isinstance(parts[0], kind):
        return None
    epoll, inner, outer = (part.fileno() for part in parts if part)
    return epoll, inner, outer


def _in_child() -> None:
    for loop in list(_loops):
        if found := _descriptors(loop):
            with suppress(OSError):
                _separate(*found)


def _separate(epoll: int, inner: int, outer: int) -> None:
    """Replace the descriptors under their numbers; the copies of the parent's are closed here."""
    import select

    one, other = socket.socketpair()
    one.setblocking(False)
    other.setblocking(False)
    with one, other, select.epoll() as new:
        os.dup2(one.fileno(), inner, inheritable=False)
        os.dup2(other.fileno(), outer, inheritable=False)
        new.register(inner, select.EPOLLIN)
        os.dup2(new.fileno(), epoll, inheritable=False)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
