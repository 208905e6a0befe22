"""Telling a complete video from a truncated file, a web page or anything else."""

import io
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from acme_server import VIDEO, box
from hypothesis import given
from hypothesis import strategies as st
from rushes._fetch.container import _samples_end, looks_like, objection

FTYP, MOOV, MDAT = box(b"ftyp", b"isom\0\0\0\0"), box(b"moov", b"m" * 20), box(b"mdat", b"d" * 30)
LARGE = struct.pack(">I4sQ", 1, b"mdat", 16 + 10) + b"d" * 10
OPEN = struct.pack(">I4s", 0, b"mdat") + b"d" * 10
EBML = b"\x1a\x45\xdf\xa3\x84" + b"webm"
SEGMENT = b"\x18\x53\x80\x67\x85" + b"hello"
BLOCK = b"\xa3\x85block"  # SimpleBlock
LIVE = b"\x18\x53\x80\x67\x01" + b"\xff" * 7  # a segment of unknown size
LIVE_CLUSTER = b"\x1f\x43\xb6\x75\xff\xe7\x81\0" + BLOCK * 2  # timestamp and blocks
CLUSTER = b"\x1f\x43\xb6\x75\x8a\xe7\x81\0" + BLOCK
UNKNOWN = LIVE + b"\x16\x54\xae\x6b\x81t" + LIVE_CLUSTER + CLUSTER + LIVE_CLUSTER


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (VIDEO, None),
        (FTYP + MOOV + MDAT, None),
        (FTYP + box(b"free") + MDAT + MOOV, None),
        (FTYP + MOOV + LARGE, None),
        (FTYP + MOOV + OPEN, None),
        (EBML + SEGMENT, None),
        (EBML + UNKNOWN, None),
        (EBML + LIVE + CLUSTER, None),
        (EBML + LIVE, "no cluster"),
        (EBML + LIVE + b"\x16\x54\xae\x6b\x81t", "no cluster"),
        (EBML + LIVE + LIVE_CLUSTER[:-1], "cut short: an element ends"),
        (EBML + LIVE + LIVE_CLUSTER + b"\xa3", "middle of an element's header"),
        (EBML + LIVE + b"\xa3\xff", "damaged: an element of unknown size"),
        (EBML + CLUSTER, "no segment"),
        (b"", "is empty"),
        (FTYP, "no 'moov'"),
        (FTYP + MOOV, "no 'mdat'"),
        (MOOV + MDAT, "no 'ftyp'"),
        (FTYP + MDAT, "no 'moov'"),
        (FTYP + struct.pack(">I4s", 4, b"mdat") + MOOV, "damaged"),
        (FTYP + MOOV + struct.pack(">I4sQ", 1, b"mdat", 3), "damaged"),
        (FTYP + MOOV + struct.pack(">I4sQ", 1, b"mdat", 1 << 63), "cut short"),
        (FTYP + MOOV + struct.pack(">I4s", 1, b"mdat"), "damaged"),
        (EBML, "no segment"),
        (EBML + SEGMENT[:-1], "cut short"),
        (EBML + b"\0\0", "damaged"),
        (b"<!DOCTYPE html><html>", "an HTML page"),
        (b"\xef\xbb\xbf \n<HTML>", "an HTML page"),
        (b'{"error": "gone"}', "JSON"),
        (b"<?xml version='1.0'?><Error/>", "XML"),
        (b"\x1f\x8b\x08\0", "gzip"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"Not found", "text"),
        (b"\0\0\0\0", "other data"),
    ],
)
def test_each_kind_of_content(tmp_path: Path, content: bytes, words: str | None) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    found = objection(path)
    assert (found is None) == (words is None)
    assert (words or "") in (found or "")


@pytest.mark.parametrize("whole", [FTYP + MOOV + MDAT, FTYP + MDAT + MOOV, FTYP + MOOV + LARGE])
def test_a_file_cut_anywhere_is_refused(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "x"
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        assert objection(path), f"cut after {end} bytes"
    path.write_bytes(whole)
    assert objection(path) is None


Samples = tuple[list[int], int, list[int], int, bool]
"""Chunk offsets; one sample size, or all sizes; samples in the last chunk; whether it is co64."""


def track(at: list[int], each: int, sizes: list[int], in_last: int, wide: bool = False) -> bytes:
    """Make a track with chunks at these offsets, with one sample in each but the last."""
    runs = [(1, 1, 1), (len(at), in_last, 1)]
    tables = [
        (
            b"co64" if wide else b"stco",
            struct.pack(f">II{len(at)}{'Q' if wide else 'I'}", 0, len(at), *at),
        ),
        (b"stsc", struct.pack(">II6I", 0, 2, *runs[0], *runs[1])),
        (b"stsz", struct.pack(f">III{len(sizes)}I", 0, each, len(sizes) or 9, *sizes)),
    ]
    stbl = box(b"stbl", b"".join(box(kind, body) for kind, body in tables))
    return box(b"trak", box(b"tkhd", b"t") + box(b"mdia", box(b"minf", stbl)))


def film(*tracks: Samples) -> bytes:
    """Make a film whose last box, of open length, holds the tracks' samples at their offsets."""
    begin = len(FTYP + box(b"moov", b"".join(track(*each) for each in tracks))) + 8
    moov = [track([at + begin for at in each[0]], *each[1:]) for each in tracks]
    return FTYP + box(b"moov", b"".join(moov)) + struct.pack(">I4s", 0, b"mdat") + b"d" * 40


PICTURE: Samples = ([0, 20], 0, [10, 5, 5], 2, False)
SOUND: Samples = ([10, 30], 5, [], 2, True)


@pytest.mark.parametrize("tracks", [[PICTURE, SOUND], [SOUND, PICTURE], [SOUND]])
@pytest.mark.parametrize("framed", [True, False])
def test_sample_tables_reveal_a_cut_in_a_last_box_of_open_length(
    tmp_path: Path, tracks: list[Samples], framed: bool
) -> None:
    path = tmp_path / "x"
    whole = film(*tracks)
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        assert objection(path, framed=framed), f"cut after {end} bytes"
    path.write_bytes(whole)
    assert objection(path, framed=framed) is None


@pytest.mark.parametrize(
    "content",
    [
        FTYP + MOOV + OPEN,
        FTYP + box(b"moov", track([], 0, [], 0)) + OPEN,
        FTYP + box(b"moov", track([1], 0, [1], 1)[:-4] + b"\xff" * 4) + OPEN[:8],
        FTYP + box(b"moov", track([], 0, [], 0)) + box(b"moof") + OPEN,
        FTYP + box(b"moov", track([1], 1, [], 1)) + box(b"moof") + OPEN,
        FTYP + MDAT + struct.pack(">I4s", 0, b"moov") + track([1], 1, [], 1),
    ],
)
def test_without_an_end_in_the_file_the_transfer_must_have_been_framed(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    if content.endswith(OPEN[:8]):
        assert "cut short" in (objection(path) or "")  # its sample is larger than a file can be
        return
    assert objection(path) is None
    assert "nothing says" in (objection(path, framed=False) or "")
    path.write_bytes(FTYP + MOOV + MDAT)
    assert objection(path, framed=False) is None


@given(content=st.binary(max_size=60) | st.integers(0, 200).map(lambda at: film(PICTURE)[at:]))
def test_reading_any_sample_tables_raises_nothing(content: bytes) -> None:
    for moov in (content, box(b"trak", content)):
        assert _samples_end(io.BytesIO(moov), (0, len(moov))) >= 0


def test_a_live_webm_is_refused_unless_cut_between_two_elements(tmp_path: Path) -> None:
    path = tmp_path / "x"
    whole = EBML + LIVE + LIVE_CLUSTER + CLUSTER
    between = {len(EBML + LIVE + LIVE_CLUSTER[:8] + BLOCK * n) for n in (0, 1, 2)}
    # A cut right after a cluster's timestamp, a block or a header of unknown size does not show.
    between.add(len(EBML + LIVE + LIVE_CLUSTER[:5]))
    for end in set(range(len(whole))) - between:
        path.write_bytes(whole[:end])
        assert objection(path), f"cut after {end} bytes"
    for end in (*between, len(whole)):
        path.write_bytes(whole[:end])
        assert objection(path) is None


@pytest.mark.parametrize("piece", [box(b"free"), b"\xec\x80"])
def test_a_file_crafted_to_take_forever_is_refused(
    tmp_path: Path, piece: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rushes._fetch.container.MAX_PARTS", 100)
    path = tmp_path / "x"
    path.write_bytes((FTYP if piece[0] == 0 else EBML) + piece * 200)
    assert "too many" in (objection(path) or "")


def test_trailing_garbage_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(VIDEO + b"<html>")
    assert objection(path)


def film_of_boxes(count: int) -> bytes:
    """Make a film of this many boxes, each of a different type."""
    boxes = b"".join(struct.pack(">II", 8, kind) for kind in range(count))
    return FTYP + MOOV + boxes + MDAT


def film_of_elements(count: int) -> bytes:
    elements = (struct.pack(">I", 1 << 28 | kind) + b"\x80" for kind in range(count))
    return EBML + LIVE + CLUSTER + b"".join(elements)


def film_of_samples(count: int) -> bytes:
    """Make a film whose tables list this many chunks of one sample each."""
    begin = 16 + len(FTYP) + len(box(b"moov", track([0] * count, 0, [1] * count, 1)))
    moov = box(b"moov", track(list(range(begin, begin + count)), 0, [1] * count, 1))
    return FTYP + moov + struct.pack(">I4s", 0, b"mdat") + bytes(count + 8)


@pytest.mark.parametrize(
    ("made", "count"),
    [(film_of_boxes, 30_000), (film_of_elements, 30_000), (film_of_samples, 120_000)],
)
def test_a_film_of_very_many_parts_is_read_in_little_memory(
    tmp_path: Path, made: Callable[[int], bytes], count: int, whole: bool
) -> None:
    path, film = tmp_path / "x", made(16 * count if whole else count)
    path.write_bytes(film)
    tracemalloc.start()
    try:
        assert objection(path, framed=False) is None
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20
    if made is film_of_samples:
        path.write_bytes(film[:-9])
        assert "cut short" in (objection(path) or "")


pieces = st.sampled_from(
    [FTYP, MOOV, MDAT, LARGE, OPEN, EBML, SEGMENT, UNKNOWN, b"\0", b"\xff", b"\0\0\0\x01"]
)


@given(st.binary(max_size=40) | st.lists(pieces | st.binary(max_size=9), max_size=5).map(b"".join))
def test_any_bytes_get_a_verdict(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    found = objection(path)
    assert found is None or found
    assert looks_like(content)
    if found is None:
        assert content.startswith(b"\x1a\x45\xdf\xa3") or all(
            kind in content for kind in (b"ftyp", b"moov", b"mdat")
        )
