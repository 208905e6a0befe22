"""Searching for leaks of the key: text is collected during a case and searched at its end."""

import logging
import pickle
import traceback
from collections.abc import Iterator
from pathlib import Path

from rushes import RushesError, Task

KEY = "qv7-the-key-that-goes-to-one-origin-0c41d9"
PIECE = KEY[:12]
"""A beginning of the key that a truncated quotation may have left."""
HERE = str(Path(__file__).parent)


class Log(logging.Handler):
    """Keeps everything that any logger writes, at every level."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.warnings: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record: its text with the traceback, and everything a formatter could print."""
        if record.name.partition(".")[0] == "uvicorn":
            return  # the sandbox is in this process, too
        text = self.format(record)
        self.lines += [text, repr(record.__dict__)]
        if record.levelno >= logging.WARNING:
            self.warnings.append(text)


def exposed_by_error(error: BaseException) -> Iterator[str]:
    """Yield all that an error report could expose: message, causes, locals, pickles."""
    yield from (str(error), repr(error), repr(error.__dict__))
    with_locals = traceback.TracebackException.from_exception(error, capture_locals=True)
    for part in _parts(with_locals):
        part.stack[:] = [frame for frame in part.stack if not frame.filename.startswith(HERE)]
        yield "".join(part.format())
    if isinstance(error, RushesError):
        pickled = pickle.dumps(error)
        again = pickle.loads(pickled)
        assert (type(again), str(again)) == (type(error), str(error))
        assert again.task == error.task
        yield repr(pickled)


def _parts(
    shown: traceback.TracebackException | None,
) -> Iterator[traceback.TracebackException]:
    if shown is not None:
        yield shown
        yield from _parts(shown.__cause__)
        yield from _parts(shown.__context__)


def exposed_by_task(task: Task) -> Iterator[str]:
    """Yield all that a task could expose."""
    yield repr(task)
    yield repr(pickle.dumps(task))


def files(folder: Path) -> Iterator[str]:
    """Yield every file under a folder, except the one that keys are stored in."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "keys.json":
            yield f"{path}: {path.read_bytes().decode('latin-1')}"


def assert_without_key(texts: list[str]) -> None:
    """Fail if a text contains the key or its beginning."""
    for text in texts:
        place = text.find(PIECE)
        assert place < 0, f"the key shows: {text[max(0, place - 300) : place + 100]}"
