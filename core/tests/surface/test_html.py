"""What our values show in a notebook: whatever they hold, HTML without scripts and broken tags."""

import os
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, cast

import pytest
from acme_zoom import Zoom
from hypothesis import given
from hypothesis import strategies as st
from journal_tasks import make_task
from rushes import Client, Note, Problem, Receipt, Report, Request, Result, Source, Task
from rushes._html.escaping import escaped
from rushes._html.player import EMBEDDED
from rushes.notebook import Progress

MP4 = b"\x00\x00\x00\x18ftypisom" + bytes(40)
EXPECTED = {
    "a", "b", "br", "code", "details", "div", "pre", "progress", "summary", "table", "td", "tr",
    "video",
}  # fmt: skip
VOID = {"br"}
HOSTILE = '</div></table></pre><script>alert(1)</script><img src=x onerror="alert(2)">" \u202e\x00'


class Reader(HTMLParser):
    """Reads HTML as a browser does, and fails at tags that we never write."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.attributes: list[tuple[str, str, str | None]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in EXPECTED
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def value(self, tag: str, name: str) -> str | None:
        """Return an attribute's value, None if there is no such attribute."""
        found = (value for at, key, value in self.attributes if (at, key) == (tag, name))
        return next(found, None)


def shown(value: Any) -> Reader:
    return Reader(value._repr_html_())


def hostile(text: str) -> list[Any]:
    """Return one of each value with a text at every place where a stranger's text can be."""
    source = Source(text, f"javascript:{text}")
    problem = Problem(path=text, code=text, message=text, source=source, variants=[text])
    note = Note(path=text, code=text, message=text, source=source)
    progress = Progress()
    task = make_task(
        text, variant=text, state="completed", error=text, file=text, receipt=Receipt("x")
    )
    progress(task)
    return [
        task,
        progress,
        Report(variant=text, problems=(problem,), notes=(note,)),
        Report(variant=text, problems=(), notes=(note,), payload={text: [text]}),
    ]


@given(st.text(max_size=30).map(lambda text: text.replace("/", "|")))
def test_no_text_breaks_out(text: str) -> None:
    for value in hostile(text):
        assert shown(value).text is not None


def test_a_hostile_text_stays_text() -> None:
    for value in hostile(HOSTILE):
        read = shown(value)
        assert "<script>alert(1)</script>" in read.text
        assert "\u202e" not in read.text
        assert "\x00" not in read.text
        links = [value for tag, name, value in read.attributes if name in ("href", "src")]
        assert links == []


@given(st.text())
def test_escaped_text_is_what_it_was_but_for_what_cannot_be_shown(text: str) -> None:
    class Words(HTMLParser):
        read = ""

        def handle_data(self, data: str) -> None:
            self.read += data

    words = Words()
    words.feed(escaped(text))
    words.close()
    same = text.isprintable() and text.isascii()
    assert words.read == text if same else words.read.isprintable() or not text.isprintable()


def test_a_report_shows_its_problems_and_where_they_are_from() -> None:
    with Client(plugins=[Zoom()]) as client:
        bad = client.check("acme/zoom", {"prompt": "x", "duration": 99})
        good = client.check("acme/zoom", Request("A <b>red</b> kite"))
    read = shown(bad)
    assert "acme/zoom cannot: 1 problem" in read.text
    assert "duration" in read.text
    assert bad.problems[0].message in read.text
    assert bad.problems[0].source
    assert read.value("a", "href") == bad.problems[0].source.url
    read = shown(good)
    assert "acme/zoom accepts this" in read.text
    assert "A <b>red</b> kite" in read.text


def finished(path: Path, **facts: Any) -> Task:
    result = Result(url="https://files.example/clip.mp4?signature=s3cret")
    return make_task(
        state="completed", file=str(path), results=(result,), receipt=Receipt("x"), **facts
    )


def test_a_small_video_is_inside_and_a_large_one_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    small, large = tmp_path / "small.mp4", tmp_path / "my kites" / 'a"b#.mp4'
    small.write_bytes(MP4)
    large.parent.mkdir()
    with large.open("wb") as file:
        file.write(MP4)
        file.truncate(EMBEDDED + 1)
    read = shown(finished(small, cost=0.35))
    assert (read.value("video", "src") or "").startswith("data:video/mp4;base64,AAAAGGZ0eXBpc29t")
    assert "0.35 USD billed" in read.text
    assert "s3cret" not in finished(small)._repr_html_()
    assert shown(finished(large)).value("video", "src") == "my%20kites/a%22b%23.mp4"


def test_what_is_no_video_is_not_embedded(tmp_path: Path) -> None:
    secret, pipe = tmp_path / "id_rsa", tmp_path / "pipe"
    secret.write_text("PRIVATE KEY")
    os.mkfifo(pipe)
    for path, words in (
        (secret, "not a video"), (pipe, "not a video"), (tmp_path, "not a video"),
        (tmp_path / "gone.mp4", "No such file"), (tmp_path / "a\0b", "cannot be shown"),
    ):  # fmt: skip
        read = shown(finished(path))
        assert words in read.text
        assert read.value("video", "src") is None


def test_a_task_under_way_shows_how_far_it_is_and_how_it_goes_on() -> None:
    read = shown(make_task("kite", state="in_progress", progress=40.0, estimate=0.3))
    assert "in progress" in read.text
    assert read.value("progress", "value") == "40"
    assert "about 0.3 USD" in read.text
    assert 'client.resume("kite")' in read.text


def test_what_was_refused_has_no_price() -> None:
    read = shown(make_task("kite", state="refused", estimate=0.3))
    assert "nothing was bought" in read.text
    assert "USD" not in read.text


class Display:
    """Stands for IPython: keeps what was displayed, and every update."""

    def __init__(self) -> None:
        self.display, self.shown = self, list[str]()

    def get_ipython(self) -> "Display":
        return self

    def __call__(self, value: Any, *, display_id: bool) -> "Display":
        assert display_id
        self.shown.append(value._repr_html_())
        return self

    def update(self, value: Any) -> None:
        self.shown.append(value._repr_html_())


@pytest.fixture
def ipython(monkeypatch: pytest.MonkeyPatch) -> Display:
    display = Display()
    vars(display)["display"] = type("Module", (), {"display": display})
    monkeypatch.setitem(cast("dict[str, Any]", sys.modules), "IPython", display)
    return display


def test_progress_is_one_display_with_a_line_for_each_task(ipython: Display) -> None:
    progress = Progress()
    for name, share in (("kite", 10.0), ("boat", 0.0), ("kite", 10.2), ("kite", 70.0)):
        progress(make_task(name, state="in_progress", progress=share))
    assert len(ipython.shown) == 3  # 10.2 looks like 10
    assert ipython.shown[-1].count("<progress") == 2
    assert 'value="70"' in ipython.shown[-1]
    assert "2 tasks" in repr(progress)


def test_a_display_that_fails_stops_no_task(ipython: Display) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError("the browser is gone")

    vars(ipython)["display"] = type("Module", (), {"display": staticmethod(broken)})
    progress = Progress()
    progress(make_task(state="queued"))
    assert "1 task" in repr(progress)


def test_without_ipython_nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    Progress()(make_task(state="queued"))
    assert capsys.readouterr() == ("", "")
