"""Queries on the page, for its tests."""

import json

from page_results import VARIANTS
from playwright.sync_api import Page

ROW = "[...document.querySelectorAll('#row-0 video')]"


VIDEOS = """[...document.querySelectorAll("video")].map((one) => [
    one.closest("[id^=row]")?.id, one.readyState, one.networkState, one.seeking, one.paused,
    one.currentTime, one.duration, one.error?.message, document.visibilityState,
])"""
"""What to know about the videos if something does not happen."""


def until(page: Page, truth: str, *given: object) -> None:
    """Wait until an expression holds in the page; its policy forbids Playwright's own waiting."""
    page.evaluate(
        f"""(given) => new Promise((done, fail) => {{
            const end = Date.now() + 120000;
            const look = () => {{
                if ({truth}) done();
                else if (Date.now() < end) setTimeout(look, 30);
                else fail(new Error({json.dumps(truth)} + " " + JSON.stringify({VIDEOS})));
            }};
            look();
        }})""",
        given,
    )


def ready(page: Page, count: int) -> None:
    until(
        page,
        f"{ROW}.filter((video) => video.readyState >= 2 && !video.seeking).length === given[0]",
        count,
    )


def times(page: Page, row: int = 0) -> list[float]:
    found: list[float] = page.eval_on_selector_all(
        f"#row-{row} video", "(all) => all.map((video) => video.currentTime)"
    )
    return found


def names(page: Page, row: int) -> list[str]:
    found: list[str] = page.locator(f"#row-{row} .slot").evaluate_all(
        "(all) => all.map((slot) => slot.getAttribute('aria-label'))"
    )
    return found


def whole(page: Page) -> str:
    """Return all text in the document, names and addresses included."""
    parts = page.evaluate(
        """() => [document.documentElement.outerHTML, document.title, location.href,
            ...[...document.querySelectorAll("*")].flatMap((one) =>
                [one.currentSrc, one.src, one.value, one.title, one.href, one.download])]"""
    )
    return "\n".join(str(part) for part in parts).casefold()


def visible_variant_names(page: Page) -> list[str]:
    """Return the parts of the variants' names that are anywhere in the document."""
    text = whole(page)
    parts = {part for variant in VARIANTS for part in variant.split("/")}
    return [part for part in parts if part in text]
