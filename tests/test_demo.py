"""The main job, as a person runs it: eight videos and a page that plays them in a browser."""

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
HOSTILE = (
    'Kites <img src=x onerror="document.title=1"> </pre><script>document.title=2</script> & "x"'
)

# The page's own policy forbids what Playwright's waiting is made of.
UNTIL = """() => new Promise((done) => {{
  const look = () => [...document.querySelectorAll("video")].every((video) => {})
    ? done() : setTimeout(look, 50);
  look();
}})"""

needs_chromium = pytest.mark.skipif(
    not CHROMIUM, reason="there is no `chromium` on the PATH; Debian's package is `chromium`"
)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run `rushes demo` once, with a prompt that tries to break out of the page."""
    folder = tmp_path_factory.mktemp("demo")
    environment = {
        name: value for name, value in os.environ.items() if not name.endswith(("_KEY", "_URL"))
    }
    outcome = subprocess.run(
        [RUSHES, "demo", HOSTILE, "-o", str(folder / "out"), "--json"],
        cwd=folder,
        env={**environment, "RUSHES_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert outcome.returncode == 0, outcome.stderr
    assert {path.name for path in folder.iterdir()} <= {"out", "home"}
    answer: dict[str, Any] = json.loads(outcome.stdout)
    return answer


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


def test_the_demo_makes_eight_videos(demo: dict[str, Any]) -> None:
    assert len(demo["videos"]) == 8
    assert demo["errors"] == {}
    assert all(Path(file).stat().st_size > 10_000 for file in demo["videos"].values())


@needs_chromium
def test_the_page_plays_them_together(demo: dict[str, Any], page: Page) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(Path(demo["page"]).as_uri())
    title = page.title()
    page.click("#play")
    page.evaluate(UNTIL.format("!video.paused && video.currentTime > 0.2"))
    times = page.eval_on_selector_all("video", "(all) => all.map((v) => v.currentTime)")
    assert len(times) == 8
    assert max(times) - min(times) < 2
    assert page.text_content("#play") == "Pause all"
    page.click("#play")
    page.evaluate(UNTIL.format("video.paused"))
    assert said == []
    assert all(url.startswith(("file:", "data:")) for url in asked)
    assert page.text_content("h1") == HOSTILE
    assert page.title() == title
    assert page.locator("pre").count() == 8
    assert json.loads(page.locator("pre").first.text_content() or "")["prompt"] == HOSTILE
