"""What an address says by its text alone: nothing is resolved here."""

import re
from urllib.parse import urlsplit

from rushes._addresses import literal_address

__all__ = ["has_scheme", "is_loopback", "without_secrets"]

_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+:")


def has_scheme(text: str) -> bool:
    """Whether a text is an address of some kind, not a local path (`C:` is a drive)."""
    return bool(_SCHEME.match(text))


def is_loopback(url: str | None) -> bool:
    """Whether an address points to this machine."""
    try:
        host = urlsplit(url).hostname if url else None
    except ValueError:
        return False
    if not host:
        return False
    address = literal_address(host)
    return address.is_loopback if address else host.rstrip(".") == "localhost"


def without_secrets(url: str) -> str:
    """Return an address as it may be shown: without its query, a signed link gives no access."""
    bare = re.split(r"[?#]", url, maxsplit=1)[0]
    return re.sub(r"//[^/@]*@", "//", bare)[:200]
