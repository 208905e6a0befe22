"""Whether a file is a whole video, told by walking its container to the end.

MP4: ISO/IEC 14496-12, 4.2 (boxes). WebM: RFC 8794 (EBML), RFC 9559 (Matroska). A live WebM says
nowhere how long it is; there a cut is seen unless it falls between two blocks.
"""

import struct
from pathlib import Path
from typing import BinaryIO

MOST_PARTS = 1_000_000
"""Boxes or elements that are walked: hours of video have fewer."""
_SEGMENT, _CLUSTER = b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"


def objection(path: Path) -> str | None:
    """Say why a file is no whole video, and what it looks like; None where it is one."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(512)
        if not size:
            return "is empty"
        if head[4:8] in (b"ftyp", b"styp", b"moov", b"mdat", b"free", b"wide", b"skip"):
            return _mp4(file, size)
        if head.startswith(b"\x1a\x45\xdf\xa3"):
            return _webm(file, size)
    return f"is no video: it looks like {looks_like(head)}"


def looks_like(head: bytes) -> str:
    """Name what a file's first bytes look like."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "an HTML page"
    if text.startswith((b"{", b"[")):
        return "JSON"
    if text.startswith(b"<"):
        return "XML"
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8")):
        return "a picture"
    return (
        "text" if text and all(byte >= 32 or byte in b"\t\r\n" for byte in text) else "other data"
    )


def _mp4(file: BinaryIO, size: int) -> str | None:
    at, seen = 0, set()
    for _ in range(MOST_PARTS):
        if at >= size:
            break
        file.seek(at)
        header = file.read(16)
        if len(header) < 8:
            return "is cut short in the middle of a box's header"
        length, kind = struct.unpack(">I4s", header[:8])
        if length == 1 and len(header) == 16:
            length = struct.unpack(">Q", header[8:])[0]
        elif length == 0:
            length = size - at
        if length < 8:
            return f"is damaged: a box of {length} bytes at {at}"
        if at + length > size:
            name = kind.decode("latin-1")
            return f"is cut short: its box {name!r} ends at {at + length} of {size} bytes"
        seen.add(kind)
        at += length
    if at < size:
        return "is no video: it is made of too many boxes"
    missing = [box for box in (b"ftyp", b"moov", b"mdat") if box not in seen]
    return f"has no {missing[0].decode()!r} box" if missing else None


def _webm(file: BinaryIO, size: int) -> str | None:
    at, seen, live = 0, set(), False
    for _ in range(MOST_PARTS):
        if at >= size:
            break
        file.seek(at)
        header = file.read(12)
        id_length = 9 - header[0].bit_length() if header[0] else 9
        rest = header[id_length:]
        if id_length > 4 or (rest and not rest[0]):
            return f"is damaged: no element at {at}"
        size_length = 9 - rest[0].bit_length() if rest else 1
        if len(rest) < size_length:
            return "is cut short in the middle of an element's header"
        kind = header[:id_length]
        length = int.from_bytes(rest[:size_length], "big") & ((1 << 7 * size_length) - 1)
        if length == (1 << 7 * size_length) - 1:
            # Of unknown size (RFC 8794, 6.2): what is in it follows, one element after the other.
            if kind not in (_SEGMENT, _CLUSTER):
                return f"is damaged: an element of unknown size at {at}"
            live, length = True, 0
        seen.add(kind)
        at += id_length + size_length + length
        if at > size:
            return f"is cut short: an element ends at {at} of {size} bytes"
    if at < size:
        return "is no video: it is made of too many elements"
    if _SEGMENT not in seen:
        return "has no segment"
    return "has no cluster" if live and _CLUSTER not in seen else None
