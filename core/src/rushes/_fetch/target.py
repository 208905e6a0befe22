"""Where a video may be written: to a writable place, and never over a file that must stay."""

import contextlib
import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

from rushes._session.session import Session
from rushes.errors import DiskError
from rushes.task import Task

LOGS = "logs"
"""The folder of logs in the home folder."""
_OURS = re.compile(r".+\.(json|part|db(-wal|-shm|-journal)?)", re.IGNORECASE)
"""What files of ours are called in the home folder: keys, grades, a budget, the journal, and what
SQLite keeps beside a database. A contrib package needs no permission to keep one there, too."""


def may_replace(task: Task, output: object, overwrite: bool | None) -> bool:
    """Whether a task's video may replace another file.

    `output` and `overwrite` are what the caller gives now; None means what is recorded. A caller
    who gives only an output means that very file. Without any output, we name the file after the
    task.
    """
    if not (output or task.output):
        return True
    if overwrite is None:
        return bool(output) or task.overwrite
    return overwrite


def writable(session: Session, output: Path, *, overwrite: bool = True) -> None:
    """Raise DiskError if a video could not be written to `output`; nothing is left behind.

    A test file is written in the nearest folder that exists; it has no name if the system supports
    that, so that nothing remains however this process ends. Folders are not made: jobs that begin
    at the same time would remove each other's.
    """
    import tempfile  # it imports every compression module; only a paid call needs it

    output = output.absolute()
    try:
        if output.is_dir():
            raise DiskError(f"{output} is a folder; name a file in it")
        refuse_to_replace(session, output, overwrite=overwrite)
        folder = _nearest_folder(output)
        with tempfile.TemporaryFile(dir=folder, prefix=".", suffix=".part") as file:
            file.write(bytes(4096))
    except (OSError, ValueError) as failure:
        raise _unwritable(output, failure) from failure


def require_possible(output: Path) -> None:
    """Raise DiskError if no file can ever have this path: a name in it is too long, or has a NUL.

    What else is wrong with a place can be put right before its task is resumed.
    """
    try:
        _nearest_folder(output)
    except ValueError as failure:
        raise _unwritable(output, failure) from failure
    except OSError as failure:
        if failure.errno == errno.ENAMETOOLONG:
            raise _unwritable(output, failure) from failure


def _nearest_folder(output: Path) -> Path:
    """Return the nearest folder above a file that exists.

    Raises OSError or ValueError if the names below it cannot be in it.
    """
    folder, names = output.parent, [output.name]
    while not os.path.lexists(folder):
        folder, names = folder.parent, [*names, folder.name]
    for path in (output, *(folder / name for name in names)):
        with contextlib.suppress(FileNotFoundError):
            path.lstat()
    return folder


def _unwritable(output: Path, failure: OSError | ValueError) -> DiskError:
    reason = getattr(failure, "strerror", None) or str(failure)
    return DiskError(f"{output} cannot be written: {reason}; choose another place")


def refuse_to_replace(session: Session, target: Path, *, overwrite: bool) -> None:
    """Raise FileExistsError if the target's name belongs, or will belong, to a file that must stay.

    That is anything but a regular file, and every file of our own: the journal, the keys, a budget,
    the logs. Links are followed to find that out; a link to another regular file, or to nothing, is
    replaced by the video, and what it points to stays unchanged. Without `overwrite`, whatever is
    there must stay.
    """
    if target.exists() and not target.is_file():
        raise FileExistsError(errno.EEXIST, "what has that name is not a regular file")
    if _is_ours(session, target):
        raise FileExistsError(errno.EEXIST, "rushes keeps a file of its own there")
    if not overwrite and os.path.lexists(target):
        raise occupied_error()


def occupied_error() -> FileExistsError:
    """Return the error for a file that may not be replaced."""
    return FileExistsError(
        errno.EEXIST,
        "it exists, and is not this task's video; resume the task with another output "
        "(-o FILE), or overwrite that file (--force)",
    )


def _is_ours(session: Session, target: Path) -> bool:
    """Whether a target is one of our own files: by its name, through links, or by its identity."""
    home, own = _real(session.home), [*_journal_files(session)]
    for place in (_real(target), _real(target.parent) / target.name):
        if home / LOGS in place.parents or any(_same_name(file, place) for file in own):
            return True
        if _OURS.fullmatch(place.name) and _same_name(place.parent, home):
            return True
    if not target.exists():
        return False
    with contextlib.suppress(OSError):  # the home folder is not there, or cannot be listed
        own += [file for file in home.iterdir() if _OURS.fullmatch(file.name)]
    return any(_same(file, target) for file in own)


def _journal_files(session: Session) -> Iterator[Path]:
    """Yield what belongs to a journal that the caller gave, if it is a file."""
    if session.journal is not None and Path(session.journal.place).is_absolute():
        journal = _real(Path(session.journal.place))
        yield from (Path(f"{journal}{end}") for end in ("", "-wal", "-shm", "-journal"))


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _same_name(one: Path, other: Path) -> bool:
    """Whether two names are of one file where case does not matter; perhaps it does not here."""
    return str(one).casefold() == str(other).casefold()


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
