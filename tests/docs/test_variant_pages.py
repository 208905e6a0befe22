"""The generated pages match the declarations, and are valid Markdown."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from kits import kits

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "variants").glob("*.md"))
LINK = re.compile(r"\]\(([^)#\s]+)\)")


def test_the_pages_are_up_to_date() -> None:
    outcome = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"],
        capture_output=True,
        text=True,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_there_is_a_page_for_each_variant() -> None:
    assert len(PAGES) == 1 + len(kits())


def test_links_resolve() -> None:
    for page in PAGES:
        for target in LINK.findall(page.read_text(encoding="utf-8")):
            is_there = target.startswith("https://") or (page.parent / target).exists()
            assert is_there, f"{page.name}: {target}"


def test_every_table_row_has_as_many_cells_as_its_head() -> None:
    for page in PAGES:
        width = 0
        for line in page.read_text(encoding="utf-8").splitlines():
            cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
            assert not cells or not width or cells == width, f"{page.name}: {line}"
            width = cells


def test_long_names_in_tables_may_break_after_a_dot_or_a_slash(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(ROOT / "docs")
    let_names_wrap = importlib.import_module("build_site").let_names_wrap
    name, address = "instances[].image.bytesBase64Encoded", "http://169.254.169.254/a.png"
    prose = f"<p><code>{name}</code></p>"
    page = f'{prose}<td title="{name}">is <code>{address}</code><br>short.name {name}</td>'
    parted = "instances[].<wbr>image.<wbr>bytesBase64Encoded"
    assert let_names_wrap(page) == (
        f'{prose}<td title="{name}">is <code>http://<wbr>169.254.169.254/<wbr>a.<wbr>png</code>'
        f"<br>short.name {parted}</td>"
    )
