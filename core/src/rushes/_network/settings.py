"""How to reach the network: settings alone, so that nobody loads an HTTP library for them."""

from typing import Any

from msgspec import Struct

from rushes._addresses import Resolver, system_resolver


class Timeouts(Struct, frozen=True, kw_only=True):
    """Deadlines in seconds: for a connection, for the next byte, for a whole exchange.

    They begin when a call has its place among the client's connections. A call that is paid for
    connects within 15 seconds, whatever `connect` says.
    """

    connect: float = 10.0
    read: float = 60.0
    submit: float = 120.0
    poll: float = 30.0
    upload: float = 120.0
    download: float = 1800.0


class Settings(Struct, frozen=True, kw_only=True):
    """How to reach the network.

    `transport` is an httpx transport of the embedder's own. It opens its connections itself, so
    that addresses are then judged by their text alone, and its own timeouts bound what hangs
    within it.
    """

    timeouts: Timeouts
    proxy: str | None
    connections: int
    transport: Any
    resolve: Resolver = system_resolver
