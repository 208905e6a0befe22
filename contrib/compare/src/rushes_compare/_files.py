"""Writing files that appear at their path whole, or not at all."""

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rushes import files

from rushes_compare.errors import FolderError


def write_atomically(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file from several pieces, and make its folder if needed; raises FolderError."""
    with replacing(path) as part, part.open("wb") as file:
        for piece in pieces:
            file.write(piece)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside a file; what is written there then replaces the file.

    Makes the folder if there is none. If writing fails, the file stays as it was. Raises
    FolderError.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:  # ValueError: a name that no file system accepts
        raise _cannot_write(path, error) from error
    try:
        with files.replacing(path) as part:
            yield part
    except OSError as error:
        raise _cannot_write(path, error) from error


def create_atomically(path: Path, data: bytes) -> bool:
    """Write a file whole if there is none yet; return whether it was created here.

    Raises FolderError.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.new")
    write_atomically(part, [data])
    try:
        try:
            os.link(part, path)
        except FileExistsError:
            return False
        except OSError:  # a file system without hard links
            path.touch(exist_ok=False)
            _fill(path, data)
        return True
    except FileExistsError:
        return False
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        with suppress(OSError):
            part.unlink()


def _fill(path: Path, data: bytes) -> None:
    """Write the file that was just made; if that fails, nothing is left of it."""
    try:
        write_atomically(path, [data])
    except BaseException:
        path.unlink()
        raise


def _cannot_write(path: Path, error: Exception) -> FolderError:
    reason = getattr(error, "strerror", None) or str(error)
    return FolderError(f"{path} cannot be written: {reason}")
