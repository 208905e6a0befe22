"""Writing a file so that it appears whole at its place, or not at all."""

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rushes_compare.errors import FolderError


def write_atomically(path: Path, parts: Iterable[bytes]) -> None:
    """Write a file in parts, and its folder if there is none; raises FolderError."""
    with replacing(path) as part, part.open("wb") as file:
        for piece in parts:
            file.write(piece)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside a file; what is written there then replaces the file.

    If writing fails, the file stays as it was. Raises FolderError.
    """
    part = _part(path)
    try:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except ValueError as error:  # a name that no file system accepts
            raise FolderError(f"{path} cannot be written: {error}") from error
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise FolderError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError, ValueError):
            part.unlink(missing_ok=True)


def create_atomically(path: Path, data: bytes) -> bool:
    """Write a file whole if there is none yet; return whether it was created here.

    Raises FolderError.
    """
    part = _part(path)
    write_atomically(part, [data])
    try:
        try:
            os.link(part, path)
        except FileExistsError:
            return False
        except OSError:  # a file system without links
            if os.path.lexists(path):
                return False
            with path.open("xb") as file:
                file.write(data)
        return True
    except FileExistsError:
        return False
    except OSError as error:
        raise FolderError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            part.unlink()


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
