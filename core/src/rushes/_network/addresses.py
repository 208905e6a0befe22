"""The address of a call, taken apart: where to connect, and what to ask for there."""

import re

import httpx
from msgspec import Struct

PORTS = {"http": 80, "https": 443}
"""The port of an address that names none."""
MOST = 65_536
"""Most characters of an address; httpx takes no longer one."""
_USUAL = re.compile(
    r"(https?)://((?:[a-z0-9-]+\.)*[a-z][a-z0-9-]*|127\.0\.0\.1)(?::([1-9][0-9]{0,3}|[1-5][0-9]{4}))?"
    r"(/(?:[A-Za-z0-9_~.:@!$&()*+,;=/-]++|%[0-9A-Fa-f]{2})*+)?"
    r"(\?(?:[A-Za-z0-9_~.:@!$&()*+,;=/?-]++|%[0-9A-Fa-f]{2})++)?"
)
"""Addresses that are sent as they are; httpx takes all others apart."""


class Address(Struct, frozen=True):
    """An http(s) address in parts, each as it is sent.

    `host` is what to connect to, without the brackets of IPv6; `authority` is the Host header;
    `target` is the path with the query.
    """

    scheme: str
    host: str
    port: int
    authority: str
    target: str


def address_of(url: str) -> Address:
    """Take an address apart. Raises httpx.InvalidURL or ValueError if it is not http(s)."""
    if len(url) > MOST:
        raise ValueError(f"it has {len(url):,} characters, more than {MOST:,}")
    usual = _USUAL.fullmatch(url)
    if usual is None or "/." in url:
        return _unusual(httpx.URL(url))
    scheme, host, number, path, query = usual.groups()
    port = int(number) if number else PORTS[scheme]
    authority = host if port == PORTS[scheme] else f"{host}:{port}"
    return Address(scheme, host, port, authority, f"{path or '/'}{query or ''}")


def _unusual(url: httpx.URL) -> Address:
    if url.scheme not in PORTS:
        raise ValueError("not an http(s) address")
    host, authority = url.raw_host.decode("ascii"), url.netloc.decode("ascii")
    port = url.port or PORTS[url.scheme]
    if not host or port > 65535:
        raise ValueError("it names no host" if not host else f"there is no port {port}")
    return Address(url.scheme, host, port, authority, url.raw_path.decode("ascii"))
