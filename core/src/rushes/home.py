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

    def find(self, name: str, *variables: str) -> tuple[Secret, str] | None:
        """Return the key with this name (`toapis`, `kling.secret_key`) and where it is from.

        The variables are those of the environment that may have it. The file is read only if the
        key is nowhere else. Returns None if there is none.
        """
        if given := self._given.get(name):
            found = given, "the argument `keys`"
        elif variable := next((one for one in variables if self._environ.get(one)), None):
            found = Secret(self._environ[variable]), variable
        elif stored := self.stored().get(name):
            found = stored, str(self._file.path)
        else:
            return None
        self.remember(name.partition(".")[0], found[0])
        return found

    def remember(self, provider: str, secret: Secret) -> None:
        """Keep a secret of a provider out of all output from now on."""
        used = self._used.get(provider, ())
        if secret not in used:
            self._used[provider] = (*used, secret)

    def used(self, provider: str | None = None) -> list[Secret]:
        """Return every key that was found so far, for one provider or for all."""
        if provider is not None:
            return list(self._used.get(provider, ()))
        return [key for keys in list(self._used.values()) for key in keys]

    def stored(self) -> dict[str, Secret]:
        """Return the keys stored in the home folder, by name; raises ConfigurationError."""
        return self._file.read()

    def store(self, name: str, key: str | None) -> None:
        """Store the key with this name, readable by its owner alone, or with None remove it.

        Raises ConfigurationError.
        """
        secret = None if key is None else Secret(key)
        del key  # so that no traceback shows it
        keys = self.stored()
        keys.pop(name, None)
        if secret is not None:
            keys[name] = secret
        self._file.write(keys)
