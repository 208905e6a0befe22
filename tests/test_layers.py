"""The arrows: plugins → core ← contrib, and the order inside the core."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CORE = ROOT / "core" / "src" / "rushes"
SOURCES = [
    path
    for folder in ("core", "plugins", "contrib")
    for path in sorted((ROOT / folder).rglob("src/**/*.py"))
]
# Inside the core a module may import what stands before it.
ORDER = [
    ["addresses", "installed", "invalid", "places", "regular", "type_info", "unrolled"],
    ["problems", "request", "calls", "urls", "log", "network", "redacting"],
    ["task", "fields", "flow", "writer"],
    ["errors", "rules", "constraints", "container", "decoding", "exchange", "journal", "routes"],
    ["payload", "variant", "plans", "key_file", "trust", "database", "connections", "part_file"],
    ["claims", "home", "store", "tables"],
    ["sqlite"],
    ["matrix", "body", "schema", "messages"],
    ["draft", "transport"],
    ["async_transport"],
    ["hookspecs", "report"],
    ["defaults"],
    ["loading"],
    ["registry", "quick"],
    ["check"],
    ["siblings", "session"],
    ["target"],
    ["attempt", "owning", "records", "uploading", "polling"],
    ["download", "intent", "reconciling"],
    ["delivering", "trial"],
    ["submitting"],
    ["jobs"],
    ["configuration"],
    ["client", "async_client"],
]


def imports(path: Path) -> Iterator[str]:
    """Yield every module that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield node.module or ""
            yield from (f"{node.module}.{name.name}" for name in node.names)


def package(path: Path) -> str:
    return path.relative_to(ROOT).parts[path.relative_to(ROOT).parts.index("src") + 1]


def test_the_sources_are_found() -> None:
    assert {package(path) for path in SOURCES} >= {
        "rushes", "rushes_toapis", "rushes_apimart", "rushes_uniall", "rushes_cli",
        "rushes_sandbox",
    }  # fmt: skip


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_distribution_imports_only_the_core_and_itself(path: Path) -> None:
    own = package(path)
    foreign = {
        name.partition(".")[0]
        for name in imports(path)
        if name.startswith("rushes") and name.partition(".")[0] not in ("rushes", own)
    }
    # Contrib packages share public names (test_contrib_rooms.py); plugins share nothing.
    assert foreign <= ({"rushes_cli"} if own in ("rushes_compare", "rushes_sandbox") else set())
    if own != "rushes":
        private = [name for name in imports(path) if name.startswith("rushes.") and "._" in name]
        assert not private
    if own == "rushes_sandbox" and "demo" not in path.parts:
        assert not [name for name in imports(path) if name.split(".")[0] == "rushes"]


@pytest.mark.parametrize("path", sorted(CORE.glob("*.py")), ids=lambda path: path.stem)
def test_inside_the_core_the_arrows_point_one_way(path: Path) -> None:
    if path.stem == "__init__":
        return
    rank = {name: place for place, names in enumerate(ORDER) for name in names}
    assert path.stem in rank, f"give {path.stem} a place in the order"
    for name in imports(path):
        module = name.removeprefix("rushes.").partition(".")[0]
        if name.startswith("rushes.") and module in rank and module != path.stem:
            assert rank[module] < rank[path.stem], f"{path.stem} imports {module}"


@pytest.mark.parametrize(
    ("library", "homes"),
    [
        ("httpx", {"messages", "transport", "async_transport"}),
        (  # what httpx stands on
            "httpcore",
            {"messages", "transport", "async_transport", "connections", "routes"},
        ),
        ("sqlite3", {"database"}),
        ("structlog", {"log"}),
    ],
)
def test_one_place_knows_each_library(library: str, homes: set[str]) -> None:
    knowing = {
        path.stem
        for path in CORE.glob("**/*.py")
        if any(name.partition(".")[0] == library for name in imports(path))
    }
    assert knowing == homes
