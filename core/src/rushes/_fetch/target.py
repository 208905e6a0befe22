"""Where a video may go: a place that can be written, and onto nothing that is not a video's."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from rushes._session.session import Session
from rushes.errors import DiskError

JOURNAL, KEYS, LOGS = "journal.db", ("keys.json", "keys.part"), "logs"
"""What lies in the home folder beside the videos."""


def writable(session: Session, output: Path) -> None:
    """Raise DiskError where a video could not be written to `output`; nothing is left behind.

    A file is written in the nearest folder that exists; where the system can, it has no name, so
    that nothing stays of it however this process ends. Folders are not made: jobs that begin at the
    same time would remove them under each other.
    """
    import tempfile  # it brings every compression along; only who pays needs it

    output = output.absolute()
    try:
        if output.is_dir():
            raise DiskError(f"{output} is a folder; name a file in it")
        refuse_to_replace(session, output)
        folder, names = output.parent, [output.name]
        while not os.path.lexists(folder):
            folder, names = folder.parent, [*names, folder.name]
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                (folder / name).lstat()  # a name that is too long says so
        with tempfile.TemporaryFile(dir=folder, prefix=".", suffix=".part") as file:
            file.write(bytes(4096))
    except (OSError, ValueError) as failure:
        reason = getattr(failure, "strerror", None) or str(failure)
        raise DiskError(f"{output} cannot be written: {reason}; choose another place") from failure


def refuse_to_replace(session: Session, target: Path) -> None:
    """Raise FileExistsError where what has the target's name, or is about to, must stay.

    That is anything but a regular file, and whatever is our own: the journal, the keys, the logs. A
    link is followed for that; one to another regular file, or to nothing, is replaced by the video,
    and what it points to stays as it is.
    """
    if target.exists() and not target.is_file():
        raise FileExistsError(errno.EEXIST, "what has that name is no regular file")
    if _is_ours(session, target):
        raise FileExistsError(errno.EEXIST, "it is where rushes keeps a file of its own")


def _is_ours(session: Session, target: Path) -> bool:
    """Whether a target is a file of ours: by its name, through links, or by its identity."""
    home = _real(session.home)
    places = {_real(target), _real(target.parent) / target.name}
    if any(home / LOGS in place.parents for place in places):
        return True
    named = {str(place).casefold() for place in places}
    own = _own(session, home)
    return any(str(file).casefold() in named or _same(file, target) for file in own)


def _own(session: Session, home: Path) -> Iterator[Path]:
    yield from (home / name for name in KEYS)
    journals = [home / JOURNAL]
    if session.journal is not None and Path(session.journal.place).is_absolute():
        journals.append(_real(Path(session.journal.place)))  # of another kind, it may be no file
    for journal in journals:
        yield from (Path(f"{journal}{suffix}") for suffix in ("", "-wal", "-shm", "-journal"))


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
