"""Whether a file is a complete video, found by walking its container to the end.

MP4: ISO/IEC 14496-12, 4.2 (boxes). WebM: RFC 8794 (EBML), RFC 9559 (Matroska). A live WebM does not
record its length; truncation is detected unless it falls between two blocks. An MP4 whose last box
runs to the end records its length only in its sample tables (ISO/IEC 14496-12, 8.7), and a
fragmented one does not record it at all.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

MAX_PARTS = 1_000_000
"""How many boxes or elements to walk at most; hours of video have fewer."""
MAX_TABLE_BYTES = 16 * 1024**2
"""How many bytes of sample tables to read at most; hours of video have fewer."""
MAX_INNER_BOXES = 1000
"""How many boxes to look at, at most, inside one box of the movie's description."""
BLOCK = 16 * 1024
"""Bytes of a table to read at once."""
_MP4_BOXES = (b"ftyp", b"moov", b"mdat", b"moof")
_SEGMENT, _CLUSTER = b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"

_Span = tuple[int, int]
"""Where something begins and ends in a file."""
_NOWHERE: _Span = (0, 0)


def objection(path: Path, *, framed: bool = True) -> str | None:
    """Say why a file is not a complete video, and what it looks like; None if it is one.

    `framed` is true if the server announced the length. If neither the server nor the file
    does, the file is not accepted.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(512)
        if not size:
            return "is empty"
        if head[4:8] in (b"ftyp", b"styp", b"moov", b"mdat", b"free", b"wide", b"skip"):
            return _mp4(file, size, framed)
        if head.startswith(b"\x1a\x45\xdf\xa3"):
            return _webm(file, size)
    return f"is not a video: it looks like {looks_like(head)}"


def looks_like(head: bytes) -> str:
    """Name the kind of file that the first bytes look like."""
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


def _mp4(file: BinaryIO, size: int, framed: bool) -> str | None:
    at, bodies, last = 0, dict[bytes, _Span](), b""
    for _ in range(MAX_PARTS):
        if at >= size:
            break
        found = _box_at(file, at, size)
        if not found:
            return "is cut short in the middle of a box's header"
        length, kind, is_open = found
        if length < 8:
            return f"is damaged: a box of {length} bytes at {at}"
        if at + length > size:
            name = kind.decode("latin-1")
            return f"is cut short: its box {name!r} ends at {at + length} of {size} bytes"
        if kind in _MP4_BOXES:
            bodies[kind] = at + 8, at + length
        last = kind if is_open else b""
        at += length
    if at < size:
        return "is not a video: it has too many boxes"
    missing = [box for box in (b"ftyp", b"moov", b"mdat") if box not in bodies]
    if missing:
        return f"has no {missing[0].decode()!r} box"
    if not last:
        return None
    measurable = last == b"mdat" and b"moof" not in bodies
    return _truncation(_samples_end(file, bodies[b"moov"]) if measurable else 0, size, framed)


def _box_at(file: BinaryIO, at: int, size: int) -> tuple[int, bytes, bool] | None:
    """Read a box's length, its kind, and whether it runs to the end of the file."""
    file.seek(at)
    header = file.read(16)
    if len(header) < 8:
        return None
    length, kind = struct.unpack(">I4s", header[:8])
    is_open = length == 0
    if is_open:
        length = size - at
    elif length == 1 and len(header) == 16:
        length = struct.unpack(">Q", header[8:])[0]
    return length, kind, is_open


def _truncation(end: int, size: int, framed: bool) -> str | None:
    """Say what is wrong with a file whose last box runs to the end of the file."""
    if end > size:
        return f"is cut short: its samples end at {end} of {size} bytes"
    return None if end or framed else "may be cut short: nothing says where it ends"


def _samples_end(file: BinaryIO, moov: _Span) -> int:
    """Return where the last chunks of the tracks end in the file, 0 if that is not recorded."""
    if moov[1] - moov[0] > MAX_TABLE_BYTES:
        return 0
    try:
        tracks = (body for kind, body in _boxes(file, moov) if kind == b"trak")
        return max((_track_end(file, track) for track in tracks), default=0)
    except struct.error:  # a table is missing, or shorter than its own count
        return 0


def _track_end(file: BinaryIO, track: _Span) -> int:
    tables = track
    for name in (b"mdia", b"minf", b"stbl"):
        tables = _within(file, tables, name)
    offsets, width = _within(file, tables, b"co64"), 8
    if offsets == _NOWHERE:
        offsets, width = _within(file, tables, b"stco"), 4
    if offsets == _NOWHERE or not (chunks := _number(file, offsets, 4)):
        return 0
    runs, sizes = _within(file, tables, b"stsc"), _within(file, tables, b"stsz")
    each, samples = _number(file, sizes, 4), _number(file, sizes, 8)
    in_last = min(_number(file, runs, 12 * _number(file, runs, 4)), samples)
    begin = _number(file, offsets, 8 + width * (chunks - 1), width)
    listed = _blocks(file, sizes, 12 + 4 * (samples - in_last), in_last, 4)
    room = each * in_last or sum(map(sum, listed))
    return max(begin + room, max(map(max, _blocks(file, offsets, 8, chunks, width))))


def _number(file: BinaryIO, table: _Span, at: int, width: int = 4) -> int:
    """Read one number of a table; raises struct.error if the table ends before it."""
    return next(_blocks(file, table, at, 1, width))[0]


def _blocks(
    file: BinaryIO, table: _Span, at: int, count: int, width: int
) -> Iterator[tuple[int, ...]]:
    """Read numbers of a table in blocks: a table may be as large as the file."""
    begin, end = table[0] + at, table[0] + at + width * count
    if end > table[1]:
        raise struct.error
    for block in range(begin, end, BLOCK):
        file.seek(block)
        content = file.read(min(BLOCK, end - block))
        yield struct.unpack(f">{len(content) // width}{'Q' if width == 8 else 'I'}", content)


def _within(file: BinaryIO, box: _Span, name: bytes) -> _Span:
    return next((body for kind, body in _boxes(file, box) if kind == name), _NOWHERE)


def _boxes(file: BinaryIO, box: _Span) -> Iterator[tuple[bytes, _Span]]:
    """Yield the kind and body of each box inside a box."""
    at, end = box
    for _ in range(MAX_INNER_BOXES):
        file.seek(at)
        length, kind = struct.unpack(">I4s", file.read(8)) if at + 8 <= end else (0, b"")
        if not 8 <= length <= end - at:
            return
        yield kind, (at + 8, at + length)
        at += length


def _webm(file: BinaryIO, size: int) -> str | None:
    at, seen, live = 0, set[bytes](), False
    for _ in range(MAX_PARTS):
        if at >= size:
            break
        file.seek(at)
        header = file.read(12)
        id_length = 9 - header[0].bit_length() if header[0] else 9
        rest = header[id_length:]
        if id_length > 4 or (rest and not rest[0]):
            return f"is damaged: no valid element at {at}"
        size_length = 9 - rest[0].bit_length() if rest else 1
        if len(rest) < size_length:
            return "is cut short in the middle of an element's header"
        kind = header[:id_length]
        length = int.from_bytes(rest[:size_length], "big") & ((1 << 7 * size_length) - 1)
        if length == (1 << 7 * size_length) - 1:
            # Of unknown size (RFC 8794, 6.2): its content follows, one element after the other.
            if kind not in (_SEGMENT, _CLUSTER):
                return f"is damaged: an element of unknown size at {at}"
            live, length = True, 0
        seen |= {kind} & {_SEGMENT, _CLUSTER}
        at += id_length + size_length + length
        if at > size:
            return f"is cut short: an element ends at {at} of {size} bytes"
    if at < size:
        return "is not a video: it has too many elements"
    if _SEGMENT not in seen:
        return "has no segment"
    return "has no cluster" if live and _CLUSTER not in seen else None
