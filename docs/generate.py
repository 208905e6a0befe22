"""Writes the pages that come from the code: docs/variants and docs/reference.

`python docs/generate.py` writes, `--check` only reports which page differs, and exits with 1. The
variants' pages, and their matrix, come from the declarations and from the examples of the plugins'
conformance tests; the reference comes from the commands, the hooks and the public names.
"""

import sys
from pathlib import Path

import md
from command_page import command_page
from python_pages import python_pages
from rushes import Capability, Variant, capabilities
from rushes.plugins import Registry
from variant_page import WRITTEN, page

DOCS = Path(__file__).parent
VARIANTS, REFERENCE = DOCS / "variants", DOCS / "reference"


def pages() -> dict[Path, str]:
    """Return every page's text by its path."""
    made = {"commands": command_page(), **python_pages()}
    return {**variant_pages(), **{REFERENCE / f"{name}.md": text for name, text in made.items()}}


def variant_pages() -> dict[Path, str]:
    """Return the matrix, and the page of each variant, by their paths."""
    # The module that finds the kits also serves the tests, and is among them.
    sys.path.insert(0, str(DOCS.parent / "tests"))
    from kits import kits

    registry, found = Registry(), kits()
    variants = [registry.get(name).variant for name in found]
    made = {VARIANTS / "index.md": index(variants)}
    for variant in variants:
        made[VARIANTS / f"{_file(variant)}.md"] = page(variant, found[variant.id])
    return made


def _file(variant: Variant) -> str:
    return variant.id.replace("/", "-")


def index(variants: list[Variant]) -> str:
    """Return the matrix: common fields down, variants across, conditions as numbered notes."""
    columns = [capabilities(variant) for variant in variants]
    numbers: dict[str, int] = {}
    heads = [f"[{v.id.replace('/', '<br>')}]({_file(v)}.md)" for v in variants]
    rows = [
        [_label(row), *(_cell(column[row], numbers) for column in columns)] for row in columns[0]
    ]
    return "\n\n".join(
        [
            WRITTEN,
            "# Variants",
            "What each variant does with a request's fields. A dash: the field is refused. "
            "Small numbers refer to the conditions below; a variant's page has the whole payload.",
            md.table(["", *heads], rows),
            "## Conditions",
            "\n".join(f"{number}. {md.text(words)}" for words, number in numbers.items()),
        ]
    ) + "\n"  # fmt: skip


def _label(row: str) -> str:
    group, _, role = row.partition(".")
    return (f"{role} {group.removesuffix('s')}" if role else group).replace("_", " ")


def _cell(capability: Capability, numbers: dict[str, int]) -> str:
    words = "-" if capability.how == "no" else md.text(capability.words)
    marks = sorted(numbers.setdefault(text, len(numbers) + 1) for text in capability.conditions)
    return words + (f" <sup>{', '.join(map(str, marks))}</sup>" if marks else "")


def stale(made: dict[Path, str]) -> list[Path]:
    """List the pages that differ from what would be written, including left-over ones."""
    different = [
        path
        for path, text in made.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    there = [path for folder in (VARIANTS, REFERENCE) for path in sorted(folder.glob("*.md"))]
    return different + [path for path in there if path not in made]


def main(arguments: list[str]) -> int:
    """Write the pages, or check them."""
    made = pages()
    different = stale(made)
    for path in different:
        if arguments == ["--check"]:
            print(f"{path.relative_to(DOCS.parent)} is stale; run: python docs/generate.py")
        elif path in made:
            path.parent.mkdir(exist_ok=True)
            path.write_text(made[path], encoding="utf-8")
        else:
            path.unlink()
    return 1 if different and arguments == ["--check"] else 0


if __name__ == "__main__":
    if sys.argv[1:] not in ([], ["--check"]):
        sys.exit("usage: python docs/generate.py [--check]")
    sys.exit(main(sys.argv[1:]))
