"""Compressed answers are decompressed, within limits."""

import gzip
import json
import zlib
from typing import Any

import pytest
from acme_driver import REQUEST, Maker
from acme_server import VIDEO, Handler, Server
from hypothesis import given
from hypothesis import strategies as st
from raw_server import RawServer, answering
from rushes import Call, OutcomeUnknownError, RefusedError, ResultError, StillRunningError
from rushes._flow import Dispatch, Interrupted, Send
from rushes._network.decoding import decoded
from rushes._network.messages import MAX_ANSWER
from transport_runner import Perform, settings

BODY = b'{"clip": {"ref": "c-1"}}'


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


def bomb(size: int) -> bytes:
    """Compress this many zeros, a thousand to one."""
    packer = zlib.compressobj(wbits=31)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)) + packer.flush()


PACKED = {
    "gzip": gzip.compress(BODY, mtime=0),
    "x-gzip": gzip.compress(BODY, mtime=0),
    "GZip": gzip.compress(BODY, mtime=0),
    "deflate": zlib.compress(BODY),
    "Deflate": raw_deflate(BODY),
    "gzip, gzip": gzip.compress(gzip.compress(BODY, mtime=0), mtime=0),
    "gzip,identity , deflate": zlib.compress(gzip.compress(BODY, mtime=0)),
    "identity": BODY,
    "": BODY,
}


def exchange(perform: Perform, encoding: str, body: bytes) -> tuple[Any, Dispatch]:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nContent-Encoding: %b\r\nX-Kite: red\r\n\r\n"
    dispatch = Dispatch(lambda: None)
    with RawServer(answering(head % (len(body), encoding.encode()) + body)) as server:
        call = Call.get(f"http://127.0.0.1:{server.port}/x")
        try:
            return perform(settings(), Send(call=call, total=20, dispatch=dispatch)), dispatch
        except Interrupted as error:
            return error, dispatch


@pytest.mark.parametrize("encoding", PACKED)
def test_known_encodings_are_decoded(perform: Perform, encoding: str) -> None:
    answer, dispatch = exchange(perform, encoding, PACKED[encoding])
    assert answer.body == BODY
    assert "content-encoding" not in answer.headers
    assert answer.headers.get("content-length", str(len(BODY))) == str(len(BODY))
    assert answer.headers["x-kite"] == "red"
    assert dispatch.answer == answer


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, br", "br, gzip", "gzip," * 6])
def test_unknown_encodings_are_left_as_received(perform: Perform, encoding: str) -> None:
    answer, _ = exchange(perform, encoding, PACKED["gzip"])
    assert (answer.body, answer.headers["content-encoding"]) == (PACKED["gzip"], encoding.strip())


@pytest.mark.parametrize(
    ("encoding", "body", "words"),
    [
        ("gzip", bomb(MAX_ANSWER + (1 << 20)), "unpacks to more bytes than"),
        ("gzip, gzip", gzip.compress(bomb(MAX_ANSWER * 2), mtime=0), "unpacks to more bytes than"),
        ("gzip", PACKED["gzip"][:-1], "cut short"),
        ("gzip", PACKED["gzip"][:5], "cut short"),
        ("deflate", PACKED["deflate"][:-1], "cut short"),
        ("gzip", PACKED["gzip"][:-8] + bytes(8), "gzip is damaged"),
        ("gzip", BODY, "gzip is damaged"),
        ("deflate", BODY, "deflate is damaged"),
        ("gzip", gzip.compress(b"{", mtime=0) * 6, "too many parts"),
    ],
)
def test_a_truncated_or_damaged_body_or_a_bomb_interrupts_the_call(
    perform: Perform, encoding: str, body: bytes, words: str
) -> None:
    error, dispatch = exchange(perform, encoding, body)
    assert isinstance(error, Interrupted)
    assert words in str(error)
    assert (dispatch.left, dispatch.answer) == (True, None)


def packed(body: bytes, encodings: list[str]) -> bytes:
    for encoding in encodings if body else ():
        body = zlib.compress(body) if encoding == "deflate" else gzip.compress(body, mtime=0)
    return body


names = st.lists(st.sampled_from(["gzip", "x-gzip", "deflate"]), min_size=1, max_size=5)


@given(st.binary(max_size=200), names, st.integers(0, 60))
def test_any_body_in_any_encodings_is_decoded_or_too_long(
    body: bytes, encodings: list[str], most: int
) -> None:
    headers = {"content-encoding": ", ".join(encodings)}
    whole = packed(body, encodings)
    assert decoded(headers, whole, 10_000) == ({}, body)
    if len(body) > most:
        with pytest.raises(Interrupted):
            decoded(headers, whole, most)
    for end in range(1, len(whole)):
        with pytest.raises(Interrupted):
            decoded(headers, whole[:end], 10_000)


@given(st.binary(max_size=60), st.text(st.characters(codec="ascii"), max_size=20) | st.just("gzip"))
def test_any_bytes_are_decoded_or_refused(body: bytes, encoding: str) -> None:
    try:
        headers, found = decoded({"content-encoding": encoding}, body, 1000)
    except Interrupted:
        return
    assert len(found) <= 1000
    assert headers in ({}, {"content-encoding": encoding})


def test_gzip_members_are_joined_and_trailing_bytes_ignored() -> None:
    headers = {"content-encoding": "gzip"}
    two = gzip.compress(b"{", mtime=0) + gzip.compress(b"}", mtime=0)
    assert decoded(headers, two + bytes(9), 10) == ({}, b"{}")
    with pytest.raises(Interrupted, match="unpacks to more"):
        decoded(headers, two, 1)
    with pytest.raises(Interrupted, match="cut short"):
        decoded(headers, two[:-1], 10)


def compressed(status: int, value: Any, encoding: str = "gzip") -> Any:
    def behave(handler: Handler) -> None:
        if status == 201:
            value["clip"]["ref"] = handler.server.create(handler.headers.get("X-Job", ""))
        body = gzip.compress(json.dumps(value).encode())
        handler.answer(status, body, {"Content-Encoding": encoding})

    return behave


def test_a_job_with_compressed_answers_succeeds(make: Maker, server: Server) -> None:
    server.on("POST /v1/clips", compressed(201, {"clip": {}}))
    ready = {"clip": {"ref": "c-1", "stage": "ready", "links": [f"{server.url}/files/x"]}}
    server.on("GET /v1/clips", compressed(200, ready))
    task = make().generate("acme/zoom", REQUEST)
    assert (task.remote_id, server.posts()) == ("c-1", 1)
    assert task.file


def test_a_compressed_refusal_is_quoted(make: Maker, server: Server) -> None:
    server.on("POST /v1/clips", compressed(400, {"error": {"message": "too windy"}}))
    with pytest.raises(RefusedError, match="too windy"):
        make().submit("acme/zoom", REQUEST)


def test_an_unknown_encoding_is_named_in_the_error(make: Maker, server: Server) -> None:
    driver = make()
    server.on("POST /v1/clips", compressed(201, {"clip": {}}, "br"))
    with pytest.raises(
        OutcomeUnknownError, match="HTTP 201, sent with the unsupported content encoding 'br'"
    ):
        driver.submit("acme/zoom", REQUEST)
    server.on("POST /v1/clips", compressed(400, {"error": {"message": "too windy"}}, "zstd"))
    with pytest.raises(
        OutcomeUnknownError,
        match="HTTP status 400, sent with the unsupported content encoding 'zstd'",
    ):
        driver.submit("acme/zoom", REQUEST)
    server.on("GET /v1/clips", *[compressed(200, {}, "br")] * 1000)
    with pytest.raises(StillRunningError, match="sent with the unsupported content encoding 'br'"):
        driver.wait(driver.submit("acme/zoom", REQUEST), timeout=0.2)


def test_a_download_is_not_decoded(make: Maker, server: Server) -> None:
    server.on("GET /files", *[lambda h: h.answer(200, gzip.compress(VIDEO, mtime=0))] * 9)
    driver = make()
    with pytest.raises(ResultError, match="it looks like gzip"):
        driver.generate("acme/zoom", REQUEST)
