"""A raw TCP server: a test decides, byte by byte, what each connection gets."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from made_up_hosts import CERTIFICATE

ESTABLISHED = b"\x01"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def still_open(connection: socket.socket) -> bool:
    """Whether the client still has a connection open; its thread may notice the end later."""
    if not hasattr(socket, "TCP_INFO"):
        return True
    try:
        return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) == ESTABLISHED
    except OSError:
        return False  # closed on this side


class RawServer:
    """Listens on 127.0.0.1; calls `behave` for each connection, in a thread of its own."""

    def __init__(self, behave: "Behaviour", *, tls: bool = False) -> None:
        self._behave = behave
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.release = threading.Event()
        self.accepted = self.most = 0
        self.heads: list[bytes] = []
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._tls: ssl.SSLContext | None = None
        if tls:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(CERTIFICATE)
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with self._lock:
            self.accepted += 1
            self._open = [connection, *filter(still_open, self._open)]
            self.most = max(self.most, len(self._open))
        connection.settimeout(30)
        try:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            self._behave(self, connection)
        except OSError:
            pass  # the client went away, as expected
        finally:
            connection.close()

    def requests(self, connection: socket.socket) -> Iterator[bytes]:
        """Read the head of each request without a body, until the client hangs up."""
        data = b""
        while True:
            while b"\r\n\r\n" not in data:
                chunk = connection.recv(65536)
                if not chunk:
                    return
                data += chunk
            head, _, data = data.partition(b"\r\n\r\n")
            self.heads.append(head)
            yield head

    def drip(self, connection: socket.socket, data: Iterator[bytes]) -> None:
        """Send piece by piece until the client goes away or the test is over."""
        for piece in data:
            connection.sendall(piece)
            if self.release.wait(0.01):
                return


Behaviour = Callable[[RawServer, socket.socket], None]


def answering(answer: bytes = OK) -> Behaviour:
    """Return a behaviour that gives every request the same answer."""

    def behave(server: RawServer, connection: socket.socket) -> None:
        for _ in server.requests(connection):
            connection.sendall(answer)

    return behave


def silent(server: RawServer, connection: socket.socket) -> None:
    """Neither read nor write until the test is over."""
    server.release.wait(30)
