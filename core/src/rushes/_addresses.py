"""Whether an IP address is public or private, and which addresses a name resolves to."""

import ipaddress
import re
import socket
import unicodedata
from collections.abc import Callable

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], list[str]]
"""Return the IP addresses of a host name and a port; raise OSError if there are none."""

_NETWORK = ipaddress.ip_network
# Their last 32 bits are an IPv4 address: RFC 6052, 2.1; RFC 4291, 2.5.5.1; RFC 2765, 2.1.
_ENDING_IN_IPV4 = tuple(map(_NETWORK, ("64:ff9b::/96", "::/96", "::ffff:0:0:0/96")))
# Addresses that `is_global` of some supported Python version lets through.
_NOT_PUBLIC = (
    _NETWORK("192.0.0.0/24"),  # RFC 6890, 2.2.2
    _NETWORK("168.63.129.16/32"),  # Azure's metadata, on an address that looks public
    _NETWORK("64:ff9b:1::/48"),  # RFC 8215
    _NETWORK("100::/64"),  # RFC 6666
    _NETWORK("2001:db8::/32"),  # RFC 3849
    _NETWORK("3fff::/20"),  # RFC 9637
    _NETWORK("5f00::/16"),  # RFC 9602
    _NETWORK("fec0::/10"),  # RFC 3879
)


def literal_address(host: str) -> IPAddress | None:
    """Return the IP address that a host spells out, in any form the system accepts, or None."""
    # As a resolver would see it: Unicode digits and full stops become ASCII ones.
    host = unicodedata.normalize("NFKC", host).rstrip(".").strip("[]")
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    if re.fullmatch(r"[0-9a-fxA-FX.]+", host):
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except (OSError, ValueError):
            pass
    return None


def is_public(address: IPAddress) -> bool:
    """Whether an address can be reached from anywhere on the internet.

    An address that embeds others is judged by those. Private, shared, loopback, link-local,
    multicast and metadata addresses are not public (the registries: RFC 6890).
    """
    embedded = _embedded(address) if isinstance(address, ipaddress.IPv6Address) else ()
    if embedded:
        return all(map(is_public, embedded))
    return (
        address.is_global
        and not address.is_multicast
        and not any(address in network for network in _NOT_PUBLIC)
    )


def _embedded(address: ipaddress.IPv6Address) -> tuple[ipaddress.IPv4Address, ...]:
    if address.teredo:
        return address.teredo
    if inner := address.ipv4_mapped or address.sixtofour:
        return (inner,)
    if any(address in network for network in _ENDING_IN_IPV4):
        return (ipaddress.IPv4Address(int(address) & 0xFFFFFFFF),)
    return ()


def system_resolver(host: str, port: int) -> list[str]:
    """Ask the system for the addresses of a name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
