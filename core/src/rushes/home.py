"""Where our own files are, and which keys are used: passed, set or stored."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rushes._keys.file import KeyFile
from rushes._keys.redacting import Secret, hidden, redact
from rushes.errors import ConfigurationError

__all__ = ["Environment", "Keys", "home_folder", "redact"]


def home_folder(given: str | Path | None, environ: Mapping[str, str]) -> Path:
    """Return the folder for the journal, keys and downloads; nothing is created.

    Raises ConfigurationError if it cannot be determined: no such user, no working directory.
    """
    try:
        return _home_folder(given, environ).absolute()
    except (RuntimeError, OSError) as error:
        raise ConfigurationError(
            f"the home folder cannot be determined ({error}); "
            "set RUSHES_HOME to the absolute path of a folder"
        ) from error


def _home_folder(given: str | Path | None, environ: Mapping[str, str]) -> Path:
    if chosen := given or environ.get("RUSHES_HOME"):
        return Path(str(chosen)).expanduser()
    if sys.platform == "win32":
        base = Path(str(environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(str(environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"))
    return base / "rushes"


class Environment(Mapping[str, str]):
    """The current environment; tracebacks show neither it nor the values read from it."""

    def __init__(self, variables: Mapping[str, str] = os.environ) -> None:
        self._variables = variables

    def __repr__(self) -> str:
        return "<the environment>"

    def __getitem__(self, name: str) -> Secret:
        return Secret(self._variables[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)


class Keys:
    """The keys: an argument beats the environment, which beats a key stored in the home folder."""

    def __init__(self, given: Mapping[str, str], environ: Mapping[str, str], home: Path) -> None:
        self._given = hidden(given) or {}
        self._environ = environ
        self._file = KeyFile(home / "keys.json")
        self._used: dict[str, tuple[Secret, ...]] = {}

    def __repr__(self) -> str:
        return f"<keys in {self._file.path}>"

    def __reduce__(self) -> Any:
        raise TypeError("keys cannot be pickled: pass them to the other process in its environment")

    def find(self, provider: str, variable: str) -> tuple[Secret, str] | None:
        """Return a provider's key and its origin in words, or None.

        The file is read only if the key is nowhere else.
        """
        if given := self._given.get(provider):
            found = given, "the argument `keys`"
        elif key := Secret(self._environ.get(variable, "")):
            found = key, variable
        elif stored := self.stored().get(provider):
            found = stored, str(self._file.path)
        else:
            return None
        used = self._used.get(provider, ())
        if found[0] not in used:
            self._used[provider] = (*used, found[0])
        return found

    def used(self, provider: str | None = None) -> list[Secret]:
        """Return every key that was found so far, for one provider or for all."""
        if provider is not None:
            return list(self._used.get(provider, ()))
        return [key for keys in list(self._used.values()) for key in keys]

    def stored(self) -> dict[str, Secret]:
        """Return the keys stored in the home folder, by provider; raises ConfigurationError."""
        return self._file.read()

    def store(self, provider: str, key: str | None) -> None:
        """Store a provider's key, readable by its owner alone, or with None remove it.

        Raises ConfigurationError.
        """
        key = key and Secret(key)
        keys = self.stored()
        keys.pop(provider, None)
        if key is not None:
            keys[provider] = Secret(key)
        self._file.write(keys)
