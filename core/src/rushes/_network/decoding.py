"""Undoing the content encodings of an answer (RFC 9110, 8.4), within bounds.

We ask for none; some servers, and proxies in front of them, encode anyway.
"""

import zlib
from collections.abc import Callable, Mapping

from rushes._flow import Interrupted

MAX_LAYERS = 5
"""How many nested encodings, and parts of one, are undone: honest answers have one."""


def decoded(headers: Mapping[str, str], body: bytes, most: int) -> tuple[Mapping[str, str], bytes]:
    """Return an answer's headers and body with its encodings undone, the last one first.

    If one of them is unknown, both are returned unchanged. Raises Interrupted if the body is cut
    short or damaged, or would be larger than `most` bytes.
    """
    declared = headers.get("content-encoding")
    if declared is None:
        return headers, body
    names = [name.strip().lower() for name in declared.split(",")]
    encodings = [name for name in names if name not in ("", "identity")]
    if len(encodings) > MAX_LAYERS or not _UNDOING.keys() >= set(encodings):
        return headers, body
    for encoding in reversed(encodings):
        try:
            body = _UNDOING[encoding](body, most) if body else body
        except zlib.error as error:
            raise Interrupted(f"the answer's {encoding} is damaged ({error})") from error
    stale = ("content-encoding", "content-length") if encodings else ("content-encoding",)
    return {name: value for name, value in headers.items() if name not in stale}, body


def _gunzipped(body: bytes, most: int) -> bytes:
    """Undo gzip: one part after another; data after the last one is ignored (RFC 1952)."""
    whole = b""
    for _ in range(MAX_LAYERS):
        part = zlib.decompressobj(wbits=31)
        whole += _unpacked(part, body, most - len(whole))
        body = part.unused_data
        if not body.startswith(b"\x1f\x8b"):
            return whole
    raise Interrupted("the answer's gzip has too many parts")


def _inflated(body: bytes, most: int) -> bytes:
    """Undo deflate, which some servers send without the required zlib header."""
    framed = body[0] & 15 == 8 and int.from_bytes(body[:2], "big") % 31 == 0
    return _unpacked(zlib.decompressobj(wbits=15 if framed else -15), body, most)


def _unpacked(packed: "zlib._Decompress", body: bytes, most: int) -> bytes:
    unpacked = packed.decompress(body, most + 1)
    if len(unpacked) > most:
        raise Interrupted("the answer is compressed and unpacks to more bytes than are accepted")
    if not packed.eof:
        raise Interrupted("the answer is compressed and cut short")
    return unpacked


_UNDOING: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gunzipped,
    "x-gzip": _gunzipped,
    "deflate": _inflated,
}
