"""The numbers on the page: they sort, are plotted, explained, and can be pasted."""

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from playwright.sync_api import Page
from results_made import cell, results, video
from rushes_compare._page import write_page
from rushes_compare.columns import COLUMNS
from rushes_compare.results import Failure, PoolRatings, Ratings, Results, Settings, Standing


def compared(folder: Path) -> Results:
    """Return three variants; the files hold no film, since nothing is played."""
    (folder / "videos").mkdir()
    (folder / "videos" / "a.mp4").write_bytes(bytes(1000))
    cells = [
        cell(0, variant="acme/one", video=video(5, motion=30.0, loop=0.2), billed=0.9),
        cell(1, variant="acme/one", repeat=2, video=video(5, motion=10.0), billed=0.9),
        cell(2, variant="bolt/two", video=video(5, motion=5.0, loop=0.9), billed=0.3),
        cell(3, variant="core/three", video=None, state="failed", billed=None,
             failure=Failure(kind="X", message="it failed", reason="<b>not reviewed</b>")),
    ]  # fmt: skip
    return results(*cells, columns=["motion", "loop"])


@pytest.fixture
def page(open_page: Callable[..., Page], tmp_path: Path) -> Page:
    write_page(compared(tmp_path), tmp_path)
    opened = open_page(tmp_path)
    opened.click(".all-numbers > summary")
    return opened


def variants(page: Page) -> list[str]:
    return page.locator(".numbers tbody th").all_inner_texts()


def test_columns_sort_both_ways_and_what_is_unknown_comes_last(page: Page) -> None:
    heads = page.locator(".numbers thead th").all_inner_texts()
    assert heads[-2:] == ["Motion, %/s", "Loop, SSIM"]  # those that the plan names
    assert variants(page) == ["acme/one", "bolt/two", "core/three"]
    page.click("[data-key='sort motion']")
    assert variants(page) == ["bolt/two", "acme/one", "core/three"]
    page.keyboard.press("Enter")  # the head keeps the focus
    assert variants(page) == ["acme/one", "bolt/two", "core/three"]
    sorted_by = page.locator(".numbers th[aria-sort=descending]")
    assert sorted_by.inner_text().startswith("Motion")
    row = page.locator(".numbers tbody tr").first.locator("td").all_inner_texts()
    # The median of 30 and 10, which are two takes of one prompt; loop is known of one.
    assert [" ".join(one.split()) for one in row[-2:]] == ["20 20 apart", "0.2"]
    page.check("[data-key='column sharpness']")
    assert page.locator("[data-key='sort sharpness']").count() == 1


def test_every_column_is_explained_and_reasons_are_shown_as_text(page: Page) -> None:
    text = page.locator(".meanings").text_content() or ""
    assert all(column.meaning in text for column in COLUMNS.values())
    reasons = page.locator(".reasons li").all_inner_texts()
    assert [" ".join(one.split()) for one in reasons] == ["core/three, 1 time: <b>not reviewed</b>"]


def test_a_number_is_plotted_against_the_cost(page: Page) -> None:
    dots = page.locator(".scatter circle")
    assert dots.count() == 2
    missing = page.locator(".plotted figcaption").inner_text()
    assert missing == "Not shown, since a number is missing: core/three"
    one, two = (dots.nth(place).bounding_box() for place in (0, 1))
    assert one
    assert two
    assert one["x"] > two["x"]  # dearer
    assert one["y"] < two["y"]  # and moves more
    page.select_option("#plot-by", "loop")
    one, two = (dots.nth(place).bounding_box() for place in (0, 1))
    assert one
    assert two
    assert one["y"] > two["y"]
    label = page.locator(".scatter").get_attribute("aria-label") or ""
    assert "acme/one: 0.9, 0.2; bolt/two: 0.3, 0.9" in label


def test_the_summary_can_be_copied_and_nothing_is_shown_while_blind(page: Page) -> None:
    text = page.input_value("#summary")
    assert "acme/one: 2 of 2 videos, 0.18 USD per second delivered" in text
    assert "core/three: 0 of 1 video, 100 % failed" in text
    page.click("#copy")
    selected = page.evaluate(
        "() => { const box = document.querySelector('#summary');"
        " return box.selectionEnd - box.selectionStart; }"
    )
    assert selected == len(text)
    page.locator("h1").click()
    page.keyboard.press("b")
    assert page.locator(".numbers").inner_text() == ""


def test_only_videos_of_one_pool_are_compared(
    open_page: Callable[..., Page], tmp_path: Path
) -> None:
    made = compared(tmp_path)
    loud, quiet = Settings(audio=True), Settings(audio=False)
    cells = [replace(one, settings=quiet if one.variant == "bolt/two" else loud)
             for one in made.cells]  # fmt: skip
    rating = PoolRatings(
        input="text", sound=False, voters=1, pairs=1, resampled="pairs", agreement=None, left=None,
        left_low=0, left_high=1, said=["Nobody is ahead."],
        standings=[Standing(variant="bolt/two", rating=1234, low=900, high=1500, wins=1, losses=0,
                            ties=0, both_bad=0)],
    )  # fmt: skip
    ratings = Ratings(voters=1, pairs=1, resamples=1, seed=0, pools=[rating])
    write_page(replace(made, cells=cells, ratings=ratings), tmp_path)
    page = open_page(tmp_path)
    page.click(".all-numbers > summary")
    # That with the most videos comes first.
    assert page.locator("#pool option:checked").inner_text() == "From text, with sound (2 videos)"
    assert variants(page) == ["acme/one", "core/three"]
    assert "1234" not in page.inner_text(".numbers table")
    assert page.locator(".scatter circle").count() == 1
    assert page.locator(".reasons li").count() == 1
    page.focus("#pool")
    page.select_option("#pool", "From text, without sound")
    assert variants(page) == ["bolt/two"]
    assert "1234" in page.inner_text(".numbers table")
    assert page.locator(".reasons").count() == 0
    assert page.evaluate("document.activeElement.id") == "pool"
    lines = page.input_value("#summary").splitlines()
    assert [line for line in lines if line.startswith("From text")] == [
        "From text, without sound:",
        "From text, with sound:",
        "From text, without sound, 1 voter: Nobody is ahead.",
    ]


@pytest.mark.parametrize("width", [1280, 390])
def test_names_in_the_plot_can_be_read_though_dots_are_close(
    open_page: Callable[..., Page], tmp_path: Path, width: int
) -> None:
    cells = [
        cell(number, variant=f"somebody/a-model-of-version-{number}", billed=1 + number / 100,
             video=video(5, motion=30.0 + number % 3))
        for number in range(8)
    ]  # fmt: skip
    write_page(results(*cells), tmp_path)
    page = open_page(tmp_path, width=width)
    page.click(".all-numbers > summary")
    boxes = page.locator(".scatter text").evaluate_all(
        "(all) => all.filter((one) => one.textContent.startsWith('somebody'))"
        ".map((one) => one.getBoundingClientRect()).map(({x, y, width, height}) =>"
        "[x, x + width, y + height / 4, y + 3 * height / 4])"
    )
    assert len(boxes) == 8
    for number, (left, right, top, bottom) in enumerate(boxes):
        assert left >= 0
        assert right <= width
        for others in boxes[:number]:
            apart = right <= others[0] or others[1] <= left
            assert apart or bottom <= others[2] or others[3] <= top
