"""The search of the site's pages as they open from the disk, where no worker can be started."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium")
WORKER = """
let heard = 0;
self.onmessage = ({ data }) => {
  data.words.push(`heard ${++heard}`);
  self.postMessage(data);
};
"""
PAGE = """
<!doctype html><body><script src="iframe-worker.js"></script><script>
  const worker = new Worker("worker.js"), asked = { words: ["asked"] }, told = [];
  worker.onmessage = ({ data }) => {
    told.push(data.words.join(", "));
    if (told.length < 2) worker.postMessage(asked);
    else document.title = JSON.stringify([told, asked.words]);
  };
  worker.postMessage(asked);
</script></body>
"""


@pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")
def test_a_frame_answers_as_a_worker_would(tmp_path: Path) -> None:
    shutil.copy(ROOT / "docs" / "iframe-worker.js", tmp_path)
    (tmp_path / "worker.js").write_text(WORKER)
    (tmp_path / "page.html").write_text(PAGE)
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--no-first-run"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        page = browser.new_page()
        page.goto((tmp_path / "page.html").as_uri())
        page.wait_for_function("document.title", timeout=0)
        title = page.title()
        browser.close()
    assert title == '[["asked, heard 1","asked, heard 2"],["asked"]]'  # each got a copy


def test_the_site_has_the_frame_instead_of_one_from_elsewhere() -> None:
    site = (ROOT / "docs" / "site.toml").read_text(encoding="utf-8")
    assert "[project.plugins.offline]" in site
    assert 'path = "docs/iframe-worker.js"' in site
