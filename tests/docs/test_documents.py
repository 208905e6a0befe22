"""The documents: code runs, links resolve, the README starts with its two lines."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)]*)?\)")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What a page leaves to its reader: here, calling the web service that it describes.
AFTER = {
    "reference": """
import asyncio
import httpx

async def call_service():
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as caller:
        return await caller.get(f"/videos/{task.id}")

answer = asyncio.run(call_service())
assert answer.headers["content-type"] == "application/json"
assert answer.json()["id"] == task.id
assert msgspec.json.decode(answer.content, type=rushes.Task) == client.task(task.id)
client.close()
"""
}


def test_the_readme_opens_with_two_lines() -> None:
    first = BLOCK.match((ROOT / "README.md").read_text(encoding="utf-8"))
    assert first
    assert first[1] == "sh"
    assert len(first[2].splitlines()) == 2


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_that_exist(page: Path) -> None:
    for target, _ in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize(
    "name", ["reference", "tutorial", "write-a-journal", "write-a-plugin", "write-a-sandbox"]
)
def test_the_code_runs_as_printed(name: str, tmp_path: Path) -> None:
    text = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    blocks = [block for kind, block in BLOCK.findall(text) if kind == "python"]
    assert blocks
    script = tmp_path / "page.py"
    script.write_text("\n".join([*blocks, AFTER.get(name, "")]), encoding="utf-8")
    outcome = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        cwd=tmp_path,
        env={**os.environ, "RUSHES_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert outcome.returncode == 0, outcome.stderr
