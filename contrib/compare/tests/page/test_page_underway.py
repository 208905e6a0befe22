"""The page of a comparison that is under way, or was stopped early."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from page_reading import names, visible_variant_names
from page_results import VARIANTS, results
from playwright.sync_api import Page
from rushes_compare._page import write_page
from rushes_compare.results import Cell, Failure, Results, Timing

Open = Callable[..., Page]
TWO = [VARIANTS[0], VARIANTS[3]]


def without_video(cell: Cell, state: str, progress: float | None = None) -> Cell:
    """Return a cell as it was before it had a video."""
    return msgspec.structs.replace(
        cell, state=state, progress=progress, video=None, promises=[], timing=Timing(), billed=None
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Results]:
    """Return a finished comparison, rendered once, and its folder."""
    folder = tmp_path_factory.mktemp("finished")
    return folder, results(folder, variants=TWO, rows=1, seconds=0.5, size=(160, 90))


@pytest.fixture
def done(finished: tuple[Path, Results], tmp_path: Path) -> Results:
    """Return a comparison that is finished in a folder of the test's own."""
    made, found = finished
    shutil.copytree(made, tmp_path / "a comparison")
    return found


@pytest.fixture
def folder(done: Results, tmp_path: Path) -> Path:
    """Return the folder of a comparison with one finished film and one rendering."""
    cells = [done.cells[0], without_video(done.cells[1], "in_progress", 40.0)]
    under_way = msgspec.structs.replace(done, cells=cells)
    write_page(under_way, tmp_path / "a comparison", under_way=True)
    return tmp_path / "a comparison"


def with_a_clock(page: Page) -> Page:
    """Open a page with a clock that only the test moves."""
    page.clock.install()
    page.reload()
    return page


def test_the_page_shows_its_progress(open_page: Open, folder: Path) -> None:
    page = open_page(folder)
    shown = page.inner_text("#progress")
    assert "Under way" in shown
    assert "1 of 2 finished as of" in shown
    assert "Nothing new" not in shown
    assert page.inner_text(".take.unfinished .placeholder") == "Under way\nin progress, 40 %"
    page.keyboard.press("b")
    assert page.locator("#progress").is_visible()
    assert visible_variant_names(page) == []


@pytest.mark.parametrize(
    ("state", "words"),
    [("planned", "planned"), ("queued", "queued"), ("completed", "completed, being fetched")],
)
def test_each_cell_shows_its_state(
    open_page: Open, folder: Path, done: Results, state: str, words: str
) -> None:
    cells = [without_video(cell, state) for cell in done.cells]
    write_page(msgspec.structs.replace(done, cells=cells), folder, under_way=True)
    page = open_page(folder)
    assert page.locator(".placeholder span").all_text_contents() == [words] * 2
    assert "0 of 2" in page.inner_text("#progress")


def test_the_page_reloads_itself(open_page: Open, folder: Path, done: Results) -> None:
    page = with_a_clock(open_page(folder, new=True))
    assert page.locator(".take.unfinished").count() == 1
    write_page(done, folder)
    with page.expect_event("load"):
        page.clock.run_for(10_000)
    assert page.locator(".take.video").count() == 2
    assert page.locator("#progress").count() == 0


def test_the_page_does_not_reload_while_in_use(open_page: Open, folder: Path) -> None:
    page = with_a_clock(open_page(folder, new=True))
    page.evaluate("() => { window.same = true; }")
    page.keyboard.press("d")
    page.clock.run_for(60_000)
    assert page.evaluate("() => window.same") is True
    assert page.locator("#row-0 details.sent[open]").count() == 2
    page.keyboard.press("d")
    page.keyboard.press("b")  # another page would shuffle the rows anew
    page.clock.run_for(60_000)
    assert page.evaluate("() => window.same") is True
    page.keyboard.press("b")
    with page.expect_event("load"):
        page.clock.run_for(60_000)
    assert page.evaluate("() => window.same") is None


def test_a_silent_run_is_not_shown_as_running(
    open_page: Open, folder: Path, done: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    an_hour_ago = time.time() - 3600
    monkeypatch.setattr("rushes_compare._page.writing.time.time", lambda: an_hour_ago)
    cells = [done.cells[0], without_video(done.cells[1], "queued")]
    write_page(msgspec.structs.replace(done, cells=cells), folder, under_way=True)
    page = open_page(folder)
    shown = page.inner_text("#progress")
    assert "Nothing new since" in shown
    assert "rushes compare --resume 'a comparison'" in shown


def test_an_unfinished_comparison_shows_how_to_continue(
    open_page: Open, folder: Path, done: Results
) -> None:
    stopped = msgspec.structs.replace(
        without_video(done.cells[1], "queued"),
        failure=Failure(kind="StillRunningError", message="toapis did not finish in 5 s"),
    )
    write_page(msgspec.structs.replace(done, cells=[done.cells[0], stopped]), folder)
    page = open_page(folder)
    shown = page.inner_text("#progress")
    assert shown.startswith("Not finished. 1 of 2 has no video yet")
    assert "rushes compare --resume 'a comparison'" in shown
    assert page.locator("#reload").count() == 0
    assert page.inner_text(".take.unfinished .placeholder") == "Not finished\nqueued"


@pytest.mark.parametrize("state", ["planned", "recorded"])
def test_what_was_never_sent_costs_nothing_once_the_run_has_ended(
    open_page: Open, folder: Path, done: Results, state: str
) -> None:
    cells = [
        msgspec.structs.replace(done.cells[0], billed=None, estimate=0.5),
        msgspec.structs.replace(without_video(done.cells[1], state), estimate=0.25),
    ]
    stopped = msgspec.structs.replace(done, cells=cells)
    write_page(stopped, folder, under_way=True)
    page = open_page(folder)
    assert "$0.75" in page.inner_text(".figures")
    assert page.locator(".take.unfinished .cost").inner_text() == "$0.25 estimated"
    write_page(stopped, folder)
    page = open_page(folder)
    assert "$0.50" in page.inner_text(".figures")
    assert page.locator(".take.unfinished .cost").inner_text() == "nothing was bought"
    costs = page.locator(".summary .overview tbody tr td:nth-last-child(2)").all_text_contents()
    assert costs == ["$0.50", "$0.00"]
    assert "partly estimated" in page.inner_text(".figures")
    write_page(msgspec.structs.replace(stopped, cells=cells[1:]), folder)
    assert "estimated" not in open_page(folder).inner_text(".figures")


def test_a_finished_comparison_shows_no_progress(
    open_page: Open, folder: Path, done: Results
) -> None:
    write_page(done, folder)
    page = open_page(folder)
    assert page.locator("#progress").count() == 0
    assert names(page, 0) == TWO
