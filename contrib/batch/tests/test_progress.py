"""How a batch stands, in words and on a terminal."""

import asyncio
import io
from collections import Counter
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rushes_batch import _progress
from rushes_batch._progress import Display, Pace, Standing, duration, waiting

REASONS = Counter({"HTTP 402: the balance is too low": 9, "no\x1b[31mte": 1})


class Screen(io.StringIO):
    """Standard error that may be a terminal."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


def test_it_says_how_it_stands_in_one_line() -> None:
    standing = Standing(videos=10_000, done=1204, under_way=180, capped=2, spent=421.4)
    standing.reasons, standing.left = REASONS, 11_500.0
    assert standing.text() == (
        "1,204 of 10,000 done, 180 under way, 10 not made, 2 beyond the cap, 421.40 USD so far, "
        "about 3.2 h left"
    )
    assert next(standing.told_reasons()) == "9 \u00d7 HTTP 402: the balance is too low"
    standing.reasons = Counter(f"reason {number}" for number in range(9))
    assert [*standing.told_reasons()][-1] == "and 4 other reasons"


def test_the_time_left_follows_from_what_has_ended_since(monkeypatch: pytest.MonkeyPatch) -> None:
    """Videos that an earlier run made take no time now."""
    now = [0.0]
    monkeypatch.setattr("rushes_batch._progress.time.monotonic", lambda: now[0])
    pace = Pace(ended=900)
    now[0] = 60.0
    assert pace.left(Standing(videos=1000, done=900)) is None
    assert pace.left(Standing(videos=1000, done=920)) == 240.0
    assert pace.left(Standing(videos=1000, done=900, reasons=Counter(x=5), capped=5)) == 540.0
    assert pace.left(Standing(videos=1000, done=1000)) is None


@given(st.floats(0, 1e9))
def test_a_duration_is_short(seconds: float) -> None:
    assert len(duration(seconds)) <= 12
    assert duration(89.0) == "89 s"
    assert duration(5399.0) == "90 min"


@pytest.mark.parametrize("terminal", [True, False])
def test_it_is_shown_below_what_is_said(monkeypatch: pytest.MonkeyPatch, terminal: bool) -> None:
    screen = Screen(terminal=terminal)
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setattr(_progress, "EVERY", 0.0)
    monkeypatch.setattr(
        _progress,
        "console",
        lambda **_: Console(file=screen, force_terminal=terminal, width=90, no_color=True),
    )
    asked = asyncio.Event()

    def standing() -> Standing:
        asked.set()
        return Standing(videos=4, done=1, under_way=2, reasons=REASONS)

    async def main() -> None:
        display = Display()
        shown = asyncio.create_task(display.show(standing))
        await asked.wait()
        display.say(" it was refused\x1b[2J", bold="Line 3:")
        shown.cancel()
        with suppress(asyncio.CancelledError):
            await shown
        display.say(" as well", bold="Line 4:")

    asyncio.run(main())
    said = screen.getvalue()
    assert "Line 3: it was refused\\x1b[2J" in said.replace("\x1b[1m", "").replace("\x1b[0m", "")
    assert said.rstrip().endswith("as well")
    assert ("9 \u00d7 HTTP 402" in said) is terminal
    if not terminal:
        assert "1 of 4 done, 2 under way, 10 not made" in said
        assert "\x1b" not in said


@pytest.mark.parametrize("terminal", [True, False])
def test_what_takes_a_while_is_shown_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    screen = Screen(terminal=terminal)
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with waiting("Handing 10,000 lines to the workers"):
        pass
    assert ("Handing 10,000 lines to the workers\u2026" in screen.getvalue()) == terminal
