"""The page without a mouse or eyes: roles, labels and contrast, as axe-core checks them."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest
from page_results import VARIANTS, cannot, failed, made
from playwright.sync_api import Page
from rushes_compare._page import write_page
from rushes_compare.results import Results, Row

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
        made(1, 0, VARIANTS[1], 2, (320, 180)),
        failed(made(2, 1, VARIANTS[0], 2, (320, 180))),
        cannot(made(3, 1, VARIANTS[1], 2, (320, 180))),
    ]
    (at / "videos").mkdir()
    for cell in cells[:2]:
        if cell.video:
            (at / cell.video.file).write_bytes(bytes(1000))
    rows = [Row(name="x", request={"prompt": "A boat"}), Row(name="y", request={"prompt": "b"})]
    write_page(Results(id="a", created_at=0, rows=rows, variants=VARIANTS[:2], cells=cells), at)
    return at


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_nothing_wrong(
    open_page: Callable[..., Page], folder: Path, scheme: str, width: int
) -> None:
    page = open_page(folder, width=width, color_scheme=scheme)
    page.keyboard.press("d")
    page.click(".all-numbers > summary")
    page.click(".meanings > summary")
    page.evaluate(AXE + "; undefined")
    assert page.evaluate(RUN) == []
    page.keyboard.press("p")
    assert page.locator("#pairs .side").count() == 2
    assert page.evaluate(RUN) == []
