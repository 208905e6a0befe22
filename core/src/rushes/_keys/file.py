"""The file that stores keys: accessible to its owner alone, and protected from replacement."""

import os
import secrets
import shlex
import stat
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from rushes._keys.redacting import Secret
from rushes.errors import ConfigurationError

_NO_LINK = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _NO_LINK  # a pipe without a writer blocks
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK
_MOST = 1024 * 1024
_TICK = 1_000_000_000
"""Nanoseconds within which a file may change again, and still have the same times."""
_decode = msgspec.json.Decoder(dict[str, str]).decode

_Marks = tuple[int, ...]
"""What changes if a file or its folder is replaced, if the file is written, or who may do that."""


class KeyFile:
    """A file of keys by provider, read and written whole.

    The file that is checked is the one that is read: nothing is opened twice by name. On Windows,
    where a user's folder is private, neither owners nor rights are checked.

    Every call to a provider asks for its key. So what was read is remembered until the file, or
    what was checked of it and of its folder, changes.
    """

    def __init__(self, path: Path) -> None:
        self.path, self._parent = path, path.parent
        self._known: tuple[_Marks, dict[str, Secret]] | None = None

    def read(self) -> dict[str, Secret]:
        """Return the keys; an empty mapping if there is no file.

        Raises ConfigurationError, saying what to do, if the file is a link or not a regular file,
        belongs to another user, can be read, written or replaced by others, or does not contain
        keys.
        """
        known = self._known
        if known is not None and known[0] == self._marks_now():
            return dict(known[1])
        try:
            with self._folder() as folder, self._file(folder) as descriptor:
                found = os.fstat(descriptor)
                marks = _marks(None if folder is None else os.fstat(folder), found)
                self._check_folder(folder)
                self._check_file(descriptor)
                keys = self._keys(descriptor)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise ConfigurationError(f"{self.path} cannot be read: {error.strerror}") from error
        age = time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns)
        self._known = (marks, keys) if age > _TICK else None
        return dict(keys)

    def _marks_now(self) -> "_Marks | None":
        """Return the marks of the file that is there now; None if there is none."""
        try:
            folder = None if sys.platform == "win32" else self._parent.stat()
            return _marks(folder, self.path.lstat())
        except OSError:
            return None

    def write(self, keys: Mapping[str, Secret]) -> None:
        """Replace this file by a new one, atomically.

        Raises ConfigurationError if others may write in its folder, or if the disk fails.
        """
        try:
            self._parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._folder() as folder:
                self._check_folder(folder)
                self._replace(folder, keys)
        except OSError as error:
            raise ConfigurationError(f"{self.path} cannot be written: {error.strerror}") from error

    @contextmanager
    def _folder(self) -> Iterator[int | None]:
        if sys.platform == "win32":
            yield None
            return
        descriptor = os.open(self._parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    @contextmanager
    def _file(self, folder: int | None) -> Iterator[int]:
        try:
            descriptor = os.open(self._name(folder), _READ, dir_fd=folder)
        except OSError:
            if self.path.is_symlink():
                raise ConfigurationError(
                    f"{self.path} is a symbolic link; keys are not read or written through links; "
                    f"remove it: rm {shlex.quote(str(self.path))}"
                ) from None
            raise
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _name(self, folder: int | None) -> Path:
        """Return the file's name, relative to its folder if that is open."""
        return self.path if folder is None else Path(self.path.name)

    def _check_folder(self, folder: int | None) -> None:
        """Refuse a folder in which other users may replace the file."""
        if folder is None:
            return
        mode = os.fstat(folder).st_mode
        if mode & 0o022 and not mode & stat.S_ISVTX:
            where = shlex.quote(str(self._parent))
            raise ConfigurationError(
                f"{self.path} is not used: others may write in its folder (mode {_octal(mode)}); "
                f"keep them out: chmod go-w {where}"
            )

    def _check_file(self, descriptor: int) -> None:
        found, where = os.fstat(descriptor), shlex.quote(str(self.path))
        if not stat.S_ISREG(found.st_mode):
            raise ConfigurationError(f"{self.path} is not a regular file; remove it: rm -r {where}")
        if found.st_size > _MOST:
            raise ConfigurationError(
                f"{self.path} does not contain keys: it is larger than 1 MiB; repair or remove it"
            )
        if sys.platform == "win32":
            return
        if found.st_uid != os.geteuid():
            raise ConfigurationError(
                f"{self.path} is not used: it belongs to another user (uid {found.st_uid}); "
                f"remove it, or make it yours: chown {os.geteuid()} {where}"
            )
        if found.st_mode & 0o077:
            raise ConfigurationError(
                f"{self.path} is not used: others may read or write it (mode "
                f"{_octal(found.st_mode)}); make it yours alone: chmod 600 {where}, and replace "
                "the keys in it if somebody may have read them"
            )

    def _keys(self, descriptor: int) -> dict[str, Secret]:
        """Read the keys; neither a local variable nor an error shows them."""
        try:
            with os.fdopen(os.dup(descriptor), "rb") as file:
                return {provider: Secret(key) for provider, key in _decode(file.read()).items()}
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            kind = type(error).__name__
        raise ConfigurationError(f"{self.path} does not contain keys ({kind}); repair or remove it")

    def _replace(self, folder: int | None, keys: Mapping[str, Secret]) -> None:
        """Write a new file under an unpredictable name, then rename it."""
        name = self._name(folder)
        part = name.with_name(f".keys-{secrets.token_hex(16)}.part")
        descriptor = os.open(part, _CREATE, 0o600, dir_fd=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(_encoded(keys))
                file.flush()
                os.fsync(descriptor)
            os.replace(part, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(OSError):
                os.unlink(part, dir_fd=folder)
            raise
        if folder is not None:
            os.fsync(folder)


def _marks(folder: os.stat_result | None, file: os.stat_result) -> _Marks:
    content = (file.st_dev, file.st_ino, file.st_size, file.st_mtime_ns, file.st_ctime_ns)
    if folder is None or sys.platform == "win32":
        return content
    rights = (file.st_uid, os.geteuid(), file.st_mode, folder.st_mode)
    return (*content, *rights, folder.st_dev, folder.st_ino)


def _octal(mode: int) -> str:
    return f"{stat.S_IMODE(mode):o}"


def _encoded(keys: Mapping[str, Secret]) -> bytes:
    plain = msgspec.json.encode({provider: str(key) for provider, key in keys.items()})
    return msgspec.json.format(plain)
