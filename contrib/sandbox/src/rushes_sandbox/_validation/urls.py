"""Which URLs a gateway would fetch an image from."""

import unicodedata
from ipaddress import IPv4Address, IPv6Address, ip_address
from socket import inet_aton
from urllib.parse import SplitResult, urlsplit


def _split(url: str) -> SplitResult | None:
    # Before urlsplit, which silently drops tabs and line ends.
    if any(c.isspace() or unicodedata.category(c) == "Cc" for c in url):
        return None
    try:
        parts = urlsplit(url)
        # Reading the port validates it.
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.scheme in {"http", "https"} and parts.hostname else None


def is_http_url(url: str) -> bool:
    """Whether this is an http(s) URL with a host."""
    return _split(url) is not None


def is_public_url(url: str, *, loopback: bool) -> bool:
    """Whether a URL could be fetched from the internet: http(s), and a host with a dot in it.

    Literal addresses of private networks and of the machine itself count only with `loopback`.
    """
    parts = _split(url)
    if parts is None or parts.hostname is None:
        return False
    # Resolvers accept other Unicode digits and full stops, too.
    host = unicodedata.normalize("NFKC", parts.hostname).removesuffix(".")
    labels = host.split(".")
    if len(labels) < 2 or not all(labels):
        return False
    literal = _literal(host)
    return literal is None or loopback or literal.is_global


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    """Parse a host as an IP address, also in the old notations (`127.1`, `0x7f.1`)."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(inet_aton(host))
    except (OSError, ValueError):
        return None
