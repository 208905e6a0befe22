"""What a person sees while a task is under way."""

import io

import pytest
import rushes
from rushes_cli._output.progress import resume_commands, show_progress
from rushes_cli.terminal import escape_controls, one_line


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def task(**known: object) -> rushes.Task:
    from msgspec.structs import replace

    plain = rushes.Task(
        id="mine",
        variant="toapis/kling-v3",
        base_url="",
        client_id="mine",
        call=None,
        created_at=0,
        updated_at=0,
    )
    return replace(plain, **known)


def screen_of(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    # No fixture: pytest puts its own standard error back between set-up and test.
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    return terminal


def test_a_terminal_shows_state_and_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = screen_of(monkeypatch)
    with show_progress("preparing") as watch:
        watch(task(state="queued"))
        watch(task(state="in_progress", progress=42.4))
        watch(task(state="completed"))
        watch(task(id="[red]x[/red]\x1b[2J", state="queued", variant="[b]/x"))
    shown = screen.getvalue()
    for words in (
        "mine completed, being fetched from toapis",
        "[red]x[/red]\\x1b[2J queued at [b]",
    ):
        assert words in shown
    assert "\x1b[2J" not in shown


def test_a_dumb_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = screen_of(monkeypatch)
    monkeypatch.setenv("TERM", "dumb")
    with show_progress() as watch:
        watch(task(state="queued"))
        watch(task(state="queued", progress=3))
        watch(task(state="failed"))
    assert screen.getvalue() == "mine: queued at toapis\nmine: failed\n"


def test_ctrl_c_names_unfinished_tasks() -> None:
    with show_progress() as watch:
        watch(task(id="done", state="completed", file="/x.mp4"))
        watch(task(id="left", state="queued"))
    assert resume_commands(watch.latest.values()) == ["rushes resume left"]


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("plain 東京 🪁 👩\u200d🚀", "plain 東京 🪁 👩\u200d🚀"),
        ("\x1b]0;x\x07", "\\x1b]0;x\\x07"),
        ("a\tb\nc", "a\tb\nc"),
        ("\r\x9b\x7f", "\\r\\x9b\\x7f"),
        ("\u202eabc\u2066", "\\u202eabc\\u2066"),
        ("\ud800", "\\ud800"),
    ],
)
def test_text_is_escaped_for_the_terminal(text: str, harmless: str) -> None:
    assert escape_controls(text) == harmless
    assert "\n" not in one_line(text)
