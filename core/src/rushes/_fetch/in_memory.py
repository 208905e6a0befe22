"""A small file, fetched into memory, complete or not at all."""

from rushes._flow import Interrupted
from rushes.calls import Answer


class TooLarge(Exception):
    """More than is accepted."""


class InMemory:
    """Takes a small body of at most so many bytes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.content = bytearray()

    def begin(self, answer: Answer) -> None:
        """Refuse a body that is encoded, or that may be cut off without anybody noticing."""
        headers = answer.headers
        encoded = headers.get("content-encoding", "identity")
        if encoded != "identity":
            raise Interrupted(f"it is sent with the content encoding {encoded!r}")
        chunked = "chunked" in headers.get("transfer-encoding", "").lower()
        if not chunked and not headers.get("content-length", "").isdecimal():
            raise Interrupted("its server does not say how long it is")

    def write(self, chunk: bytes) -> None:
        """Take a piece; raise TooLarge once there is too much."""
        if len(self.content) + len(chunk) > self._most:
            raise TooLarge
        self.content += chunk

    def report_progress(self) -> None:
        """Report nothing: it is small."""
