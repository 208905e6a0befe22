"""A request and a response as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(eq=False)
class Exchange:
    """One request, and the HTTP status of its response (None if there was none)."""

    method: str
    path: str
    #: Header names are in lower case; of a repeated header the last value is kept.
    headers: dict[str, str]
    body: bytes = b""
    #: What stands behind the path's question mark.
    query: str = ""
    status: int | None = None
    #: Whether the body was larger than the sandbox reads.
    too_large: bool = field(default=False, repr=False)
    #: The address that it came from.
    client: str = ""

    @classmethod
    def from_scope(cls, scope: Mapping[str, Any]) -> Self:
        """Start an exchange with what is known before the body is read."""
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        query = scope["query_string"].decode("latin-1")
        client, _ = scope.get("client") or ("", 0)
        return cls(scope["method"], scope["path"], headers, query=query, client=client)


@dataclass(frozen=True)
class BufferedResponse:
    """One complete response; header names are in lower case."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
