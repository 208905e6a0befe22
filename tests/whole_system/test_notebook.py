"""The page about notebooks, run as one: a real kernel, the sandbox, and a browser that plays it."""

import re
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from playwright.sync_api import sync_playwright
from rushes_sandbox import Sandbox

PAGE = Path(__file__).parents[2] / "docs" / "notebooks.md"
CHROMIUM = shutil.which("chromium")
AT_ONCE = """
import functools
import rushes

soon = rushes.Polling(first=0.05, every=0.05)
rushes.AsyncClient.__init__ = functools.partialmethod(rushes.AsyncClient.__init__, polling=soon)
"""


@pytest.fixture
def cells(rushes_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Run the page's blocks as the cells of a notebook; return them with their outputs."""
    for name, value in rushes_sandbox.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "jupyter"))
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    make: Any = nbformat.v4  # its functions have no types
    notebook = make.new_notebook(cells=[make.new_code_cell(text) for text in (AT_ONCE, *blocks)])
    NotebookClient(
        notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()
    cells: list[Any] = notebook.cells
    return cells


def html(cell: Any) -> list[str]:
    """Return everything that a cell shows as HTML, in order."""
    data = [output.data for output in cell.outputs if "data" in output]
    return [shown["text/html"] for shown in data if "text/html" in shown]


def test_the_page_shows_what_it_promises(cells: list[Any], tmp_path: Path) -> None:
    _, _, check, generate, compare, close = cells
    (report,) = html(check)
    assert "cannot: 1 problem" in report
    assert "5, 10, 15" in report
    progress, task = html(generate)
    assert progress.startswith("<div><b>completed</b> apimart/kling-v3")  # its last update
    assert 'src="data:video/mp4;base64,' in task
    progress, table = html(compare)
    assert progress.count("<b>completed</b>") == 2
    assert table.count("<video") == 2
    assert 'src="kites/videos/' in table
    assert close.outputs == []
    shown = f"{report}{progress}{task}{table}"
    assert "sandbox-key" not in shown
    if CHROMIUM:
        page = tmp_path / "cells.html"
        page.write_text(f"<!doctype html><meta charset=utf-8><body>{report}{task}{table}")
        assert playing(page) == [True] * 3


def playing(page: Path) -> list[bool]:
    """Open a page in a real browser, and return which of its videos can be played."""
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
        flags += ["--disable-background-networking", "--disable-component-update"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        opened = browser.new_page()
        opened.goto(page.as_uri())
        opened.evaluate("for (const one of document.querySelectorAll('video')) one.load()")
        opened.wait_for_function(
            "[...document.querySelectorAll('video')].every((one) => one.error || one.readyState)",
            timeout=60_000,
        )
        found = opened.evaluate(
            "[...document.querySelectorAll('video')].map((one) => one.videoWidth > 0)"
        )
        browser.close()
    assert isinstance(found, list)
    return found
