"""How to reach the network: plain settings, so that using them loads no HTTP library."""

from typing import Any

from msgspec import Struct

from rushes._addresses import Resolver, system_resolver


class Timeouts(Struct, frozen=True, kw_only=True):
    """Deadlines in seconds: for a connection, for the next byte, for a whole exchange.

    They begin when a call has its place among the client's connections. A paid call connects within
    15 seconds, whatever `connect` says. Where a poll takes several calls, `poll` is the deadline of
    the first, and of all others together.
    """

    connect: float = 10.0
    read: float = 60.0
    submit: float = 120.0
    poll: float = 30.0
    upload: float = 120.0
    download: float = 1800.0


class NetworkSettings(Struct, frozen=True, kw_only=True):
    """How to reach the network.

    `transport` is an httpx transport of the embedder's own. It opens its connections itself, so
    addresses are then checked by their text alone, and only its own timeouts limit what hangs
    inside it.
    """

    timeouts: Timeouts
    proxy: str | None
    connections: int
    transport: Any
    resolve: Resolver = system_resolver
