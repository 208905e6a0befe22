"""The demo, as a user runs it: eight videos and a page that plays them in a browser."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

RUSHES = str(Path(sys.executable).with_name("rushes"))
CHROMIUM = shutil.which("chromium")
SMALL = """
from functools import partial
import rushes_sandbox
from rushes_cli.main import main
rushes_sandbox.Sandbox = partial(rushes_sandbox.Sandbox, lies=("smaller", "smaller"))
main()
"""
"""The demo with films of fewer pixels, which take less time to render and to measure."""
HOSTILE = (
    'Kites <img src=x onerror="document.title=1"> </pre><script>document.title=2</script> & "x"'
)

# The page's content security policy forbids Playwright's own way of waiting.
PLAYING = """() => new Promise((done) => {
  const look = () => {
    const videos = [...document.querySelectorAll("video")];
    const plays = videos.length && videos.every((video) => video.currentTime > 0.1);
    if (plays) done(); else setTimeout(look, 50);
  };
  look();
})"""

needs_chromium = pytest.mark.skipif(
    not CHROMIUM, reason="there is no `chromium` on the PATH; Debian's package is `chromium`"
)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, whole: bool) -> dict[str, Any]:
    """Run `rushes demo` once, with a prompt that tries to break out of the page.

    Its films are small, but in `nox -s whole` they are as a user's.
    """
    command = [RUSHES] if whole else [sys.executable, "-c", SMALL]
    folder = tmp_path_factory.mktemp("demo")
    environment = {
        name: value for name, value in os.environ.items() if not name.endswith(("_KEY", "_URL"))
    }
    outcome = subprocess.run(
        [*command, "demo", HOSTILE, "-o", str(folder / "out"), "--json"],
        cwd=folder,
        env={**environment, "RUSHES_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert outcome.returncode == 0, outcome.stderr
    assert {path.name for path in folder.iterdir()} <= {"out", "home"}
    answer: dict[str, Any] = json.loads(outcome.stdout)
    return {**answer, "page": folder / "out" / "report.html"}


@pytest.fixture
def page() -> Iterator[Page]:
    """A page of a real browser that cannot reach any network."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--autoplay-policy=no-user-gesture-required",
            ],
        )
        yield browser.new_page()
        browser.close()


def test_the_demo_makes_eight_videos(demo: dict[str, Any], whole: bool) -> None:
    cells = demo["cells"]
    assert len(cells) == 8
    assert {cell["state"] for cell in cells} == {"completed"}
    assert all(cell["video"]["bytes"] > 10_000 for cell in cells)
    broken = {p["name"] for cell in cells for p in cell["promises"] if p["kept"] is False}
    assert broken <= (set() if whole else {"resolution"})
    assert set(demo["local"]) == {cell["variant"].partition("/")[0] for cell in cells}
    assert {"apimart", "toapis", "uniall"} <= set(demo["local"])
    assert all(HOSTILE in texts(cell["payload"]) for cell in cells)


def texts(value: Any) -> str:
    """Return all texts in a payload, whatever the provider calls its fields."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return " ".join(map(texts, value))
    return value if isinstance(value, str) else ""


@needs_chromium
def test_the_page_shows_them(demo: dict[str, Any], page: Page) -> None:
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(demo["page"].as_uri())
    title = page.title()
    assert page.locator(".slot").count() == 8
    assert page.locator("h1").text_content() == HOSTILE
    assert "stand-ins" in (page.locator("#local").text_content() or "")
    page.locator("#row-0").scroll_into_view_if_needed()
    page.keyboard.press("Space")
    page.evaluate(PLAYING)
    assert messages == []
    assert all(url.startswith(("file:", "data:", "blob:")) for url in asked)
    assert page.title() == title
