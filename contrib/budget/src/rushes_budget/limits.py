"""The limits: an argument beats the environment, which beats the file `budget.json`."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from rushes import ConfigurationError
from rushes.files import read_regular, replacing

__all__ = ["FILE", "VARIABLES", "Limits", "amount", "limits", "read", "write"]

FILE = "budget.json"
_MOST = 1024 * 1024
"""The name of the file in the home folder of rushes."""
VARIABLES = {
    "run": "RUSHES_BUDGET_RUN",
    "day": "RUSHES_BUDGET_DAY",
    "providers": "RUSHES_BUDGET_PROVIDERS",
    "unknown_price": "RUSHES_BUDGET_UNKNOWN_PRICE",
}
"""The environment variables, by the limits that they set."""

USD = Annotated[float, Meta(ge=0)]


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What may be spent at most, in USD; None and an absent provider have no limit.

    `run` is for one process, `day` for a day in local time, `providers` for a day at each of them.
    `unknown_price` is what a job counts whose price is unknown; if it is None, such a job is
    refused as soon as there is a limit.
    """

    run: USD | None = None
    day: USD | None = None
    providers: dict[str, USD] = {}
    unknown_price: USD | None = None

    @property
    def any(self) -> bool:
        """Whether anything is limited."""
        return self.run is not None or self.day is not None or bool(self.providers)


_decode = msgspec.json.Decoder(Limits).decode
"""Made here: msgspec prepares a type once, and threads must not do it at the same time."""


def limits(given: Limits, environ: Mapping[str, str], folder: Path) -> Limits:
    """Return the limits that hold; raises ConfigurationError if a setting is malformed."""
    holding: dict[str, Any] = {}
    for source in (read(folder), _from_environment(environ), given):
        holding |= _set(source)
    return Limits(**holding)


def read(folder: Path) -> Limits:
    """Return the limits in the file; no file has none. Raises ConfigurationError."""
    path = folder / FILE
    try:
        return _decode(read_regular(path, _MOST))
    except FileNotFoundError:
        return Limits()
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"the limits in {path} cannot be read ({error}); nothing is sent while they are "
            'unknown. Correct the file, like {"day": 20, "providers": {"toapis": 5}}, or set them '
            "again with `rushes budget`, after removing it"
        ) from error


def write(folder: Path, limits: Limits) -> None:
    """Write the limits to the file, which is replaced in one step; raises ConfigurationError."""
    path = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(path) as part:
            part.write_bytes(msgspec.json.format(msgspec.json.encode(limits)) + b"\n")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error}") from error


def amount(text: str) -> float:
    """Read an amount in USD; raises ValueError."""
    usd = float(text)
    if not (math.isfinite(usd) and usd >= 0):
        raise ValueError("it must be 0 or more")
    return usd


def _set(limits: Limits) -> dict[str, Any]:
    """Return the limits that are set."""
    return {name: value for name, value in msgspec.structs.asdict(limits).items()
            if value is not None and value != {}}  # fmt: skip


def _from_environment(environ: Mapping[str, str]) -> Limits:
    found: dict[str, Any] = {}
    for name, variable in VARIABLES.items():
        if text := str(environ.get(variable, "")).strip():
            try:
                found[name] = _providers(text) if name == "providers" else amount(text)
            except ValueError as error:
                form = "like toapis=5,fal=10" if name == "providers" else "a number like 20 or 0.5"
                raise ConfigurationError(
                    f"{variable} is {text!r}; expected USD, {form} ({error}). Nothing is sent "
                    "while a limit is malformed"
                ) from error
    return Limits(**found)


def _providers(text: str) -> dict[str, float]:
    """Read `toapis=5,fal=10`."""
    found = {}
    for item in filter(None, (item.strip() for item in text.split(","))):
        provider, sign, usd = item.partition("=")
        if not (provider.strip() and sign):
            raise ValueError(f"{item!r} is not PROVIDER=USD")
        found[provider.strip()] = amount(usd)
    return found
