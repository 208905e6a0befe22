"""Answers read from bytes, however they are cut; h11, another reader, must agree."""

import gc
import weakref
from typing import Any

import h11
import httpcore
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rushes import Call
from rushes._flow import NotSent, Send
from rushes._network.addresses import _USUAL, Address, _unusual, address_of
from rushes._network.requests import Request, request_of
from transport_runner import settings

pytest.importorskip("httptools", reason="httptools is not installed", exc_type=ImportError)
from rushes._network.http1 import MAX_OVERHEAD, AnswerReader, head_of

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,11}", fullmatch=True).filter(
    lambda name: (
        name.lower()
        not in ("connection", "content-length", "transfer-encoding", "upgrade", "keep-alive")
    )
)
VALUES = st.from_regex(r"(?:[!-~](?:[ -~]{0,20}[!-~])?)?", fullmatch=True)
STATUSES = st.integers(200, 599).filter(lambda status: status not in (204, 205, 304))


def head(status: int, headers: list[tuple[str, str]]) -> bytes:
    lines = [f"HTTP/1.1 {status} Kite", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode()


def chunked(pieces: list[bytes]) -> bytes:
    return (
        b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece) + b"0\r\n\r\n"
    )


@st.composite
def answers(draw: Any) -> tuple[bytes, bytes]:
    """Return an answer as sent, and its body; the connection ends after it."""
    headers = draw(st.lists(st.tuples(NAMES, VALUES), max_size=4))
    pieces = draw(st.lists(st.binary(max_size=40), max_size=4))
    body = b"".join(pieces)
    framing = draw(st.sampled_from(["sized", "chunked", "until the end"]))
    named = {
        "sized": [("Content-Length", str(len(body)))],
        "chunked": [("Transfer-Encoding", "chunked")],
        "until the end": [("Connection", "close")],
    }[framing]
    early = draw(st.sampled_from([b"", b"HTTP/1.1 103 Early\r\nLink: <x>\r\n\r\n"]))
    whole = early + head(draw(STATUSES), [*headers, *named])
    return whole + (chunked(pieces) if framing == "chunked" else body), body


def read(data: bytes, cuts: list[int], *, ends: bool = True) -> AnswerReader:
    """Feed an answer in pieces, cut at these places."""
    reader, before = AnswerReader(once=False), 0
    for place in [*sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]:
        if data[before:place]:
            reader.feed(data[before:place])
        before = place
    if ends:
        reader.feed_end()
    return reader


def taken(reader: AnswerReader) -> bytes:
    body = b""
    while piece := reader.take():
        body += piece
    return body


@given(answers(), st.lists(st.integers(0, 400), max_size=6))
def test_an_answer_is_read_however_it_is_cut(sent: tuple[bytes, bytes], cuts: list[int]) -> None:
    data, body = sent
    reader = read(data, cuts)
    assert (taken(reader), reader.ended, reader.waiting) == (body, True, 0)
    other = h11.Connection(h11.CLIENT)
    other.send(h11.Request(method="GET", target="/", headers=[("host", "a")]))
    other.send(h11.EndOfMessage())
    other.receive_data(data)
    other.receive_data(b"")
    event = other.next_event()
    while isinstance(event, h11.InformationalResponse):
        event = other.next_event()
    assert isinstance(event, h11.Response)
    ours = [(name.lower(), value.strip()) for name, value in reader.headers]
    assert (reader.status, ours) == (event.status_code, list(event.headers))


@given(answers(), st.integers(0, 400))
def test_an_answer_that_is_cut_short_fails_after_what_arrived(
    sent: tuple[bytes, bytes], at: int
) -> None:
    data, body = sent
    reader = read(data[: at % len(data)], [])
    found = b""
    try:
        while piece := reader.take():
            found += piece
    except httpcore.RemoteProtocolError:
        assert not reader.ended
    else:
        assert reader.ended  # its body may end with the connection
    assert body.startswith(found)
    assert not reader.reusable


@given(
    st.one_of(st.binary(), st.binary().map(lambda odd: head(200, []) + odd)),
    st.lists(st.integers(0, 400)),
)
def test_whatever_arrives_is_an_answer_or_a_failure(data: bytes, cuts: list[int]) -> None:
    reader = read(data, cuts)
    assert reader.ended != (reader.failure is not None)
    assert isinstance(reader.failure, httpcore.RemoteProtocolError | None)


def test_a_connection_is_used_again_only_if_both_sides_agree() -> None:
    sized = head(200, [("Content-Length", "2")]) + b"{}"
    assert read(sized, [], ends=False).reusable
    assert not read(sized, []).reusable
    closing = head(200, [("Content-Length", "2"), ("Connection", "close")]) + b"{}"
    assert not read(closing, [], ends=False).reusable
    once = AnswerReader(once=True)
    once.feed(sized)
    assert once.ended
    assert not once.reusable


@pytest.mark.parametrize("more", [b"x", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])
@pytest.mark.parametrize("together", [True, False])
def test_what_nobody_asked_for_is_no_part_of_an_answer(more: bytes, together: bool) -> None:
    sized = head(200, [("Content-Length", "2")]) + b"{}"
    reader = read(sized + more, [] if together else [len(sized)], ends=False)
    assert (taken(reader), reader.status, reader.reusable) == (b"{}", 200, False)
    assert reader.headers == [(b"Content-Length", b"2")]


@pytest.mark.parametrize("data", [head(200, [("Content-Length", "2")]) + b"{}", b"<html>"])
def test_an_answer_that_was_read_leaves_nothing_to_the_garbage_collector(data: bytes) -> None:
    gc.disable()
    try:
        reader = weakref.ref(read(data, []))
        assert reader() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "data",
    [
        head(200, [("Content-Length", "2"), ("Transfer-Encoding", "chunked")]) + b"0\r\n\r\n",
        head(200, [("Content-Length", "2"), ("Content-Length", "3")]) + b"{} ",
        head(200, [("Content-Length", "-2")]) + b"{}",
        head(200, [("Content-Length", "2_0")]) + b"{}" * 10,
        head(200, [("Transfer-Encoding", "chunked")]) + b"+2\r\n{}\r\n0\r\n\r\n",
        head(200, [("Transfer-Encoding", "chunked")]) + b"ffffffffffffffffff\r\n{}",
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
        b"HTTP/1.1 101 Switching\r\nUpgrade: kite\r\nConnection: upgrade\r\n\r\n{}",
        b"<html>",
        b"\x16\x03\x01\x02\x00\x01",
    ],
)  # fmt: skip
def test_what_two_readers_could_understand_differently_fails(data: bytes) -> None:
    reader = read(data, [])
    assert reader.failure is not None
    assert not reader.ended


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X-Kite: red\r\n"),
        (b"", b"HTTP/1.1 103 Early\r\n\r\n"),
        (head(200, [("Transfer-Encoding", "chunked")]), b"1;" + b"x" * 50),
        (head(200, [("Transfer-Encoding", "chunked")]) + b"0\r\n", b"X-Trailer: kite\r\n"),
    ],
    ids=["headers", "early heads", "a chunk's extension", "trailers"],
)  # fmt: skip
def test_no_head_is_endless(first: bytes, again: bytes) -> None:
    reader = AnswerReader(once=False)
    reader.feed(first)
    for _ in range(2 * MAX_OVERHEAD // len(again)):
        reader.feed(again)
    assert reader.failure is not None
    assert not reader.ended


def test_a_large_body_in_tiny_chunks_is_read() -> None:
    reader = AnswerReader(once=False)
    reader.feed(head(200, [("Transfer-Encoding", "chunked")]))
    for _ in range(MAX_OVERHEAD):
        reader.feed(b"1\r\nk\r\n")
    reader.feed(b"0\r\n\r\n")
    assert len(taken(reader)) == MAX_OVERHEAD


@pytest.mark.parametrize("value", ["", "a b", "é"])
def test_headers_without_or_with_odd_values_are_kept_apart(value: str) -> None:
    data = f"HTTP/1.1 200 OK\r\nX-Kite: {value}\r\nContent-Length: 2\r\n\r\n{{}}".encode("latin-1")
    found = read(data, []).headers
    assert [(name, text.strip()) for name, text in found] == [
        (b"X-Kite", value.encode("latin-1")), (b"Content-Length", b"2"),
    ]  # fmt: skip


def request(**changes: Any) -> Request:
    call = {"method": "POST", "url": "https://api.acme.example/v1/x?a=1", "body": b"{}", **changes}
    return request_of(Send(call=Call(**call), total=20), settings())


def test_a_request_as_bytes() -> None:
    sent = head_of(request(headers={"content-type": "application/json", "X-Kite": "rød"}))
    assert sent.split(b"\r\n") == [
        b"POST /v1/x?a=1 HTTP/1.1", b"Host: api.acme.example", b"Accept: */*",
        b"Accept-Encoding: identity", b"User-Agent: rushes", b"Connection: keep-alive",
        b"Content-Type: application/json", b"X-Kite: r\xf8d", b"Content-Length: 2", b"", b"",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {"headers": {"X-Kite": "a\r\nX-Other: b"}},
        {"headers": {"X-Kite": "a\x00"}},
        {"headers": {"X-Kite": " a"}},
        {"headers": {"X-Kite": "\u20ac"}},
        {"headers": {"X Kite": "a"}},
        {"headers": {"": "a"}},
        {"headers": {"Transfer-Encoding": "chunked"}},
        {"headers": {"content-length": "5"}},
        {"headers": {"Host": "evil.example"}},
        {"method": "GET /x HTTP/1.1\r\nX"},
        {"method": ""},
        {"method": "connect"},
        {"url": "ftp://a.example/x"},
        {"url": "https://"},
        {"url": "https://a.example:99999/"},
        {"url": "https://a.example/\r\nX: y"},
    ],
)
def test_what_http_does_not_allow_is_not_sent(changes: dict[str, Any]) -> None:
    with pytest.raises(NotSent):
        request(**changes)


@given(st.from_regex(_USUAL, fullmatch=True).filter(lambda url: "/." not in url))
def test_a_usual_address_is_taken_apart_as_httpx_does(url: str) -> None:
    assert address_of(url) == _unusual(httpx.URL(url))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:80/a", Address("http", "127.0.0.1", 80, "127.0.0.1", "/a")),
        ("https://a.example", Address("https", "a.example", 443, "a.example", "/")),
        ("https://a.example?x=1", Address("https", "a.example", 443, "a.example", "/?x=1")),
        ("http://[::1]:9/a/../b", Address("http", "::1", 9, "[::1]:9", "/b")),
        ("https://b\u00fccher.example/\u00fc", Address(
            "https", "xn--bcher-kva.example", 443, "xn--bcher-kva.example", "/%C3%BC")),
        ("https://user:word@a.example/x#y", Address("https", "a.example", 443, "a.example", "/x")),
    ],
)  # fmt: skip
def test_addresses(url: str, expected: Address) -> None:
    assert address_of(url) == expected
