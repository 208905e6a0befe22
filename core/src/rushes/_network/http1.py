"""HTTP/1.1 without input and output: a request as bytes, an answer from bytes (RFC 9112).

Answers are read by httptools, which wraps llhttp, the parser of Node.js; it refuses what two
readers could understand differently.
"""

from collections import deque
from typing import Any

import httpcore
import httptools

from rushes._network.requests import Request

MAX_OVERHEAD = 100 * 1024
"""Bytes of head, or between two pieces of a body, that an answer may have."""


def head_of(request: Request) -> bytes:
    """Return the request line and the headers as they are sent."""
    lines = [f"{request.method} {request.address.target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


class AnswerReader:
    """Reads one answer from the bytes as they arrive."""

    def __init__(self, *, once: bool) -> None:
        """Read an answer; `once`: no other request follows on the same connection."""
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.waiting = 0
        """Bytes of the body that have arrived and were not yet taken."""
        self.began = False
        """Whether the head is complete."""
        self.ended = False
        """Whether the whole answer has arrived."""
        self.reusable = False
        """Whether the connection can be used for another request."""
        self.failure: Exception | None = None
        """Why nothing more can be read, once what arrived before was taken."""
        self._once = once
        self._overhead = 0
        self._arrived = 0
        self._pieces: deque[bytes] = deque()
        self._parser: Any = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        """Take what has arrived."""
        if self._parser is None:
            self.reusable = False  # nobody asked for what follows the answer
            return
        arrived = self._arrived
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(f"not an HTTP answer: {error}")
        self._overhead = self._overhead + len(data) if self._arrived == arrived else 0
        if self._overhead > MAX_OVERHEAD:
            self._fail(f"{MAX_OVERHEAD} bytes arrived without anything of a body")
        if self.ended or self.failure is not None:
            self._parser = None  # they refer to each other, and would wait for the collector

    def feed_end(self) -> None:
        """Take the end of the connection, which may also be the end of the body."""
        self.reusable = False
        if self.ended or self.failure is not None:
            return
        named = {name.lower(): value.lower() for name, value in self.headers}
        coding = named.get(b"transfer-encoding", b"").rpartition(b",")[2].strip()
        if not self.began:
            self._fail("the server disconnected without sending an answer")
        elif b"content-length" in named or coding == b"chunked":
            self._fail("the server disconnected before the answer was complete")
        else:
            self.ended = True

    def fail(self, failure: Exception) -> None:
        """Note that nothing more will arrive; what follows a complete answer does not matter."""
        self.reusable = False
        if not self.ended and self.failure is None:
            self.failure = failure

    def take(self) -> bytes | None:
        """Take the next piece of the body; None if more must arrive first, empty at its end.

        Raises what the connection failed with, once everything before it was taken.
        """
        if self._pieces:
            piece = self._pieces.popleft()
            self.waiting -= len(piece)
            return piece
        if self.failure is not None:
            raise self.failure
        return b"" if self.ended else None

    def _fail(self, message: str) -> None:
        self.fail(httpcore.RemoteProtocolError(message))

    def on_message_begin(self) -> None:
        """Notice an answer that nobody asked for; httptools calls this and the methods below."""
        if self.ended:
            self.reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; those after the body are not wanted."""
        if not self.began:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Note that the head is complete; one of 1xx is not that of the answer."""
        if self.began:
            return
        self.status = self._parser.get_status_code()
        self.began = self.status >= 200
        if not self.began:
            self.headers.clear()

    def on_body(self, piece: bytes) -> None:
        """Keep a piece of the body."""
        if not self.ended:
            self._pieces.append(piece)
            self._arrived += len(piece)
            self.waiting += len(piece)

    def on_message_complete(self) -> None:
        """Note that the answer is complete."""
        if self.began and not self.ended:
            self.ended = True
            self.reusable = not self._once and self._parser.should_keep_alive()
