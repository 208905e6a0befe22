"""The page of figures, docs/performance.md: each benchmark writes its own section."""

import argparse
import re
from collections.abc import Callable
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
WRITE = f"write the section of docs/{PAGE.name}"
"""What `--write` does."""


def write_section(text: str) -> None:
    """Put a section, heading first, in place of the one with its heading, or at the end."""
    heading, text = text.partition("\n")[0], text.strip()
    section = re.compile(rf"^{re.escape(heading)}\n.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
    page, found = section.subn(lambda _: f"{text}\n\n", PAGE.read_text(encoding="utf-8"))
    page = page if found else f"{page}\n{text}"
    PAGE.write_text(f"{page.rstrip()}\n", encoding="utf-8")


def print_section(description: str | None, section: Callable[[], str]) -> None:
    """Print what a benchmark measures, and write it if asked to: its command's only option."""
    parser = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help=WRITE)
    given = parser.parse_args()
    text = section()
    print(text)
    if given.write:
        write_section(text)
