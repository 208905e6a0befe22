"""Streams without write errors: a lost line must not stop a task under way."""

import io
from typing import Any, TextIO


class _IgnoringErrors(io.FileIO):
    def write(self, data: Any) -> int:
        try:
            written = super().write(data)
        except OSError:  # a full disk, a reader that has left
            return len(data)
        return len(data) if written is None else written


class _RememberingTheError(io.FileIO):
    error: OSError | None = None

    def write(self, data: Any) -> int:
        if self.error is None:
            try:
                return super().write(data)
            except BrokenPipeError:  # nobody reads any more: the command ends at once
                raise
            except OSError as error:
                self.error = error
        return len(data)  # what follows is dropped, too: the output has an end, but no holes


def ignore_write_errors(stream: TextIO) -> TextIO:
    """Return a stream to the same file that drops what cannot be written.

    A stream without a plain file (None, a Windows console, a test's stream) is returned as it is.
    """
    return _to_the_same_file(stream, _IgnoringErrors)


def remember_write_error(stream: TextIO) -> TextIO:
    """Return a stream as `ignore_write_errors` does; `write_error` then says what went wrong."""
    return _to_the_same_file(stream, _RememberingTheError)


def write_error(stream: TextIO | None) -> OSError | None:
    """Return why something could not be written to a stream, if it remembers that."""
    file = getattr(getattr(stream, "buffer", None), "raw", None)
    return file.error if isinstance(file, _RememberingTheError) else None


def _to_the_same_file(stream: TextIO, kind: type[io.FileIO]) -> TextIO:
    buffer = getattr(stream, "buffer", None)
    raw = getattr(buffer, "raw", buffer)  # unbuffered, it is the file itself
    if type(raw) is not io.FileIO:
        return stream
    kept = kind(raw.fileno(), "wb", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(kept), encoding=stream.encoding, errors=stream.errors, line_buffering=True
    )
