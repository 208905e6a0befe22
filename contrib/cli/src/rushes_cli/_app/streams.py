"""Standard error without write errors: a lost message must not stop a task under way."""

import io
from typing import Any, TextIO


class _IgnoringErrors(io.FileIO):
    def write(self, data: Any) -> int:
        try:
            written = super().write(data)
        except OSError:  # a full disk, a reader that has left
            return len(data)
        return len(data) if written is None else written


def ignore_write_errors(stream: TextIO) -> TextIO:
    """Return a stream to the same file that drops what cannot be written.

    A stream without a plain file (None, a Windows console, a test's stream) is returned as it is.
    """
    buffer = getattr(stream, "buffer", None)
    raw = getattr(buffer, "raw", buffer)  # unbuffered, it is the file itself
    if type(raw) is not io.FileIO:
        return stream
    kept = _IgnoringErrors(raw.fileno(), "wb", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(kept), encoding=stream.encoding, errors=stream.errors, line_buffering=True
    )
