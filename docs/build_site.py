"""Builds the site into build/site, strictly: a link that leads nowhere is an error.

The pages are copied to build/pages in the layout that they have in the repository, so that a
relative link means the same here and there. What is built loads nothing from elsewhere, which is
checked, too.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build"
PAGES = BUILD / "pages"
COPIED = (
    "*.md", "LICENSE", "core/README.md", "plugins/*/README.md",
    "contrib/*/README.md", "docs/**/*.md", "docs/**/*.jpg", "docs/**/*.svg", "docs/**/*.json",
    "docs/**/*.yaml", "docs/site.css", "docs/iframe-worker.js",
)  # fmt: skip
NAVIGATION: dict[str, tuple[str, ...]] = {
    "Start": ("README.md", "docs/tutorial.md"),
    "Write a provider": (
        "docs/write-a-provider.md",
        "docs/write-a-plugin.md",
        "docs/conformance.md",
        "docs/write-a-sandbox.md",
        "docs/hook-specification.md",
    ),
    "How to": ("docs/how-to/*.md", "docs/compare.md", "docs/*.md"),
    "Reference": (
        "docs/reference.md",
        "docs/reference/commands.md",
        "docs/reference/python.md",
        "docs/reference/plugin-api.md",
        "docs/reference/hooks.md",
        "docs/reference/testing.md",
        "docs/reference/tools.md",
    ),
    "Variants": ("docs/variants/index.md", "docs/variants/*.md"),
    "What it does, measured": (
        "docs/other-tools.md",
        "docs/faults.md",
        "docs/crashes.md",
        "docs/performance.md",
    ),
    "How it is built": (
        "docs/architecture.md",
        "docs/decisions.md",
        "core/README.md",
        "contrib/*/README.md",
        "plugins/*/README.md",
        "docs/SECURITY.md",
        "*.md",
    ),
}
"""The sections. A pattern stands for the pages that no other section, and no line before, names."""
OUTSIDE = re.compile(
    rb"""<(?:script|img|source|iframe|video)\b[^>]*\ssrc=["']?(?:https?:)?//[^"'\s>]+"""
    rb"""|<link\b(?![^>]*\brel=["']?(?:canonical|next|prev))[^>]*\shref=["']?(?:https?:)?//[^"'\s>]+"""
    rb"""|(?:@import\s*|url\()["']?(?:https?:)?//[^"')\s]+"""
)
"""What makes a browser load something from another host."""


CELL = re.compile(r"<td\b.*?</td>", re.DOTALL)
LONG = re.compile(r"<[^>]*>|[^<\s]{20,}")
"""A tag; or a name or an address that is too long to stay whole in a table."""


def copy_pages() -> None:
    """Copy everything that the site shows."""
    shutil.rmtree(PAGES, ignore_errors=True)
    for pattern in COPIED:
        for path in sorted(ROOT.glob(pattern)):
            target = PAGES / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            if path.suffix == ".md":
                target.write_text(_to_pages(path), encoding="utf-8")


def _to_pages(page: Path) -> str:
    """Return a page's text; its links to folders lead to the pages that describe them."""

    def to_page(link: re.Match[str]) -> str:
        folder = page.parent / link[1]
        return f"]({link[1]}/README.md)" if (folder / "README.md").is_file() else link[0]

    return re.sub(r"\]\(([^)#:\s]+?)/?\)", to_page, page.read_text(encoding="utf-8"))


def navigation() -> dict[str, list[str]]:
    """Return the pages of each section. Raises LookupError for a pattern without a page."""
    named = {name for patterns in NAVIGATION.values() for name in patterns if "*" not in name}
    found: dict[str, list[str]] = {}
    for title, patterns in NAVIGATION.items():
        pages = found.setdefault(title, [])
        for pattern in patterns:
            paths = [str(path.relative_to(PAGES)) for path in sorted(PAGES.glob(pattern))]
            if not paths:
                raise LookupError(f"docs/build_site.py, NAVIGATION: there is no {pattern}")
            new = [path for path in paths if "*" not in pattern or path not in named]
            pages += new
            named.update(new)
    return found


def write_configuration() -> Path:
    """Write what zensical reads: site.toml, with the places and the navigation."""
    lines = "".join(
        f"    {{ {json.dumps(title)} = {json.dumps(pages)} }},\n"
        for title, pages in navigation().items()
    )
    places = f'[project]\ndocs_dir = "{PAGES.name}"\nsite_dir = "site"\nnav = [\n{lines}]\n'
    text = (ROOT / "docs" / "site.toml").read_text(encoding="utf-8")
    path = BUILD / "zensical.toml"
    path.write_text(text.replace("[project]\n", places, 1), encoding="utf-8")
    return path


def let_names_wrap(page: str) -> str:
    """Return a built page in which long names in tables may break after a dot or a slash."""

    def breakable(name: re.Match[str]) -> str:
        if name[0].startswith("<"):
            return name[0]
        return re.sub(r"(?<=/)(?=\w)|(?<=\.)(?=[^\W\d])", "<wbr>", name[0])

    return CELL.sub(lambda cell: LONG.sub(breakable, cell[0]), page)


def loaded_from_elsewhere(site: Path) -> Iterator[str]:
    """Yield what the built pages and style sheets would load from another host."""
    for path in sorted(site.rglob("*")):
        if path.suffix in (".html", ".css", ".svg"):
            for found in OUTSIDE.findall(path.read_bytes()):
                yield f"{path.relative_to(site)}: {found.decode(errors='replace')}"


def main() -> int:
    """Build the site; 1 if a link leads nowhere, or a page loads something from elsewhere."""
    copy_pages()
    path = write_configuration()
    shutil.rmtree(BUILD / "site", ignore_errors=True)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean", "-f", str(path)]
    if code := subprocess.run(command, check=False).returncode:  # noqa: S603 - our own
        return code
    for page in (BUILD / "site").rglob("*.html"):
        page.write_text(let_names_wrap(page.read_text(encoding="utf-8")), encoding="utf-8")
    if outside := [*loaded_from_elsewhere(BUILD / "site")]:
        print("The site loads something from elsewhere:", *outside, sep="\n  ")
        return 1
    print(f"The site is in {BUILD / 'site'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
