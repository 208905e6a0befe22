"""A real browser for the page."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Run a browser while tests of this folder run, and no longer: Playwright has an event loop."""
    if not CHROMIUM:
        pytest.skip("there is no `chromium` on the PATH; Debian's package is `chromium`")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
                "--disable-background-networking", "--disable-component-update",
                "--autoplay-policy=no-user-gesture-required", "--disable-audio-output",
            ],
        )  # fmt: skip
        yield launched
        launched.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open the page in a folder; fails if it logs anything or loads anything from elsewhere."""
    logged: list[str] = []
    loaded: list[tuple[str, str]] = []
    contexts = []

    def open_(at: Path, width: int = 1280, height: int = 900, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: logged.append(message.text))
        page.on("pageerror", lambda error: logged.append(str(error)))
        page.on("request", lambda request: loaded.append((at.as_uri(), request.url)))
        page.goto((at / "report.html").as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()
    assert logged == []
    for home, url in loaded:
        assert url.startswith((home + "/", "data:", "blob:")), url
