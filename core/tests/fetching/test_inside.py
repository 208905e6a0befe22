"""A video inside an answer, as base64 text: streamed to its file, and nowhere else."""

import base64
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from acme_declared import ANSWERS, declared
from acme_driver import KEY, REQUEST, Driver, Maker
from acme_server import VIDEO, Behaviour, Handler, Server, answers, box
from hypothesis import given
from hypothesis import strategies as st
from rushes import (
    Answer,
    BrokenPluginError,
    Call,
    ResultError,
    Steps,
    StillRunningError,
    Timeouts,
    Variant,
    hookimpl,
)
from rushes._fetch.inside import VideoInside
from rushes._fetch.part_file import MAX_VIDEO, PartFile
from rushes._fetch.text_in_json import MAX_DEPTH, TextInJson
from rushes._flow import Interrupted, Stalled
from rushes._network.long_texts import LEFT_OUT, LONG, WithoutLongTexts
from rushes._network.messages import MAX_ANSWER
from rushes._plugins import reading
from rushes._plugins.loading import build
from rushes.testing import Clock

LARGE = VIDEO + box(b"free", bytes(range(256)) * 1200)
TEXT = base64.b64encode(LARGE).decode()
PATH = "made.films[1].data"


# The text, found in a document that arrives in pieces.


def in_pieces(take: Callable[[bytes], Any], document: bytes, every: int) -> list[Any]:
    """Let a document arrive in pieces of some length; return what each gave."""
    return [take(document[at : at + every]) for at in range(0, len(document), every)]


def found(document: bytes, path: str = PATH, every: int = 7) -> bytes:
    """Return the text at a path of a document that arrives in pieces of some length."""
    text = TextInJson(path)
    taken = b"".join(in_pieces(text.feed, document, every))
    assert text.complete
    assert text.ended
    return taken


KEYS = st.sampled_from(["made", "films", "data", "other", 'a"b', "a\\", "dätä", "\U0001f600"])
VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(
    before=st.dictionaries(KEYS, VALUES, max_size=3),
    others=st.lists(VALUES, min_size=2, max_size=3),
    text=st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"])),
    every=st.integers(1, 40),
    ascii_only=st.booleans(),
    indent=st.sampled_from([None, 1]),
)
def test_the_text_is_found_wherever_the_pieces_end(
    before: Any, others: Any, text: str, every: int, ascii_only: bool, indent: Any
) -> None:
    others[1] = {**before, "data": text}
    value = {**before, "made": {**before, "films": others}}
    document = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode(
        "utf-8", "surrogatepass"
    )
    assert found(document, every=every) == text.encode()


@given(st.binary(max_size=40), st.integers(1, 9))
def test_any_bytes_are_read_or_refused(document: bytes, every: int) -> None:
    with suppress(ResultError):
        in_pieces(TextInJson("a").feed, document, every)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ('{"a": {"b": "x"}, "a": {"b": "y"}}', "has a of a.b twice"),
        ('{"a": {"b": "x", "b": "y"}}', "has b of a.b twice"),
        ('{"a": {"b": "x", "\\u0062": "y"}}', "has b of a.b twice"),
        ('{"a": {"b": 1}}', "what is at a.b in the answer is not a text"),
        ('{"a": {"b": {"b": "x"}}}', "not a text"),
        ('{"a": {"b": null}}', "not a text"),
        ("[" * (MAX_DEPTH + 1), f"more than {MAX_DEPTH} levels"),
        ("<html>", "is not JSON"),
        ('{"a": "\\x"}', "is not JSON"),
        ('{"a": "\\u12x4"}', "is not JSON"),
        ('{"a" "b"}', "is not JSON"),
        ('{"a": 1]', "is not JSON"),
        ('{"a": 1,}', "is not JSON"),
        ("[1,]", "is not JSON"),
        ('{"a": {"b": "x"}} {}', "is not JSON"),
        ('{"a": {"b": "x"}}}', "is not JSON"),
    ],
)
@pytest.mark.parametrize("every", [1, 1000])
def test_a_document_that_two_readers_could_read_differently_is_refused(
    document: str, message: str, every: int
) -> None:
    text = TextInJson("a.b")
    with pytest.raises(ResultError, match=message):
        in_pieces(text.feed, document.encode(), every)


@pytest.mark.parametrize(
    "document",
    ['{"a": {}}', '{"a": []}', "[]", "1", '{"b": "x"}', '{"a": ["b", "x"]}', '{"a.b": "x"}',
     '{"c": {"a": {"b": "x"}}}', '[{"b": "x"}]', '{"a": {"c": "x"}, "b": "x"}'],
)  # fmt: skip
def test_a_text_elsewhere_is_not_taken(document: str) -> None:
    text = TextInJson("a.b")
    assert text.feed(document.encode() + b" ") == b""
    assert (text.complete, text.ended) == (True, False)


def test_items_of_lists_are_counted() -> None:
    assert found(b'{"x": ["a", ["b", "d"], "c"]}', "x[1][1]") == b"d"
    assert found(b'{"x": ["a", ["b", "d"], "c"]}', "x[2]") == b"c"


# The video in it.


def sink(tmp_path: Path, **known: Any) -> tuple[VideoInside, PartFile]:
    part = PartFile(tmp_path / "x.mp4", "kite", **known)
    made = VideoInside(part, "a")
    made.begin(Answer(200, {"content-length": "99", "etag": '"v1"'}))
    return made, part


@given(every=st.integers(1, 5000), escaped=st.booleans())
def test_the_video_is_written_as_it_was_encoded(every: int, escaped: bool) -> None:
    import tempfile

    document = json.dumps({"a": base64.b64encode(VIDEO).decode(), "b": 1})
    document = document.replace("/", "\\/") if escaped else document
    with tempfile.TemporaryDirectory() as folder:
        made, part = sink(Path(folder))
        in_pieces(made.write, document.encode(), every)
        assert made.missing is None
        assert made.headers() == part.headers() == {}
        part.check()
        part.finish(overwrite=False)
        assert (Path(folder) / "x.mp4").read_bytes() == VIDEO


@pytest.mark.parametrize(
    "text", ["not base64!", "YQ==YQ==", "YQ", "Y=Q=", "YQ=", "-_-_", "YW Jj", "ä", "===="]
)
@pytest.mark.parametrize("every", [1, 4, 1000])
def test_what_is_not_base64_is_refused(tmp_path: Path, text: str, every: int) -> None:
    made, part = sink(tmp_path)
    document = json.dumps({"a": text}).encode()
    with pytest.raises(ResultError, match="the text at a in the answer is not base64"):
        in_pieces(made.write, document, every)
    part.discard()


@pytest.mark.parametrize("end", ['{"a": "YWJj', '{"a": "YWJj"', '{"a": "YWJj", "b": [1'])
def test_an_answer_that_is_cut_short_is_not_whole(tmp_path: Path, end: str) -> None:
    made, part = sink(tmp_path)
    made.write(end.encode())
    assert made.missing == "the answer is cut short"
    part.discard()


def test_a_text_without_end_is_stopped(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("rushes._fetch.part_file.MAX_VIDEO", 1000)
    assert MAX_VIDEO > 1000
    made, part = sink(tmp_path)
    made.write(b'{"a": "')
    with pytest.raises(ResultError, match="does not end after 1,000 bytes"):
        in_pieces(made.write, b"YWJj" * 900, 400)
    part.discard()


@pytest.mark.parametrize("drip", [b" ", b"YWJj"])
def test_a_slow_answer_ends_whatever_it_contains(tmp_path: Path, drip: bytes) -> None:
    now = 0.0

    def dripping(piece: bytes) -> None:
        nonlocal now
        now += 1
        made.write(piece)

    made, part = sink(tmp_path, elapsed=lambda: now)
    made.write(b'{"a": "' if drip.strip() else b"{")
    with pytest.raises(Stalled, match="bytes arrived in"):
        in_pieces(dripping, drip * 100, len(drip))
    part.discard()
    made, part = sink(tmp_path, elapsed=lambda: now, end=now + 5)
    with pytest.raises(Interrupted, match="time for the download is over"):
        in_pieces(dripping, b" " * 99_999, 9999)
    part.discard()


# The poll's own answer, without it.


@given(value=VALUES, every=st.integers(1, 50), long=st.integers(LONG - 2, LONG + 2))
def test_long_texts_are_left_out_and_nothing_else(value: Any, every: int, long: int) -> None:
    thin = WithoutLongTexts()
    document = json.dumps({"a": [value, "x" * long, '"\\'], "b": value}).encode()
    kept = b"".join(in_pieces(thin.keep, document, every))
    text = "x" * long if long <= LONG else LEFT_OUT.decode()
    assert json.loads(kept) == {"a": [value, text, '"\\'], "b": value}


def test_a_text_of_any_length_takes_no_memory() -> None:
    thin = WithoutLongTexts()
    kept = thin.keep(b'{"a": "')
    for _ in range(1000):
        kept += thin.keep(b"YWJj\\/" * 1000)
        assert len(thin._text or b"") <= 2 * LONG + 1
    assert kept + thin.keep(b'"}') == b'{"a": "%s"}' % LEFT_OUT


# All of it.


INLINE = msgspec.structs.replace(ANSWERS, videos=(), inline=("films[].data",), status="stage")


@pytest.fixture
def filming(server: Server) -> Server:
    """Let every clip be two videos, both in the answer to the poll."""
    films = [{"data": TEXT}, {"data": base64.b64encode(VIDEO).decode()}]
    server.last = {"stage": "ready", "films": films}
    return server


def test_videos_in_the_answer_are_streamed_to_their_files(
    make: Maker, filming: Server, tmp_path: Path, home: Path, caplog: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    driver = make(plugins=[declared(answers=INLINE)])
    seen: list[Any] = []
    task = driver.generate(
        "acme/zoom", REQUEST, task="kite", output=tmp_path / "x.mp4", on_update=seen.append
    )
    assert (tmp_path / "x.mp4").read_bytes() == LARGE
    assert (tmp_path / "x-2.mp4").read_bytes() == VIDEO
    assert [result.inside for result in task.results] == [
        "clip.films[0].data",
        "clip.films[1].data",
    ]
    assert task.results[0].call == Call.get(f"{filming.url}/v1/clips/c-1")
    assert driver.task("kite") == task
    driver.close()
    part = TEXT[1000:1100]
    assert part not in repr(seen)
    assert part not in caplog.text
    assert not [path for path in home.rglob("*") if part.encode() in path.read_bytes()]


def test_the_key_is_sent_and_a_redirect_elsewhere_does_not_get_it(
    make: Maker, filming: Server
) -> None:
    driver = make(plugins=[declared(answers=INLINE)])
    task = driver.wait(driver.submit("acme/zoom", REQUEST))
    elsewhere = filming.url.replace("127.0.0.1", "localhost")
    filming.on("GET /v1/clips", answers(302, location=f"{elsewhere}/v1/clips/c-1"))
    filming.seen.clear()
    assert driver.fetch(task.id).missing == ()
    keys = [headers.get("authorization") for line, headers, _ in filming.seen]
    assert keys == [f"Bearer {KEY}", None, f"Bearer {KEY}"]


def cut(handler: Handler) -> None:
    body = json.dumps({"clip": {"ref": "c-1", "stage": "ready", "films": [{"data": TEXT}]}})
    handler.close_connection = True
    handler.answer(200, body[: len(body) // 2], {"Content-Length": str(len(body))})


@pytest.mark.parametrize(
    ("behaviours", "message"),
    [
        ([answers(200, {"clip": {"films": []}})], "the answer has no text at clip.films"),
        ([answers(200, {"clip": {"films": [{"data": "<html>"}]}})], "is not base64"),
        ([answers(200, {"clip": {"films": [{"data": ""}]}})], "is empty"),
        ([answers(200, {"clip": {"films": [{"data": "YWJj"}]}})], "is not a video"),
        ([answers(200, "<html>")], "is not JSON"),
        ([cut] * 5, "could not be downloaded in 5 attempts"),
    ],
)
def test_an_answer_without_the_video_is_told_and_resumed(
    make: Maker, filming: Server, tmp_path: Path, behaviours: list[Behaviour], message: str
) -> None:
    filming.last = {"stage": "ready", "films": [{"data": TEXT}]}
    driver = make(plugins=[declared(answers=INLINE)])
    task = driver.wait(driver.submit("acme/zoom", REQUEST, output=tmp_path / "x.mp4"))
    filming.on("GET /v1/clips", *behaviours)
    with pytest.raises(ResultError, match=message) as caught:
        driver.fetch(task.id)
    assert TEXT[:50] not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []
    driver.resume(task.id)
    assert (tmp_path / "x.mp4").read_bytes() == LARGE


def test_one_that_breaks_off_is_begun_again(make: Maker, filming: Server, tmp_path: Path) -> None:
    filming.last = {"stage": "ready", "films": [{"data": TEXT}]}
    driver = make(plugins=[declared(answers=INLINE)])
    task = driver.wait(driver.submit("acme/zoom", REQUEST, output=tmp_path / "x.mp4"))
    filming.on("GET /v1/clips", cut)
    driver.fetch(task.id)
    assert (tmp_path / "x.mp4").read_bytes() == LARGE
    assert all("range" not in headers for _, headers, _ in filming.seen)


@pytest.mark.parametrize("inline", [True, False])
def test_only_where_it_is_declared_may_a_poll_be_large(
    make: Maker, filming: Server, inline: bool
) -> None:
    films = [{"data": "YWJj" * (MAX_ANSWER // 3)}]
    filming.last = {"stage": "ready", "films": films, "links": [f"{filming.url}/files/1.mp4"]}
    driver: Driver = make(plugins=[declared(answers=INLINE if inline else ANSWERS)])
    task = driver.submit("acme/zoom", REQUEST)
    driver.clock.advance(60)
    if inline:
        assert driver.refresh(driver.refresh(task.id).id).state == "completed"
        return
    driver.refresh(task.id)
    with pytest.raises(StillRunningError, match=f"larger than {MAX_ANSWER} bytes"):
        driver.refresh(task.id)


def test_a_hook_can_say_so_too(make: Maker, filming: Server, tmp_path: Path) -> None:
    """Its calls are made again: the last one, with its method and body."""

    @hookimpl
    def poll(variant: Variant) -> Steps[Answer]:
        yield Call.get(variant.url("/v1/first"))
        return (yield Call.post_json(variant.url("/v1/ask"), {"name": "kite"}))

    body = {"clip": {"ref": "c-1", "stage": "ready", "films": [{"data": TEXT}]}}
    filming.on("POST /v1/ask", *[answers(200, body)] * 2)
    variant = declared(answers=INLINE)
    driver = make(plugins=[msgspec.structs.replace(variant, hooks=(*variant.hooks, poll))])
    driver.generate("acme/zoom", REQUEST, output=tmp_path / "x.mp4")
    asked = [body for line, _, body in filming.seen if line == "POST /v1/ask"]
    assert asked == [b'{"name":"kite"}'] * 2
    assert (tmp_path / "x.mp4").read_bytes() == LARGE


def test_the_path_names_the_items_of_every_list() -> None:
    answers = msgspec.structs.replace(INLINE, task="clips[]", own_id=("ref",))
    films = [{"data": "YQ=="}, {"data": ""}, {"data": "YQ=="}]
    body = {"clips": [{"ref": "a"}, {"ref": "b", "stage": "ready", "films": films}]}
    status = reading.StatusReader(answers).read(Answer(200, {}, json.dumps(body).encode()), "b")
    assert status
    assert [(result.inside, result.video) for result in status.results] == [
        ("clips[1].films[0].data", 1), ("clips[1].films[2].data", 2),
    ]  # fmt: skip


def test_a_declared_path_is_checked_when_the_plugin_is_loaded() -> None:
    wrong = msgspec.structs.replace(INLINE, inline=("films..data",))
    with pytest.raises(BrokenPluginError, match=r"'films\.\.data' is not a path"):
        build(declared(answers=wrong), [], "it")


def test_timeouts_of_a_download_hold_for_such_a_poll(make: Maker, filming: Server) -> None:
    timeouts = Timeouts(poll=0.001, download=60)
    driver = make(plugins=[declared(answers=INLINE)], timeouts=timeouts, clock=Clock(longest=0.01))
    assert driver.wait(driver.submit("acme/zoom", REQUEST)).state == "completed"
