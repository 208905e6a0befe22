"""Where our own files lie, and the keys among them."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from rushes.errors import ConfigurationError
from rushes.redacting import Secret


def home_folder(given: str | Path | None, environ: Mapping[str, str]) -> Path:
    """Return the folder for the journal, keys and downloads; nothing is created.

    Raises ConfigurationError where there is no telling: no such user, a working directory gone.
    """
    try:
        return _home_folder(given, environ).absolute()
    except (RuntimeError, OSError) as error:
        raise ConfigurationError(
            f"there is no telling where the home folder is ({error}); "
            "set RUSHES_HOME to the absolute path of a folder"
        ) from error


def _home_folder(given: str | Path | None, environ: Mapping[str, str]) -> Path:
    if given or environ.get("RUSHES_HOME"):
        return Path(given or environ["RUSHES_HOME"]).expanduser()
    if sys.platform == "win32":
        base = Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "rushes"


class Keys:
    """The keys: one given by hand beats the environment, which beats one stored in the home."""

    def __init__(self, given: Mapping[str, str], environ: Mapping[str, str], home: Path) -> None:
        self._given = {provider: Secret(key) for provider, key in given.items()}
        self._environ = environ
        self._file = home / "keys.json"

    def __repr__(self) -> str:
        return f"<keys in {self._file}>"

    def __reduce__(self) -> Any:
        raise TypeError("keys are not pickled: give them to the other process by its environment")

    def find(self, provider: str, variable: str) -> tuple[Secret, str] | None:
        """Return a provider's key and where it is from, or None."""
        if given := self._given.get(provider):
            return given, "the argument `keys`"
        if key := Secret(self._environ.get(variable, "")):
            return key, variable
        stored = self.stored().get(provider)
        return (stored, str(self._file)) if stored else None

    def stored(self) -> dict[str, Secret]:
        """Return the keys stored in the home, by provider."""
        try:
            keys = msgspec.json.decode(self._file.read_bytes(), type=dict[str, str])
            return {provider: Secret(key) for provider, key in keys.items()}
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ConfigurationError(
                f"{self._file} cannot be read ({type(error).__name__}); repair or remove it"
            ) from error

    def store(self, provider: str, key: str | None) -> None:
        """Store a provider's key, readable by its owner alone, or with None remove it."""
        keys = self.stored()
        keys.pop(provider, None)
        if key is not None:
            keys[provider] = Secret(key)
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            part = self._file.with_suffix(".part")
            with os.fdopen(
                os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb"
            ) as out:
                plain = {name: str(value) for name, value in keys.items()}
                out.write(msgspec.json.format(msgspec.json.encode(plain)))
            part.replace(self._file)
        except OSError as error:
            raise ConfigurationError(f"{self._file} cannot be written: {error}") from error
