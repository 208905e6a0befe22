"""Standard error that may go away: no words for a person are worth a job that is under way."""

import io
from typing import Any, TextIO


class _Forgiving(io.FileIO):
    def write(self, data: Any) -> int:
        try:
            written = super().write(data)
        except OSError:  # a full disk, a reader that has left
            return len(data)
        return len(data) if written is None else written


def forgiving(stream: TextIO) -> TextIO:
    """Return a stream to the same file that drops what cannot be written.

    What is no plain file (none at all, a console of Windows, a stream of a test) stays as it is.
    """
    buffer = getattr(stream, "buffer", None)
    raw = getattr(buffer, "raw", buffer)  # an unbuffered interpreter has no buffer between
    if type(raw) is not io.FileIO:
        return stream
    kept = _Forgiving(raw.fileno(), "wb", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(kept), encoding=stream.encoding, errors=stream.errors, line_buffering=True
    )
