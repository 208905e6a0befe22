"""The page without a mouse or eyes: roles, labels and contrast, as axe-core checks them."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest
from page_reading import until
from page_results import VARIANTS, cannot, failed, made
from playwright.sync_api import Page
from rushes_compare._page import write_page
from rushes_compare.results import Results, Row, Settings
from rushes_compare.votes import PairVote, Votes, rate

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
RUN = """() => axe.run(document, {resultTypes: ["violations"]}).then(({violations}) =>
    violations.map(({id, nodes}) => [id, ...nodes.slice(0, 3).map(({html, failureSummary}) =>
        html.slice(0, 120) + " " + failureSummary)]))"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a page with everything but playing videos: their files hold no film."""
    at = tmp_path_factory.mktemp("access")
    cells = [
        made(0, 0, VARIANTS[0], 2, (320, 180)),
        msgspec.structs.replace(
            made(1, 0, VARIANTS[1], 2, (320, 180)), settings=Settings(duration=10)
        ),
        failed(made(2, 1, VARIANTS[0], 2, (320, 180))),
        cannot(made(3, 1, VARIANTS[1], 2, (320, 180))),
    ]
    (at / "videos").mkdir()
    for cell in cells[:2]:
        if cell.video:
            (at / cell.video.file).write_bytes(bytes(1000))
    rows = [
        Row(name="x", request={"prompt": "A boat"}),
        Row(name="y", request={"prompt": "b", "images": [{"url": "a.png", "role": "first_frame"}]}),
    ]
    found = Results(id="a", created_at=0, rows=rows, variants=VARIANTS[:2], cells=cells)
    vote = PairVote(row=0, left=cells[0].id, right=cells[1].id, choice="left", at=1)
    ratings = rate(found, [Votes(comparison="a", voter="1", pairs=[vote])])
    write_page(msgspec.structs.replace(found, ratings=ratings), at)
    return at


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_nothing_wrong(
    open_page: Callable[..., Page], folder: Path, scheme: str, width: int
) -> None:
    page = open_page(folder, width=width, color_scheme=scheme, reduced_motion="reduce")
    page.keyboard.press("d")
    page.click(".all-numbers > summary")
    page.click(".meanings > summary")
    page.evaluate(AXE + "; undefined")
    assert page.locator(".ratings, .uneven, #pool").count() == 3
    assert page.evaluate(RUN) == []
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    assert page.evaluate(RUN) == []
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    assert page.locator("#pairs .side").count() == 2
    assert page.evaluate(RUN) == []
    page.get_by_role("button", name="Skip").click()  # the files hold no film
    assert page.locator(".pairs-end").is_visible()
    assert page.evaluate(RUN) == []
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")  # the first may only leave full screen
    until(page, "!document.querySelector('#pairs').open")
    page.keyboard.press("b")
    assert page.locator(".row.blind").count() == 2
    assert page.evaluate(RUN) == []
