"""A real browser for the page."""

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

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


class Tab:
    """A page that tests use one after the other: a new one takes more than a second of a processor.

    After each test it is as empty as a new one, or it is replaced.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._page: Page | None = None

    def take(self) -> Page:
        """Return the page; until it is given back, others get a new one."""
        page, self._page = self._page, None
        return page or self._browser.new_context().new_page()

    def give_back(self, page: Page) -> None:
        """Forget what the page has stored, and leave it for the next test."""
        try:
            page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
            page.goto("about:blank")
            page.mouse.move(0, 0)
        except PlaywrightError:
            page.context.close()
        else:
            self._page = page


@pytest.fixture(scope="package")
def tab(browser: Browser) -> Tab:
    return Tab(browser)


@pytest.fixture
def open_page(browser: Browser, tab: Tab) -> Iterator[Callable[..., Page]]:
    """Open the page in a folder; fails if it logs anything or loads anything from elsewhere.

    A test that changes the browser's clock or media, which cannot be undone, says `new=True`.
    """
    logged: list[str] = []
    loaded: list[tuple[str, str]] = []
    given_back: list[Callable[[], object]] = []

    def open_(
        at: Path, width: int = 1280, height: int = 900, *, new: bool = False, **options: Any
    ) -> Page:
        if new or options or given_back:
            page = browser.new_context(**options).new_page()
            given_back.append(page.context.close)
        else:
            page = tab.take()
            given_back.append(lambda: tab.give_back(page))
        page.set_viewport_size({"width": width, "height": height})
        listeners: dict[Any, Callable[[Any], None]] = {
            "console": lambda message: logged.append(message.text),
            "pageerror": lambda error: logged.append(str(error)),
            "request": lambda request: loaded.append((at.as_uri(), request.url)),
        }
        for event, listener in listeners.items():
            page.on(event, listener)
            given_back.insert(0, partial(page.remove_listener, event, listener))
        page.goto((at / "report.html").as_uri())
        return page

    yield open_
    for give_back in given_back:
        give_back()
    assert logged == []
    for home, url in loaded:
        assert url.startswith((home + "/", "data:", "blob:")), url
