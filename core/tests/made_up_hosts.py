"""Host names that lead to this machine as if it were on the internet: look-ups, a certificate."""

import ipaddress
import itertools
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CERTIFICATE = Path(__file__).with_suffix(".pem")
"""Self-signed, for cdn.example and api.acme.example; contains the private key."""
PUBLIC_ADDRESS = "93.184.216.34"
"""An address that `leading_here` leads to this machine."""

Resolver = Callable[[str, int], list[str]]


def trusting() -> ssl.SSLContext:
    """Trust only the certificate of the made-up hosts."""
    return ssl.create_default_context(cafile=str(CERTIFICATE))


class Names:
    """A resolver that gives its answers in turn, repeats the last, and records the questions."""

    def __init__(self, *found: list[str]) -> None:
        self.asked: list[str] = []
        self._found = itertools.chain(found, itertools.repeat(found[-1]))

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        return next(self._found)


def resolving_with(resolve: Resolver, patch: pytest.MonkeyPatch) -> None:
    """Let the system resolve host names by `resolve`; literal addresses need no look-up."""
    system = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *given: Any, **named: Any) -> Any:
        if not isinstance(host, str) or is_literal(host):
            return system(host, port, *given, **named)
        found = resolve(host, port)
        return [info for each in found for info in system(each, port, *given, **named)]

    patch.setattr(socket, "getaddrinfo", getaddrinfo)


def is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def leading_here(patch: pytest.MonkeyPatch) -> None:
    """Let connections to PUBLIC_ADDRESS reach the same port of this machine."""
    system = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        there = isinstance(address, tuple) and address[0] == PUBLIC_ADDRESS
        system(self, ("127.0.0.1", *address[1:]) if there else address)

    patch.setattr(socket.socket, "connect", connect)
