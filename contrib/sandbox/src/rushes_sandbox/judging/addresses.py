"""Which web addresses a gateway would take for an image."""

import unicodedata
from ipaddress import IPv4Address, IPv6Address, ip_address
from socket import inet_aton
from urllib.parse import SplitResult, urlsplit


def _split(address: str) -> SplitResult | None:
    # Looked at before urlsplit, which silently drops tabs and line ends.
    if any(c.isspace() or unicodedata.category(c) == "Cc" for c in address):
        return None
    try:
        parts = urlsplit(address)
        # Reading the port is what checks it.
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.scheme in {"http", "https"} and parts.hostname else None


def is_web_address(address: str) -> bool:
    """Whether this is an http(s) address with a host."""
    return _split(address) is not None


def is_public_address(address: str, *, loopback: bool) -> bool:
    """Whether an address could be fetched from outside: http(s), and a host with a dot in it.

    Literal addresses of private networks and of the machine itself count only with `loopback`.
    """
    parts = _split(address)
    if parts is None or parts.hostname is None:
        return False
    # Resolvers read other digits and full stops as the ordinary ones.
    host = unicodedata.normalize("NFKC", parts.hostname).removesuffix(".")
    labels = host.split(".")
    if len(labels) < 2 or not all(labels):
        return False
    literal = _literal(host)
    return literal is None or loopback or literal.is_global


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    """Read a host as an address, in the old spellings (`127.1`, `0x7f.1`) too."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(inet_aton(host))
    except (OSError, ValueError):
        return None
