"""A real browser for the page, which says nothing on its console and asks for nothing elsewhere."""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))

CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("there is no `chromium` on the PATH; Debian's package is `chromium`")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
                "--disable-background-networking", "--disable-component-update",
                "--autoplay-policy=no-user-gesture-required",
            ],
        )  # fmt: skip
        yield launched
        launched.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open the page in a folder; at the end nothing was said, and nothing asked of elsewhere."""
    said: list[str] = []
    asked: list[tuple[str, str]] = []
    contexts = []

    def open_(at: Path, width: int = 1280, height: int = 900, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append((at.as_uri(), request.url)))
        page.goto((at / "report.html").as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()
    assert said == []
    for home, url in asked:
        assert url.startswith((home + "/", "data:", "blob:")), url
