"""Addresses compared, joined, and checked by their text: nothing is resolved here."""

import re
import unicodedata
from urllib.parse import unquote, urlsplit

from rushes._addresses import is_public, literal_address
from rushes.urls import has_scheme, without_secrets

Origin = tuple[str, str, int | None]
"""Scheme, host and port."""
_PORTS = {"http": 80, "https": 443}
_USUAL_ORIGIN = re.compile(
    r"(https?)://([a-z0-9-]+(?:\.[a-z0-9-]+)*)(?::([1-9][0-9]{0,3}|[1-5][0-9]{4}))?(?=[/?#]|$)"
)
"""Origins that are already normalized; each call is compared by its origin."""
_VERSION = re.compile(r"v\d+")
_BASE_URL = re.compile(r"https?://[^\s/?#]+(/[^\s?#]*)?", re.IGNORECASE)


def origin(url: str) -> Origin:
    """Return scheme, host and port of an address, normalized for comparison.

    Raises ValueError if the address is malformed.
    """
    if usual := _USUAL_ORIGIN.match(url):
        scheme, host, number = usual.groups()
        return scheme, host, int(number) if number else _PORTS[scheme]
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    default = _PORTS.get(scheme)
    port = default if parts.port is None else parts.port
    return scheme, (parts.hostname or "").rstrip("."), port


def web_url_objection(url: str) -> str | None:
    """Say why `url` is not an http(s) address, or None."""
    if not has_scheme(url):
        return "is not an http(s) address"
    scheme = url.partition(":")[0]
    if scheme.lower() not in ("http", "https"):
        return f"is not an http(s) address; it begins with {scheme}:"
    if any(c.isspace() or unicodedata.category(c) == "Cc" for c in url):
        return "contains white space or control characters"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is malformed"
    return None if host else "has no host"


def public_url_objection(url: str, *, loopback: bool) -> str | None:
    """Say why a provider cannot fetch from `url`, or None.

    With `loopback` (the provider itself is on this machine) private addresses are accepted.
    """
    if objection := web_url_objection(url):
        return objection
    host = unicodedata.normalize("NFKC", urlsplit(url).hostname or "")
    labels = host.removesuffix(".").split(".")
    if len(labels) < 2 or not all(labels):
        return "has no public host name"
    address = literal_address(host)
    if address and not is_public(address) and not loopback:
        return f"points to {host}, which only a private network can reach"
    return None


def base_url_objection(url: str) -> str | None:
    """Say why `url` cannot be a base URL, or None; a possible password in it is not shown."""
    if "@" in url:
        return (
            "contains a user name or password (it is not shown here); the key belongs in the "
            "provider's key variable, and a proxy has its own argument"
        )
    if "?" in url or "#" in url:
        return f"is {without_secrets(url)!r} with a query (it is not shown here); it must have none"
    try:
        if _BASE_URL.fullmatch(url) and origin(url):
            return None
    except ValueError:
        pass
    return f"is {without_secrets(url)!r}; it must begin with https:// (or http://) and a host"


def proxy_objection(url: str) -> str | None:
    """Say why `url` cannot be a proxy's address, or None; a password in it is not shown."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "the proxy's address is malformed"
    if parts.scheme not in ("http", "https", "socks5", "socks5h"):
        return "a proxy's address begins with http://, https:// or socks5://"
    if not host:
        return "the proxy's address has no host"
    if parts.path.strip("/") or parts.query or parts.fragment or re.search(r"\s", url):
        return (
            "the proxy's address contains white space or something after its host; in a user name "
            "or password, write / ? # as %2F %3F %23"
        )
    return None


def climbs(text: str) -> bool:
    """Whether a text would lead to another address if it is put into a path: to a parent folder.

    In an address it is encoded, but some servers decode it before they look where it leads.
    """
    folders = unquote(text).replace("\\", "/").split("/")
    return any(folder and not folder.strip(".") for folder in folders)


def join(base_url: str, path: str) -> str:
    """Append an endpoint's path to a base URL, without repeating `/v1`."""
    base = base_url.rstrip("/")
    first = path.split("/")[1]
    if _VERSION.fullmatch(first) and base.endswith("/" + first):
        base = base[: -len(first) - 1]
    return base + path
