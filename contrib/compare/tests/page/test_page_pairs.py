"""Pairs in a real browser: blind, inside a pool, by keys; and the ratings that come of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from page_reading import until
from page_results import VARIANTS, results
from playwright.sync_api import Page
from rushes_compare._page import write_page
from rushes_compare.results import Results, Settings
from rushes_compare.votes import Votes, rate, read_votes

Open = Callable[..., Page]
PAIR = "[...document.querySelectorAll('#pairs video')]"
FRAME = 1 / 24
APART = 0.05  # seconds; more can be seen
THREE = VARIANTS[:2] + VARIANTS[3:4]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pairs")


@pytest.fixture(scope="module")
def found(folder: Path) -> Results:
    return results(folder, variants=THREE, rows=1, seconds=1, size=(64, 36))


@pytest.fixture
def written(folder: Path, found: Results) -> Callable[..., Path]:
    """Write the page anew, of changed results, and return its folder."""

    def write(**changes: Any) -> Path:
        write_page(msgspec.structs.replace(found, **changes), folder)
        return folder

    return write


def sides(page: Page) -> list[str]:
    addresses: list[str] = page.locator("#pairs video").evaluate_all(
        "(all) => all.map((one) => one.getAttribute('src'))"
    )
    return addresses


def shown(page: Page) -> str:
    return page.inner_text("#pairs [role=status]")


def export(page: Page, file: Path) -> Path:
    page.click("#votes summary")
    with page.expect_download() as download:
        page.click("#export")
    download.value.save_as(file)
    return file


def test_pairs_are_judged_by_keys_and_exported(
    open_page: Open, written: Callable[..., Path], found: Results, tmp_path: Path
) -> None:
    page = open_page(written())
    page.keyboard.press("p")
    until(page, "[...document.querySelectorAll('#pairs video')].every((one) => !one.paused)")
    assert shown(page) == "Pair 1 of 3"
    assert not any(part in page.inner_html("#pairs") for part in ("kling", "toapis", "apimart"))
    first = sides(page)
    page.keyboard.press("ArrowLeft")
    assert shown(page) == "Pair 2 of 3"
    assert sides(page) != first
    page.keyboard.press("u")
    assert (shown(page), sides(page)) == ("Pair 1 of 3", first)
    page.keyboard.press("m")
    muted = "[...document.querySelectorAll('#pairs video')].map((one) => one.muted)"
    assert page.evaluate(muted) == [False, True]
    for key in ("ArrowRight", "ArrowUp", "ArrowDown"):
        page.keyboard.press(key)
    assert shown(page) == "3 pairs judged"
    assert page.locator("#pairs .choice:enabled").count() == 0
    page.get_by_role("button", name="Close").last.click()
    until(page, "!document.querySelector('#pairs').open && !document.fullscreenElement")
    assert "pairs won" in page.inner_text(".summary .overview thead")

    file = export(page, tmp_path / "votes.json")
    votes = read_votes(file, found)
    assert [vote.choice for vote in votes.pairs] == ["right", "both_bad", "tie"]
    names = {cell.id: cell.video.file for cell in found.cells if cell.video}
    assert [names[votes.pairs[0].left], names[votes.pairs[0].right]] == first
    (pool,) = rate(found, [votes]).pools
    assert pool.left == 0
    page.reload()
    page.keyboard.press("p")
    assert shown(page) == "3 pairs judged"  # they are kept


def test_a_pair_is_kept_together(open_page: Open, written: Callable[..., Path]) -> None:
    page = open_page(written())
    page.keyboard.press("p")
    until(page, f"{PAIR}.length === 2 && {PAIR}.every((video) => video.currentTime > 0)")
    # A little behind, the one plays faster until it is where the other is. The films are short, and
    # begin again together: so it is set back until it was seen to hurry.
    until(
        page,
        f"""(() => {{
            const [one, other] = {PAIR};
            const hurries = one.playbackRate > 1;
            if (!hurries && !one.seeking && one.currentTime > 0.3 && one.currentTime < 0.6)
                one.currentTime = other.currentTime - 0.1;
            return hurries;
        }})()""",
    )
    until(
        page,
        f"""(() => {{
            const [one, other] = {PAIR};
            const fine = Math.abs(one.currentTime - other.currentTime) < {APART};
            window.fine = fine && one.playbackRate === 1 ? (window.fine ?? 0) + 1 : 0;
            return window.fine >= 5;
        }})()""",
    )
    page.keyboard.press("Space")
    until(page, f"{PAIR}.every((video) => video.paused && !video.seeking)")
    assert page.get_by_role("button", name="Play", exact=True).last.is_visible()
    one, other = page.evaluate(f"{PAIR}.map((video) => video.currentTime)")
    assert abs(one - other) < FRAME


def test_the_next_pair_loads_while_one_is_watched(
    open_page: Open, written: Callable[..., Path]
) -> None:
    page = open_page(written())
    page.evaluate(
        """() => {
            const create = document.createElement.bind(document);
            window.made = [];
            document.createElement = (name) => {
                const one = create(name);
                if (name === "video") made.push(one);
                return one;
            };
        }"""
    )
    page.keyboard.press("p")
    until(page, "made.length === 4 && made.every((one) => one.readyState >= 3)")
    assert page.evaluate("made.map((one) => one.isConnected)") == [True, True, False, False]
    page.keyboard.press("ArrowDown")
    until(page, "made.slice(2, 4).every((one) => one.isConnected && !one.paused)")
    page.keyboard.press("u")
    until(page, "document.querySelectorAll('#pairs video').length === 2")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    until(page, "made.every((one) => !one.src)")  # nothing stays in memory


def test_what_cannot_be_played_is_not_judged(
    open_page: Open, written: Callable[..., Path], found: Results, folder: Path
) -> None:
    (folder / "videos" / "broken.mp4").write_bytes(bytes(1000))
    first, *others = found.cells
    assert first.video
    broken = msgspec.structs.replace(first.video, file="videos/broken.mp4")
    page = open_page(written(cells=[msgspec.structs.replace(first, video=broken), *others]))
    page.keyboard.press("p")
    skip = page.get_by_role("button", name="Skip")
    for _ in range(3):
        until(
            page,
            "!document.querySelector('#pairs [aria-keyshortcuts=s]').hidden"
            f" || {PAIR}.every((one) => one.readyState >= 3)",
        )
        if skip.is_visible():
            assert "This browser cannot play the file." in page.inner_text("#pairs .stage")
            before = sides(page)
            page.keyboard.press("ArrowLeft")
            assert sides(page) == before
            page.keyboard.press("s")
            assert sides(page) != before
        else:
            page.keyboard.press("ArrowRight")
    assert shown(page) == "1 pair judged"
    assert "that this browser can play" in page.inner_text("#pairs h2")


def test_pairs_stay_inside_their_pool(
    open_page: Open, written: Callable[..., Path], found: Results
) -> None:
    settings = [Settings(audio=number > 0, duration=5) for number in range(len(found.cells))]
    cells = [
        msgspec.structs.replace(cell, settings=one)
        for cell, one in zip(found.cells, settings, strict=True)
    ]
    page = open_page(written(cells=cells))
    assert page.inner_text(".uneven li") == (
        f"audio (without sound: {THREE[0]}; with sound: {THREE[1]}, {THREE[2]})"
    )
    page.click("#start-pairs")
    assert shown(page) == "Pair 1 of 1"
    page.get_by_role("button", name="Both bad").click()
    assert shown(page) == "1 pair judged"
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")  # the first may only leave full screen
    until(page, "!document.querySelector('#pairs').open && !document.fullscreenElement")
    page.keyboard.press("b")
    assert page.locator(".uneven").count() == 0


def test_merged_ratings_are_shown_as_they_were_computed(
    open_page: Open, written: Callable[..., Path], found: Results
) -> None:
    one, other = found.cells[0].id, found.cells[1].id
    vote = {"row": 0, "left": one, "right": other, "choice": "left", "at": 1.0}
    voters = [
        msgspec.convert({"comparison": found.id, "voter": f"{n:x}", "pairs": [vote]}, Votes)
        for n in range(12)
    ]
    ratings = rate(found, voters)
    page = open_page(written(ratings=ratings))
    table = page.locator(".ratings tbody tr")
    cells = [row.inner_text().replace("\n", "").split("\t") for row in table.all()]
    (pool,) = ratings.pools
    assert cells == [
        [
            standing.variant, str(round(standing.rating)),
            f"{round(standing.low)} to {round(standing.high)}",
            *(str(count) if count else "\N{EN DASH}" for count in (
                standing.wins, standing.losses, standing.ties, standing.both_bad,
                standing.best_of_row,
            )),
        ]
        for standing in pool.standings
    ]  # fmt: skip
    assert page.locator(".ratings .said li").all_inner_texts() == pool.said
    page.click(".all-numbers > summary")
    plot = page.locator(".scatter").get_attribute("aria-label") or ""
    assert plot.startswith("Rating against Cost (USD). ")
    first, *_ = pool.standings
    assert f"{first.variant}: 0.336, {first.rating:.0f}" in plot
    assert f"From text, with sound, 12 voters: {pool.said[0]}" in page.input_value("#summary")
    page.click("[data-key='sort rating']")
    lowest = page.locator(".numbers tbody th").first.inner_text()
    assert lowest == pool.standings[-1].variant
    page.keyboard.press("b")
    assert page.locator(".ratings").count() == 0


def test_somebody_elses_pairs_are_not_mixed_with_ones_own(
    open_page: Open, written: Callable[..., Path], found: Results, tmp_path: Path
) -> None:
    page = open_page(written())
    page.keyboard.press("p")
    page.keyboard.press("ArrowLeft")
    page.get_by_role("button", name="Close").last.click()
    until(page, "!document.querySelector('#pairs').open")
    file = export(page, tmp_path / "votes.json")
    other = {**json.loads(file.read_text()), "voter": "abc"}
    file.write_text(json.dumps(other))
    if not page.locator("#import").is_visible():
        page.click("#votes summary")
    with page.expect_file_chooser() as chooser:
        page.click("#import")
    chooser.value.set_files(file)
    until(page, "document.querySelector('.status').textContent.includes('somebody else')")


def test_pairs_on_a_phone_are_one_above_the_other(
    open_page: Open, written: Callable[..., Path]
) -> None:
    page = open_page(written(), width=390, height=844)
    page.click("#start-pairs")
    boxes = page.locator("#pairs .side").evaluate_all(
        "(all) => all.map((one) => [one.getBoundingClientRect().top, one.clientWidth])"
    )
    assert boxes[1][0] > boxes[0][0]
    assert page.evaluate("document.querySelector('#pairs').scrollWidth <= innerWidth")
    for name in ("Upper", "Lower", "Tie", "Both bad"):
        box = page.get_by_role("button", name=name, exact=True).bounding_box()
        assert box
        assert box["height"] >= 44
        assert 0 <= box["x"] < box["x"] + box["width"] <= 390
