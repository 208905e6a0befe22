"""The endpoint that a request is for."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rushes_sandbox._protocols.protocol import (
    Endpoint,
    Protocol,
    Route,
    Step,
    Submit,
    steps_of,
)

_NAME = re.compile(r"\{(\w+)(:path)?\}")


@dataclass(frozen=True)
class Match:
    """An endpoint, and what the names in its path stand for."""

    protocol: Protocol
    endpoint: Endpoint
    #: Below the base URL.
    path: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def steps(self) -> tuple[Step, ...]:
        """What the request is for."""
        return steps_of(self.endpoint)


class Router:
    """Finds the endpoint of a request; of several that fit, the first counts."""

    def __init__(self, protocols: Iterable[Protocol]) -> None:
        self.protocols = {protocol.id: protocol for protocol in protocols}
        self._patterns = {
            name: [(_method(each), _pattern(each), each) for each in protocol.endpoints]
            for name, protocol in self.protocols.items()
        }

    def protocol(self, path: str) -> Protocol | None:
        """Return the protocol that a path belongs to."""
        return self.protocols.get(_split(path)[1])

    def match(self, method: str, path: str) -> Match | None:
        """Return what answers a request, or None."""
        storage, name, rest = _split(path)
        for accepted, pattern, endpoint in self._patterns.get(name, ()):
            found = pattern.fullmatch(rest)
            if found and accepted == method and storage == _is_at_storage(endpoint):
                return Match(self.protocols[name], endpoint, rest, found.groupdict())
        return None

    def has_path(self, path: str) -> bool:
        """Whether there is an endpoint with this path, for another method perhaps."""
        storage, name, rest = _split(path)
        return any(
            pattern.fullmatch(rest) and storage == _is_at_storage(endpoint)
            for _, pattern, endpoint in self._patterns.get(name, ())
        )


def _split(path: str) -> tuple[bool, str, str]:
    """Split a path into whether it is at the second origin, the provider, and the rest."""
    storage = path.startswith("/storage/")
    name, slash, rest = path.removeprefix("/storage").removeprefix("/").partition("/")
    return storage, name, slash + rest


def _is_at_storage(endpoint: Endpoint) -> bool:
    return isinstance(endpoint, Route) and endpoint.storage


def _method(endpoint: Endpoint) -> str:
    if isinstance(endpoint, Route):
        return endpoint.method
    return "POST" if isinstance(endpoint, Submit) else "GET"


def _pattern(endpoint: Endpoint) -> re.Pattern[str]:
    written, place = "", 0
    for name in _NAME.finditer(endpoint.path):
        written += re.escape(endpoint.path[place : name.start()])
        written += f"(?P<{name[1]}>{'.+' if name[2] else '[^/]+'})"
        place = name.end()
    return re.compile(written + re.escape(endpoint.path[place:]), re.DOTALL)
