"""One HTTP exchange as data: the call a plugin describes, the answer it reads. No I/O here."""

import hashlib
import json
from collections.abc import Generator, Mapping
from typing import Any, TypeVar

import msgspec

from rushes._structs.unshown import Unshown

__all__ = [
    "Answer", "Call", "LocalFile", "Steps", "Token", "pick", "pick_number", "pick_percent",
    "pick_text",
]  # fmt: skip

_T = TypeVar("_T")

Steps = Generator["Call", "Answer", _T]
"""A step of several exchanges: yields calls, receives their answers, returns its result."""


class Call(Unshown, frozen=True, kw_only=True, gc=False):  # see Task
    """One request to make. The core adds the key, if the address is the provider's own."""

    method: str
    url: str
    headers: Mapping[str, str] = {}
    body: bytes | None = None

    def json(self) -> Any:
        """Return the body decoded as JSON, or None if it is not valid JSON."""
        return Answer(0, {}, self.body or b"").json()

    def __repr__(self) -> str:
        names = ", ".join(self.headers)
        return f"<{self.method} {self.url} ({names}; {len(self.body or b'')} bytes)>"

    @classmethod
    def get(cls, url: str) -> "Call":
        """Describe a GET."""
        return cls(method="GET", url=url)

    @classmethod
    def post_json(cls, url: str, value: Any, headers: Mapping[str, str] | None = None) -> "Call":
        """Describe a POST of `value` as compact JSON; absent fields stay absent."""
        return cls(
            method="POST",
            url=url,
            headers={"Content-Type": "application/json", **(headers or {})},
            body=msgspec.json.encode(value),
        )

    @classmethod
    def post_file(
        cls,
        url: str,
        file: "LocalFile",
        field: str = "file",
        fields: Mapping[str, str] | None = None,
    ) -> "Call":
        """Describe a POST of further fields and one file as multipart/form-data (RFC 7578)."""
        boundary = f"rushes-{hashlib.sha256(file.content).hexdigest()[:32]}"
        before = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"'
            f"\r\n\r\n{value}\r\n"
            for name, value in (fields or {}).items()
        )
        head = before + (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; '
            f'filename="{file.name}"\r\nContent-Type: {file.type}\r\n\r\n'
        )
        return cls(
            method="POST",
            url=url,
            headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
            body=head.encode() + file.content + f"\r\n--{boundary}--\r\n".encode(),
        )


def _quoted(name: str) -> str:
    """Escape a field's name (HTML, 4.10.22.8)."""
    return name.replace("\n", "%0A").replace("\r", "%0D").replace('"', "%22")


class Answer(Unshown, frozen=True):
    """What came back. Header names are in lower case; the body is as received, never decoded.

    `dated` is whether the provider sent a `date`; if not, that header is when the answer arrived.
    """

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""
    dated: bool = True

    def __repr__(self) -> str:
        return f"<HTTP {self.status} ({', '.join(self.headers)}; {len(self.body)} bytes)>"

    def json(self) -> Any:
        """Return the body decoded as JSON, or None if it is not valid JSON.

        NaN and infinities, which some providers send although JSON does not have them, are
        accepted.
        """
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass
        try:
            return _whole(json.loads(self.body))
        except (ValueError, RecursionError):
            return None

    def with_json(self, value: Any) -> "Answer":
        """Return the same answer with another body: what several answers say, put into one."""
        return msgspec.structs.replace(self, body=msgspec.json.encode(value))


def _whole(value: Any) -> Any:
    """Replace lone surrogates, which cannot be encoded; they come from truncated emoji."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_whole(name): _whole(item) for name, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list) else value


class LocalFile(msgspec.Struct, frozen=True):
    """A file of the caller's, read by the core: its content, its type by content, a safe name."""

    content: bytes
    type: str
    name: str


class Token(Unshown, frozen=True):
    """What calls carry instead of a key, until it expires, in seconds since 1970."""

    text: str
    expires_at: float

    def __repr__(self) -> str:
        return f"<a token until {self.expires_at:g}>"


_NUMBERS = (int, float)
"""What JSON's numbers are in Python; a bool is none of them."""


def pick(value: Any, *path: str | int) -> Any:
    """Return the value at `path` in decoded JSON, or None if the shape differs."""
    for key in path:
        if isinstance(key, str) and isinstance(value, dict):
            value = value.get(key)
        elif isinstance(key, int) and isinstance(value, list) and -len(value) <= key < len(value):
            value = value[key]
        else:
            return None
    return value


def pick_text(value: Any, *path: str | int) -> str | None:
    """Return the text at `path`, or None if there is no text or only white space."""
    found = pick(value, *path) if path else value
    return found if isinstance(found, str) and found.strip() else None


def pick_percent(value: Any, *path: str | int) -> float | None:
    """Return the progress at `path` as 0 to 100, from a number or from text like "50%"."""
    found = pick(value, *path) if path else value
    if isinstance(found, str):
        try:
            found = float(found.strip().removesuffix("%"))
        except ValueError:
            return None
    if type(found) not in _NUMBERS:
        return None
    return float(found) if 0 <= found <= 100 else None


def pick_number(value: Any, *path: str | int) -> float | None:
    """Return the finite number at `path`, or None if there is none."""
    found = pick(value, *path) if path else value
    return float(found) if type(found) in _NUMBERS and abs(found) < 1e18 else None
