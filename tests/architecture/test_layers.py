"""The arrows: plugins → core ← contrib, and between the parts of the core."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import architecture
import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "core" / "src" / "rushes"
SOURCES = [
    path
    for folder in ("core", "plugins", "contrib")
    for path in sorted((ROOT / folder).rglob("src/**/*.py"))
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
        "rushes", "rushes_toapis", "rushes_apimart", "rushes_uniall", "rushes_fal", "rushes_kling",
        "rushes_cli", "rushes_sandbox",
    }  # fmt: skip


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_distribution_imports_only_the_core_and_itself(path: Path) -> None:
    own = package(path)
    foreign = {
        name.partition(".")[0]
        for name in imports(path)
        if name.startswith("rushes") and name.partition(".")[0] not in ("rushes", own)
    }
    # Contrib packages may import each other's public names (test_contrib_rooms.py).
    allowed = {"rushes_cli"} if own in ("rushes_compare", "rushes_sandbox") else set()
    assert foreign <= ({"rushes_sandbox"} if is_a_protocol(path) else allowed)
    if own == "rushes_sandbox" and path.stem != "demo":
        used = {name for name in imports(path) if name.split(".")[0] == "rushes"}
        files, finding = {"rushes.files"}, {"rushes.plugins"}
        assert {".".join(name.split(".")[:2]) for name in used} <= files | finding


def is_a_protocol(path: Path) -> bool:
    """Whether this is a provider's stand-in for the sandbox, brought by its distribution."""
    return path.is_relative_to(ROOT / "plugins") and path.stem == "sandbox"


PLUGINS = [path for path in SOURCES if path.is_relative_to(ROOT / "plugins")]


@pytest.mark.parametrize("path", PLUGINS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_plugin_and_its_stand_in_do_not_see_each_other(path: Path) -> None:
    """Two readings of the same pages check each other only as long as neither reads the other."""
    found = set(imports(path))
    if is_a_protocol(path):
        assert not [name for name in found if name.startswith("rushes") and name != "rushes_sandbox"
                    and not name.startswith("rushes_sandbox.")]  # fmt: skip
    else:
        assert not [name for name in found if name.endswith(".sandbox")]


def test_the_page_lists_every_part_of_the_core_and_its_imports() -> None:
    parts, used = architecture.table(), architecture.arrows()
    places = [place for names, _ in parts.values() for place in names]
    there = {path.stem for path in CORE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert sorted(places) == sorted(there - {"__init__", "__pycache__"})
    for name, (_, uses) in parts.items():
        assert used[name] == set(uses), name


def test_no_part_of_the_core_is_in_an_import_circle() -> None:
    used = architecture.arrows()
    for name in list(used):
        assert name not in architecture.reachable(used, name)


MEASURES = [ROOT / "benchmarks" / name for name in ("job/subjects.py", "polling.py")]
"""These measure a part of the core on its own: the transport, the schedule."""
OUTSIDE = [
    path
    for folder in (
        "plugins", "contrib", "tests", "docs", "benchmarks", "README.md", "CONTRIBUTING.md",
        "noxfile.py", "conftest.py",
    )
    for each in [ROOT / folder]
    for path in sorted([each] if each.is_file() else each.rglob("*"))
    if path.suffix in (".py", ".md") and "node_modules" not in path.parts
    and path not in (Path(__file__), *MEASURES)
]  # fmt: skip


def private_names(path: Path) -> set[str]:
    """Return the private modules of the core that a file imports, or names in its text.

    A string counts, too: `monkeypatch.setattr` and `import_module` take a module's name.
    """
    text = path.read_text(encoding="utf-8")
    named = set(re.findall(r"\brushes(?:\.\w+)*\._[a-z]\w*", text))
    if path.suffix == ".py":
        named |= {name for name in imports(path) if re.match(r"rushes\..*\b_[a-z]", name)}
    return named


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: str(path.relative_to(ROOT)))
def test_private_modules_are_neither_imported_nor_named_outside(path: Path) -> None:
    assert private_names(path) == set()


@pytest.mark.parametrize(
    "line",
    [
        "from rushes._wait import polling",
        "from rushes import _log as log",
        "import rushes.testing._clock",
        'monkeypatch.setattr("rushes._client.verbs.poll_once", broken)',
        "import_module('rushes.testing._clock')",
    ],
)
def test_a_private_module_is_noticed_in_every_form(tmp_path: Path, line: str) -> None:
    (tmp_path / "it.py").write_text(line)
    assert private_names(tmp_path / "it.py")


@pytest.mark.parametrize(
    ("library", "home"),
    [
        ("httpx", "_network"),
        ("httpcore", "_network"),  # the library below httpx
        ("sqlite3", "_journal"),
        ("psycopg", "_journal"),
        ("structlog", "_log.py"),
    ],
)
def test_each_library_is_imported_by_one_part_only(library: str, home: str) -> None:
    importers = {
        path.relative_to(CORE).parts[0]
        for path in CORE.glob("**/*.py")
        if any(name.partition(".")[0] == library for name in imports(path))
    }
    assert importers == {home}
