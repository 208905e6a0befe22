"""Draws docs/architecture.svg: the parts of the core, from its imports and the page's table.

`python docs/architecture.py` draws it; with `--check` it only exits with 1 if the picture differs.
"""

import ast
import html
import re
import sys
from collections import defaultdict
from pathlib import Path

DOCS = Path(__file__).parent
CORE = DOCS.parent / "core" / "src" / "rushes"
PAGE, PICTURE = DOCS / "architecture.md", DOCS / "architecture.svg"
WIDE, HIGH, BETWEEN, LAYER = 136, 44, 24, 92
STYLE = (
    "text{font:14px system-ui,sans-serif;fill:#1b1f24;text-anchor:middle}"
    ".small{font-size:10px;fill:#57606a}"
    "rect{fill:#f6f8fa;stroke:#8c959f}.public rect{fill:#fff8e5;stroke:#bf8700}"
    "path{fill:none;stroke:#8c959f}marker path{fill:#8c959f;stroke:none}"
)


def table() -> dict[str, tuple[list[str], list[str]]]:
    """Return the page's table: for each part its modules and folders, and the parts it uses."""
    found = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" |")]
        if len(cells) == 4 and (places := re.findall(r"`(\w+)`", cells[1])):
            uses = [name.strip() for name in cells[3].split(",") if name.strip()]
            found[cells[0]] = (places, uses)
    return found


def imported(path: Path) -> set[str]:
    """Return the modules and folders of the core that one of its files imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "rushes":
            found |= {f"rushes.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return {name.split(".")[1] for name in found if name.startswith("rushes.")}


def arrows() -> dict[str, set[str]]:
    """Return which part uses which, according to the imports."""
    part = {place: name for name, (places, _) in table().items() for place in places}
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted(CORE.rglob("*.py")):
        place = path.relative_to(CORE).parts[0].removesuffix(".py")
        if place != "__init__":
            here = part[place]
            found[here] |= {part[other] for other in imported(path)} - {here}
    return found


def reachable(used: dict[str, set[str]], name: str) -> set[str]:
    """Return all that a part uses, directly or through others."""
    found: set[str] = set()
    left = list(used[name])
    while left:
        each = left.pop()
        if each not in found:
            found.add(each)
            left += used[each]
    return found


def drawn() -> str:
    """Draw the parts in layers, each above what it uses; arrows that others imply are left out."""
    parts, used = table(), arrows()
    for name in parts:
        used.setdefault(name, set())
    beyond = {name: {far for each in used[name] for far in reachable(used, each)} for name in parts}
    depth: dict[str, int] = {}
    while len(depth) < len(parts):
        for name in parts:
            if name not in depth and all(each in depth for each in used[name]):
                depth[name] = 1 + max((depth[each] for each in used[name]), default=-1)
    levels = range(max(depth.values()), -1, -1)
    layers = [[name for name in parts if depth[name] == level] for level in levels]
    widest = max(map(len, layers))
    width = widest * (WIDE + BETWEEN) + BETWEEN
    middle: dict[str, tuple[float, float]] = {}
    for row, names in enumerate(layers):
        step = width / len(names)
        for column, name in enumerate(names):
            middle[name] = (step * (column + 0.5), LAYER * row + 30 + HIGH / 2)
    lines = [
        _arrow(middle[name], middle[each])
        for name in parts
        for each in sorted(used[name] - beyond[name])
    ]
    boxes = [_box(name, parts[name][0], middle[name]) for name in parts]
    height = LAYER * len(layers) + 10
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">\n'
        f"<title>The parts of the core, each above what it uses</title>\n<style>{STYLE}</style>\n"
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>\n'
        f'<rect width="{width}" height="{height}" style="fill:#fff;stroke:none"/>\n'
        + "".join(lines + boxes)
        + "</svg>\n"
    )


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x, y), (to_x, to_y) = (start[0], start[1] + HIGH / 2), (end[0], end[1] - HIGH / 2)
    bend = (to_y - y) / 2
    way = f"M{x:g} {y:g}C{x:g} {y + bend:g} {to_x:g} {to_y - bend:g} {to_x:g} {to_y:g}"
    return f'<path d="{way}" marker-end="url(#tip)"/>\n'


def _box(name: str, places: list[str], at: tuple[float, float]) -> str:
    x, y = at
    public = ' class="public"' if not places[0].startswith("_") else ""
    shown = ", ".join(places[:3]) + (" …" if len(places) > 3 else "")
    return (
        f'<g{public}><rect x="{x - WIDE / 2:g}" y="{y - HIGH / 2:g}" width="{WIDE}" '
        f'height="{HIGH}" rx="6"/><text x="{x:g}" y="{y - 2:g}">{name}</text>'
        f'<text class="small" x="{x:g}" y="{y + 14:g}">{html.escape(shown)}</text></g>\n'
    )


def main() -> int:
    """Draw it, or check it."""
    made = drawn()
    if "--check" not in sys.argv:
        PICTURE.write_text(made, encoding="utf-8")
    elif not PICTURE.exists() or PICTURE.read_text(encoding="utf-8") != made:
        sys.stderr.write(f"{PICTURE.name} differs; draw it again: nox -s docs -- --write\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
