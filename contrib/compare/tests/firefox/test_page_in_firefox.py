"""The page in Firefox, from disk: it plays in step, sorts, and votes by keyboard.

The tests of `page/` try everything in Chromium; these try what browsers do differently.
"""

from collections.abc import Iterator
from pathlib import Path

import av
import pytest
from firefox_driver import Firefox
from msgspec.structs import replace
from page_results import VARIANTS, results
from rushes_compare._page import write_page
from rushes_compare.results import Cell

ROW = "[...document.querySelectorAll('#row-0 video')]"
PAIR = "[...document.querySelectorAll('#pairs video')]"
FRAME = 1 / 24
FOUR = [VARIANTS[0], VARIANTS[1], VARIANTS[4], VARIANTS[5]]


def in_webm(cell: Cell, folder: Path) -> Cell:
    """Return a cell with its film in VP9: for H.264, Firefox on Linux needs the system's FFmpeg."""
    assert cell.video
    film = folder / cell.video.file
    with av.open(str(film)) as read, av.open(str(film.with_suffix(".webm")), "w") as written:
        stream = written.add_stream(
            "libvpx-vp9", rate=24, options={"deadline": "realtime", "cpu-used": "8"}
        )
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = cell.video.width, cell.video.height
        for frame in read.decode(video=0):
            written.mux(stream.encode(frame))
        written.mux(stream.encode(None))
    name = Path(cell.video.file).with_suffix(".webm").as_posix()
    return replace(cell, video=replace(cell.video, file=name))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    at = tmp_path_factory.mktemp("firefox page") / "a comparison"
    made = results(at, variants=FOUR, rows=1, size=(160, 90))
    write_page(replace(made, cells=[in_webm(cell, at) for cell in made.cells]), at)
    return at


@pytest.fixture
def page(browser: Firefox, folder: Path) -> Iterator[Firefox]:
    """Open the page; fails if it logs anything or loads anything from elsewhere."""
    browser.open((folder / "report.html").as_uri())
    browser.run("localStorage.clear()")
    browser.open((folder / "report.html").as_uri())
    yield browser
    browser.run("1")  # every event before this answer is known
    assert browser.logged == []
    home = folder.as_uri() + "/"
    assert all(url.startswith((home, "data:", "blob:")) for url in browser.loaded), browser.loaded
    browser.loaded.clear()


def test_a_row_plays_in_step_and_stops_together(page: Firefox) -> None:
    page.until(f"{ROW}.length === 4 && {ROW}.every((video) => video.readyState >= 3)")
    page.press("Space")
    # Ten looks in a row find all within 50 ms.
    page.until(
        f"""{ROW}.every((video) => !video.paused) && (() => {{
            const times = {ROW}.map((video) => video.currentTime);
            const fine = Math.max(...times) - Math.min(...times) < 0.05;
            window.fine = fine && Math.min(...times) > 0.1 ? (window.fine ?? 0) + 1 : 0;
            return window.fine >= 10;
        }})()"""
    )
    page.press("Space")
    page.until(f"{ROW}.every((video) => video.paused && !video.seeking)")
    times = page.run(f"{ROW}.map((video) => video.currentTime)")
    assert max(times) - min(times) < FRAME
    page.press(".")
    page.until(f"new Set({ROW}.map((video) => video.currentTime.toFixed(3))).size === 1")


def test_votes_are_cast_by_keys_and_kept(page: Firefox, folder: Path) -> None:
    page.press("2")
    assert page.run("document.querySelector('#row-0 .won').getAttribute('aria-label')") == FOUR[1]
    page.open((folder / "report.html").as_uri())
    assert page.run("document.querySelectorAll('.won').length") == 1
    page.press("b")
    assert (
        page.run("document.querySelector('#row-0 .slot').getAttribute('aria-label')") == "Video A"
    )
    page.press("b")


def test_pairs_are_judged_by_keys(page: Firefox) -> None:
    page.press("p")
    page.until(f"{PAIR}.length === 2 && {PAIR}.every((video) => !video.paused)")
    page.until(
        f"""(() => {{
            const [one, other] = {PAIR}.map((video) => video.currentTime);
            const fine = one > 0.1 && Math.abs(one - other) < 0.05;
            window.fine = fine ? (window.fine ?? 0) + 1 : 0;
            return window.fine >= 10;
        }})()"""
    )
    shown = "document.querySelector('#pairs [role=status]').textContent"
    first = page.run(shown)
    assert first.startswith("Pair 1 of ")
    page.press("ArrowLeft")
    assert page.run(shown) == first.replace("1", "2", 1)
    page.press("u")
    assert page.run(shown) == first
    page.press("Escape")  # it may only leave full screen
    page.until("!document.fullscreenElement")
    if page.run("document.querySelector('#pairs').open"):
        page.press("Escape")
    page.until("!document.querySelector('#pairs').open")


def test_numbers_sort(page: Firefox) -> None:
    page.click(".all-numbers > summary")
    page.click("[data-key='sort failure_rate']")
    sort = "document.querySelector('.numbers th[aria-sort=ascending]')?.textContent"
    assert page.run(sort) == "Failed, %"
    names = "[...document.querySelectorAll('.numbers tbody th')].map((one) => one.textContent)"
    assert sorted(page.run(names)) == sorted(FOUR)
    page.press("Enter")  # the head keeps the focus
    assert page.run("document.querySelectorAll('.numbers th[aria-sort=descending]').length") == 1


def test_the_page_fits_a_phone(page: Firefox, folder: Path) -> None:
    page.open((folder / "report.html").as_uri(), width=390, height=800)
    assert page.run("document.documentElement.scrollWidth") <= 390
