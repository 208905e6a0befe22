"""The protocols that distributions bring, by entry points of the group `rushes.sandboxes`."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint

from rushes.plugins import PLUGIN_ERRORS, describe_entry, import_in_time, installed

from rushes_sandbox._protocols.protocol import Protocol

GROUP = "rushes.sandboxes"


@dataclass(frozen=True)
class Protocols:
    """What was found: the protocols by provider, and why others are not among them."""

    by_id: dict[str, Protocol]
    broken: dict[str, str]


@cache
def protocols() -> Protocols:
    """Load what is installed, once; whatever is broken is named and left out."""
    return load(installed().group(GROUP))


def load(entries: Iterable[EntryPoint]) -> Protocols:
    """Load protocols; each entry point is named after its provider."""
    found: dict[str, Protocol] = {}
    broken: dict[str, str] = {}
    claims: dict[str, list[EntryPoint]] = {}
    for entry in entries:
        claims.setdefault(entry.name, []).append(entry)
    for name, claimed in sorted(claims.items()):
        try:
            found[name] = _load(name, claimed)
        except PLUGIN_ERRORS as error:
            broken[name] = str(error)
    return Protocols(found, broken)


def _load(name: str, claimed: list[EntryPoint]) -> Protocol:
    if len(claimed) > 1:
        which = ", ".join(map(describe_entry, claimed))
        raise ValueError(f"several distributions bring a sandbox for {name}: {which}")
    (entry,) = claimed
    value = import_in_time(entry)
    if not isinstance(value, Protocol):
        kind = type(value).__name__
        raise TypeError(f"{describe_entry(entry)} is not a Protocol but a {kind}")
    if value.id != name:
        raise ValueError(f"{describe_entry(entry)} is the protocol of {value.id!r}")
    return value
