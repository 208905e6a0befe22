"""Judging addresses by their text alone: nothing is resolved here."""

import re
import unicodedata
from urllib.parse import urlsplit

from rushes._addresses import is_public, literal_address

_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+:")
_BASE_URL = re.compile(r"https?://[^\s/?#]+(/[^\s?#]*)?", re.IGNORECASE)


def has_scheme(text: str) -> bool:
    """Whether a text is an address of some kind and no local path (`C:` is a drive)."""
    return bool(_SCHEME.match(text))


def origin(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of an address, in the form two origins are compared in.

    Raises ValueError where the address is malformed.
    """
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    default = {"http": 80, "https": 443}.get(scheme)
    port = default if parts.port is None else parts.port
    return scheme, (parts.hostname or "").rstrip("."), port


def is_loopback(url: str | None) -> bool:
    """Whether an address points at this machine itself."""
    try:
        host = urlsplit(url).hostname if url else None
    except ValueError:
        return False
    if not host:
        return False
    address = literal_address(host)
    return address.is_loopback if address else host.rstrip(".") == "localhost"


def web_url_objection(url: str) -> str | None:
    """Say why `url` is no http(s) address, or None."""
    scheme = _SCHEME.match(url)
    if not scheme:
        return "is not an http(s) address"
    if scheme.group().lower() not in ("http:", "https:"):
        return f"is not an http(s) address; it begins with {scheme.group()}"
    if any(c.isspace() or unicodedata.category(c) == "Cc" for c in url):
        return "holds white space or control characters"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is malformed"
    return None if host else "has no host"


def public_url_objection(url: str, *, loopback: bool) -> str | None:
    """Say why `url` is no address that a provider can fetch from, or None.

    With `loopback` (the provider itself is on this machine) private addresses will do.
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
    """Say why `url` cannot be a base URL, or None; what may be a password in it is not shown."""
    if "@" in url:
        return (
            "holds a user name or password (it is not shown here); the key belongs into the "
            "provider's key variable, and a proxy has an argument of its own"
        )
    try:
        if _BASE_URL.fullmatch(url) and origin(url):
            return None
    except ValueError:
        pass
    return f"is {shown(url)!r}; it begins with https:// (or http://) and a host, and has no query"


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
            "the proxy's address has something behind its host, or white space; in a user name or "
            "password / ? # are written %2F %3F %23"
        )
    return None


def shown(url: str) -> str:
    """Return an address as it may be told: a signed link is a key, without its query it is none."""
    bare = re.split(r"[?#]", url, maxsplit=1)[0]
    return re.sub(r"//[^/@]*@", "//", bare)[:200]


def join(base_url: str, path: str) -> str:
    """Put an endpoint's path behind a base URL, without saying `/v1` twice."""
    base = base_url.rstrip("/")
    first = path.split("/")[1]
    if re.fullmatch(r"v\d+", first) and base.endswith("/" + first):
        base = base[: -len(first) - 1]
    return base + path
