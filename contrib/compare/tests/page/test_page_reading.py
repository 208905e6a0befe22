"""What a reader does with the page: scrolls, votes, sorts, looks closer, prints, holds a phone."""

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from page_reading import ROW, names, ready, until, visible_variant_names
from page_results import VARIANTS, failed, results
from PIL import Image
from playwright.sync_api import Page
from rushes_compare._page import write_page
from rushes_compare.results import Cell, Results

Open = Callable[..., Page]
THREE = [VARIANTS[0], VARIANTS[3], VARIANTS[1]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("read") / "comparison"


@pytest.fixture(scope="module")
def found(folder: Path) -> Results:
    """Return three rows of three variants, rendered once, and write their page."""
    made = results(folder, variants=THREE)
    write_page(made, folder)
    return made


@pytest.fixture
def opened(open_page: Open, folder: Path, found: Results) -> Open:
    return lambda at=folder, **options: open_page(at, **options)


@pytest.fixture
def another(folder: Path, found: Results, tmp_path: Path) -> Callable[..., Path]:
    """Write another page with the same films, and return its folder."""

    def write(**changes: Any) -> Path:
        shutil.copytree(folder / "videos", tmp_path / "videos")
        write_page(msgspec.structs.replace(found, **changes), tmp_path)
        return tmp_path

    return write


def current_rows(page: Page) -> list[str]:
    found: list[str] = page.locator(".row.leading").evaluate_all(
        "(all) => all.map((one) => one.id)"
    )
    return found


def scroll_to(page: Page, row: int) -> None:
    page.evaluate(f"() => document.getElementById('row-{row}').scrollIntoView()")
    until(page, "document.querySelector('.row.leading')?.id === given[0]", f"row-{row}")


def test_the_visible_row_leads(opened: Open) -> None:
    page = opened()
    assert current_rows(page) == ["row-0"]
    scroll_to(page, 2)
    assert page.text_content("#play") == "Play row 3"
    page.keyboard.press("2")
    assert page.locator("#row-2 .won").count() == 1
    assert page.locator("#row-0 .won").count() == 0
    until(page, "document.querySelectorAll('#row-2 video').length > 0")
    page.keyboard.press("Space")
    below = "[...document.querySelectorAll('#row-2 video')]"
    until(page, f"{below}.some((video) => !video.paused && video.currentTime > 0.05)")
    assert page.evaluate(f"() => {ROW}.every((video) => video.paused)")
    page.evaluate("() => scrollTo(0, 0)")
    until(page, "document.querySelector('.row.leading').id === 'row-0'")
    until(page, f"{ROW}.some((video) => !video.paused)")  # what is seen plays on


def test_a_row_keeps_the_lead_while_half_of_it_is_visible(opened: Open) -> None:
    page = opened(height=1400)
    page.keyboard.press("ArrowDown")
    assert current_rows(page) == ["row-1"]
    page.evaluate("() => scrollBy(0, -80)")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)))")
    assert current_rows(page) == ["row-1"]


def test_a_button_out_of_view_is_not_pressed(opened: Open) -> None:
    page = opened()
    page.click("#row-0 .vote >> nth=1")
    scroll_to(page, 2)
    assert page.evaluate("() => document.activeElement.closest('.row')") is None


def test_without_a_visible_row_a_vote_only_shows_its_row(opened: Open) -> None:
    page = opened(height=420)
    assert (
        page.evaluate("() => document.querySelector('#row-0 .slots').getBoundingClientRect().top")
        > 420
    )
    page.keyboard.press("1")
    assert page.locator(".won").count() == 0
    assert page.text_content(".status") == "Row 1: press again"
    page.keyboard.press("1")
    assert page.locator("#row-0 .won").count() == 1


def test_a_hidden_row_does_not_lead(opened: Open) -> None:
    page = opened(height=1400)
    page.fill("#search", "lighthouse")
    assert current_rows(page) == ["row-2"]
    page.locator("#search").blur()
    page.keyboard.press("1")
    assert page.locator("#row-2 .won").count() == 1
    page.fill("#search", "nothing like it")
    page.locator("#search").blur()
    page.keyboard.press("2")
    page.fill("#search", "")
    assert page.locator(".won").count() == 1


def test_the_leading_row_is_marked_while_all_rows_play(opened: Open) -> None:
    page = opened()
    page.select_option("#scope", "all")
    page.locator("#scope").blur()
    assert page.text_content("#play") == "Play all"
    scroll_to(page, 1)
    page.keyboard.press("m")
    until(page, "document.querySelector('#row-1 .listen').getAttribute('aria-pressed') === 'true'")


def votes(page: Page) -> Any:
    return page.evaluate(
        "() => JSON.parse(localStorage.getItem('rushes-compare:9f3ac1d2e4')).votes"
    )


@pytest.mark.parametrize("reveal", ["vote", "end"])
def test_a_blind_vote_stands_until_it_is_undone(opened: Open, reveal: str) -> None:
    page = opened()
    page.keyboard.press("b")
    page.select_option("#reveal", reveal)
    page.locator("#reveal").blur()
    page.keyboard.press("1")
    given = votes(page)["0"]
    assert given["blind"] is True
    for key in ("1", "2", "3", "0"):
        page.keyboard.press(key)
        assert votes(page) == {"0": given}
    assert "press u to undo it" in (page.text_content(".status") or "")
    page.locator("#row-0 .vote").nth(2).dblclick(force=True)  # it is marked as disabled
    page.locator("#row-0 .ballot button").first.click(force=True)
    assert votes(page) == {"0": given}
    page.keyboard.press("u")
    assert votes(page) == {}
    page.keyboard.press("2")
    assert votes(page)["0"]["blind"] is True


def test_a_held_key_votes_once(opened: Open) -> None:
    page = opened()
    page.keyboard.press("b")
    for _ in range(3):
        page.keyboard.down("1")  # to the browser the second and third are repeats
    page.keyboard.up("1")
    assert list(votes(page)) == ["0"]
    page.keyboard.press("u")
    for _ in range(4):
        page.keyboard.down("b")
    page.keyboard.up("b")
    assert page.get_attribute("#blind", "aria-pressed") == "false"
    page.keyboard.down("ArrowRight")
    page.keyboard.down("ArrowRight")
    page.keyboard.up("ArrowRight")
    until(page, "document.querySelector('#time').value > 1.9")  # a held arrow repeats


def test_a_new_blind_round_asks_before_it_clears(opened: Open) -> None:
    page = opened(height=2400)
    page.keyboard.press("b")
    for key in ("1", "ArrowDown", "1", "ArrowDown", "1"):
        page.keyboard.press(key)
    page.keyboard.press("b")
    page.keyboard.press("b")
    assert page.locator("#ask").is_visible()
    page.keyboard.press("2")  # nothing behind the question is moved
    page.keyboard.press("Escape")
    assert len(votes(page)) == 3
    page.keyboard.press("b")
    page.click("#ask .primary")
    assert votes(page) == {}
    assert visible_variant_names(page) == []


def test_blind_mode_hides_costs(opened: Open) -> None:
    page = opened()
    assert "$" in page.inner_text(".figures")
    page.keyboard.press("b")
    assert "$" not in page.inner_text("body")
    page.keyboard.press("1")
    assert "$" not in page.inner_text(".figures")


def test_escape_closes_a_menu(opened: Open) -> None:
    page = opened()
    for menu in ("#variants", "#votes"):
        page.click(f"{menu} summary")
        assert page.locator(f"{menu}[open]").count() == 1
        page.keyboard.press("Escape")
        assert page.locator(f"{menu}[open]").count() == 0
        assert page.evaluate("() => document.activeElement.parentElement.id") == menu[1:]


def differing(page: Page, row: int = 0) -> list[str]:
    found: list[str] = page.locator(f"#row-{row} details.sent summary").all_text_contents()
    return found


def test_payloads_are_compared_with_the_visible_neighbour(opened: Open) -> None:
    page = opened()
    first, second, third = THREE
    assert [first in text for text in differing(page)] == [False, True, False]
    assert second in differing(page)[2]
    page.select_option("#order", "name")  # apimart, toapis, toapis omni
    assert names(page, 0) == [second, first, third]
    summaries = differing(page)
    assert "≠" not in summaries[0]
    assert second in summaries[1]
    assert first in summaries[2]
    page.click("#variants summary")
    page.locator("#variants label", has_text=first).first.click()
    assert names(page, 0) == [second, third]
    assert "1 difference from" in differing(page)[1]
    assert second in differing(page)[1]


def sent(cell: Cell, payload: dict[str, Any], transport: list[str] | None = None) -> Cell:
    return msgspec.structs.replace(cell, payload=payload, transport=transport or [])


def test_our_own_keys_are_not_a_difference(
    opened: Open, another: Callable[..., Path], found: Results
) -> None:
    ours = {"client_business_id": "a-1"}
    cells = [
        sent(found.cells[0], {"model": "x", **ours}, ["client_business_id"]),
        sent(found.cells[1], {"model": "x"}),
        sent(found.cells[2], {"model": "x", "client_business_id": "a-3"}, ["client_business_id"]),
    ]
    page = opened(another(rows=found.rows[:1], cells=cells))
    page.keyboard.press("d")
    assert page.locator(".line.changed, .line.only-here, .line.only-there").count() == 0
    assert all("the same as" in text for text in differing(page)[1:])
    assert '"client_business_id": "a-1"' in page.locator(".code").first.inner_text()  # it was sent


def test_one_video_fills_the_screen(opened: Open) -> None:
    page = opened()
    ready(page, 3)
    second = page.locator("#row-0 .screen").nth(1)
    second.hover()
    page.keyboard.press("f")
    until(page, "document.fullscreenElement?.matches('.screen')")
    for axis in ("Width", "Height"):
        size = page.evaluate(f"() => document.fullscreenElement.client{axis} / inner{axis}")
        assert size == 1
    page.keyboard.press("1")  # what is not seen is not voted for
    assert page.locator(".won").count() == 0
    page.keyboard.press("Space")
    until(page, f"{ROW}.some((video) => !video.paused)")
    page.keyboard.press("f")
    until(page, "document.fullscreenElement === null")
    second.hover()
    second.locator(".fullscreen").click()
    until(page, "document.fullscreenElement?.matches('.screen')")
    assert page.evaluate("() => document.fullscreenElement.querySelector('img').src").endswith(
        "/" + (page.locator("#row-0 .screen img").nth(1).get_attribute("src") or "?")
    )
    page.evaluate("() => document.exitFullscreen()")
    until(page, "document.fullscreenElement === null")
    second.dblclick(position={"x": 40, "y": 40})
    until(page, "document.fullscreenElement?.matches('.screen')")


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6, 7, 8])
def test_a_row_fits_a_window_of_1440(
    opened: Open, another: Callable[..., Path], found: Results, count: int
) -> None:
    variants = VARIANTS[:count]
    cells = [
        msgspec.structs.replace(
            found.cells[0],
            variant=name,
            id=f"{number:x}",
            row=row,
            promises=found.cells[0].promises,
        )
        for row in range(2)
        for number, name in enumerate(variants, row * count)
    ]
    page = opened(another(rows=found.rows[:2], variants=variants, cells=cells), width=1440)
    page.keyboard.press("ArrowDown")
    box = page.locator("#row-1").bounding_box()
    bar = page.locator(".transport").bounding_box()
    assert box
    assert bar
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= bar["y"]
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_takes_are_shown_side_by_side(
    opened: Open, another: Callable[..., Path], found: Results
) -> None:
    maker = found.cells[0].variant
    takes = [
        msgspec.structs.replace(cell, variant=maker, repeat=number, id=f"{number:x}")
        for number, cell in enumerate((failed(found.cells[0]), *found.cells[:2]), 1)
    ]
    other = found.cells[2]
    page = opened(
        another(id="abc", rows=found.rows[:1], repeats=3, cells=[*takes, other]), height=1400
    )
    slot = page.locator(f"#row-0 .slot[aria-label='{maker}']")
    boxes = [film.bounding_box() for film in slot.locator(".take").all()]
    assert len(boxes) == 3
    assert len({box["y"] for box in boxes if box}) == 1
    assert len({box["x"] for box in boxes if box}) == 3
    assert slot.locator(".take-name").all_text_contents() == ["take 1", "take 2", "take 3"]
    assert "did not pass review" in slot.inner_text()
    ready(page, 3)
    page.keyboard.press("Space")
    until(page, f"{ROW}.every((video) => !video.paused)")
    page.keyboard.press("b")
    assert visible_variant_names(page) == []
    shown = page.locator(".slot", has=page.locator(".take-name"))
    assert shown.locator(".take-name").all_text_contents() == ["take 1", "take 2"]
    page.keyboard.press("1")
    assert page.locator(".slot.won").count() == 1


def test_many_takes_are_shown_in_lines(
    opened: Open, another: Callable[..., Path], found: Results
) -> None:
    maker = found.cells[0].variant
    takes = [
        msgspec.structs.replace(found.cells[0], repeat=number, id=f"{number:x}")
        for number in range(1, 9)
    ]
    page = opened(
        another(rows=found.rows[:1], variants=[maker], repeats=8, cells=takes), width=1440
    )
    lines = {film.bounding_box()["y"] for film in page.locator(".take").all()}  # type: ignore[index]
    assert len(lines) == 2
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_on_a_phone_a_row_is_a_strip(opened: Open) -> None:
    page = opened(width=390, height=844)
    assert page.evaluate("() => document.documentElement.scrollHeight") < 3600
    for row in range(3):
        slots = page.locator(f"#row-{row} .slot")
        assert len({slot.bounding_box()["y"] for slot in slots.all()}) == 1  # type: ignore[index]
        wide = page.locator(f"#row-{row} .slots").evaluate("(one) => one.scrollWidth / innerWidth")
        assert wide > 2
    last = page.locator("#row-0 .slot").last
    last.scroll_into_view_if_needed()
    box = last.bounding_box()
    assert box
    assert 0 <= box["x"] <= 390 - box["width"]
    bar = page.locator(".transport").bounding_box()
    assert bar
    assert bar["height"] < 110


def selected(page: Page, selector: str) -> str:
    text: str = page.locator(selector).first.evaluate(
        """(one) => {
            getSelection().selectAllChildren(one);
            return getSelection().toString();
        }"""
    )
    return text.strip()


def test_a_copied_name_keeps_its_slash(opened: Open) -> None:
    for width in (1280, 390):
        page = opened(width=width)
        assert selected(page, ".summary .overview tbody th") == THREE[0]
        assert selected(page, "#row-0 h3") == THREE[0]


def test_no_edge_of_the_poster_is_visible(
    opened: Open, another: Callable[..., Path], found: Results
) -> None:
    folder = another()
    cell = found.cells[0]
    assert cell.video
    assert cell.video.poster
    Image.new("RGB", (320, 180), (0, 255, 0)).save(folder / cell.video.poster)
    for width in (1280, 1333):  # where a frame's height is not a whole number of pixels
        page = opened(folder, width=width)
        until(page, "document.querySelector('#row-0 .screen').matches('.open')")
        taken = page.locator("#row-0 .screen").first.screenshot()
        colours: Any = Image.open(io.BytesIO(taken)).convert("RGB").getcolors(2**24)
        assert not [one for _, one in colours if one[1] > 200 and max(one[0], one[2]) < 100]


def test_the_poster_is_hidden_behind_the_video(opened: Open) -> None:
    page = opened()
    hidden = "getComputedStyle(one).visibility === 'hidden'"
    posters = "[...document.querySelectorAll('#row-0 .screen img')]"
    until(page, f"{posters}.length === 3 && {posters}.every((one) => {hidden})")
    page.evaluate("() => scrollTo(0, document.body.scrollHeight)")
    until(page, "document.querySelectorAll('#row-0 video').length === 0")
    assert not page.eval_on_selector_all("#row-0 img", f"(all) => all.some((one) => {hidden})")


LONG = "A paper boat, and then another. " * 300


def test_a_truncated_prompt_can_be_expanded(
    opened: Open, another: Callable[..., Path], found: Results
) -> None:
    rows = [
        msgspec.structs.replace(found.rows[0], request={"prompt": LONG, "negative_prompt": LONG}),
        *found.rows[1:],
    ]
    page = opened(another(rows=rows))
    head = page.locator("#row-0 h2")
    rest = page.locator("#row-0 .expand")
    assert page.locator("#row-1 .expand").is_hidden()
    assert (
        head.evaluate("(one) => getComputedStyle(one).webkitLineClamp") == "3"
    )  # with an ellipsis
    low = head.evaluate("(one) => one.clientHeight")
    assert rest.inner_text() == "Show all"
    rest.click()
    assert rest.inner_text() == "Show less"
    assert head.evaluate("(one) => one.clientHeight") > 3 * low
    assert page.evaluate("() => document.activeElement.dataset.key") == "rest 0"
    page.locator("#row-0 .vote").first.click()
    assert head.evaluate("(one) => one.clientHeight") > 3 * low  # it stays open
    rest.click()
    assert head.evaluate("(one) => one.clientHeight") == low


def test_in_print_a_long_prompt_is_short(
    opened: Open, another: Callable[..., Path], found: Results
) -> None:
    rows = [
        msgspec.structs.replace(row, request={**row.request, "prompt": LONG}) for row in found.rows
    ]
    cells = [
        msgspec.structs.replace(cell, payload={**(cell.payload or {}), "prompt": LONG})
        for cell in found.cells
    ]
    page = opened(another(rows=rows, cells=cells), new=True)
    page.locator("#row-0 .expand").click()
    page.keyboard.press("d")
    page.emulate_media(media="print")
    for text in ("#row-0 h2", "#row-0 .line code"):
        tallest = page.locator(text).evaluate_all(
            """(all) => Math.max(...all.map((one) =>
                one.clientHeight / parseFloat(getComputedStyle(one).fontSize)))"""
        )
        assert tallest < 12, text
    assert page.locator("#row-0 .expand").is_hidden()
