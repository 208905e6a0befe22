"""Runs an ASGI application with uvicorn in a background thread."""

import asyncio
import contextlib
import socket
import sys
import threading
import traceback
import warnings

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

#: How long closing waits for requests under way, in seconds; they end within two, unless a function
#: that answers one does not return.
CLOSING = 20.0


class _ExposingProtocol(H11Protocol):
    """HTTP as usual; `scope["state"]["connection"]` leads a request to its connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "connection": self}


class _UvicornServer(uvicorn.Server):
    """Signals when it is ready, and when it begins to shut down."""

    def __init__(self, config: uvicorn.Config, closing: asyncio.Event) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._closing = closing
        self._loop: asyncio.AbstractEventLoop | None = None

    def stop(self) -> None:
        """Shut down soon; from any thread.

        The loop is woken: if a test replaced the clock for a while, it may be asleep for hours.
        """
        self.should_exit = True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it is closed: the server has ended
                self._loop.call_soon_threadsafe(lambda: None)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._closing.set()
        await super().shutdown(sockets)


class BackgroundServer:
    """An application that is served from construction until `close`.

    `closing` is set, in the server's event loop, when the shutdown begins.
    """

    def __init__(
        self, app: ASGIApp, listeners: list[socket.socket], closing: asyncio.Event
    ) -> None:
        config = uvicorn.Config(
            app,
            loop="asyncio",
            http=_ExposingProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        self._server = _UvicornServer(config, closing)
        self._listeners = listeners
        self._thread = threading.Thread(target=self._run, name="rushes-sandbox", daemon=True)
        self._thread.start()
        self._server.ready.wait()
        if not self._server.started:
            raise RuntimeError("the sandbox's server did not start")

    def close(self) -> None:
        """Stop serving, and wait until the thread has ended.

        If something that answers a request does not return, a `ResourceWarning` says where it is;
        the thread is left behind, and ends with the program.
        """
        self._server.stop()
        self._thread.join(CLOSING)
        frame = sys._current_frames().get(self._thread.ident or 0)  # noqa: SLF001 - the only way
        if self._thread.is_alive() and frame is not None:
            place = "".join(traceback.format_stack(frame, limit=3))
            message = f"the sandbox did not stop within {CLOSING:g} seconds; it is at:\n{place}"
            warnings.warn(message, ResourceWarning, stacklevel=3)

    def _run(self) -> None:
        try:
            self._server.run(sockets=self._listeners)
        finally:
            self._server.ready.set()


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket; an `OSError` means that the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio disables Nagle's delay (40 ms per response) only for a socket created as TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # So that a sandbox on a fixed port can be restarted at once.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        # Before the thread runs, so that an early client waits instead of being refused.
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener
