"""The arrows: plugins → core ← contrib, and between the parts of the core."""

import ast
import os
import re
from collections.abc import Iterable, Iterator
from functools import cache
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


@cache
def imports(path: Path) -> frozenset[str]:
    """Return every module that a file imports, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            found |= {node.module or "", *(f"{node.module}.{name.name}" for name in node.names)}
    return frozenset(found)


def package(path: Path) -> str:
    return path.relative_to(ROOT).parts[path.relative_to(ROOT).parts.index("src") + 1]


def names_by_file(found: Iterable[tuple[Path, Iterable[str]]]) -> dict[str, list[str]]:
    """Return the names found in each file, without the files in which there are none."""
    return {str(path.relative_to(ROOT)): sorted(names) for path, names in found if names}


def test_the_sources_are_found() -> None:
    assert {package(path) for path in SOURCES} >= {
        "rushes", "rushes_toapis", "rushes_apimart", "rushes_uniall", "rushes_fal", "rushes_kling",
        "rushes_cli", "rushes_sandbox",
    }  # fmt: skip


def foreign(path: Path) -> set[str]:
    """Return what a file of a distribution imports of ours, and may not."""
    own = package(path)
    used = {name for name in imports(path) if name.startswith("rushes")}
    others = {name.partition(".")[0] for name in used} - {"rushes", own}
    # Contrib packages may import each other's public names (test_contrib_rooms.py).
    others -= {"rushes_sandbox"} if is_a_protocol(path) else MAY_USE.get(own, set())
    if own == "rushes_sandbox" and path.stem not in ("demo", "fault_trial"):
        of_the_core = {name for name in used if name.split(".")[0] == "rushes"}
        others |= {".".join(name.split(".")[:2]) for name in of_the_core} - FILES_AND_FINDING
    return others


MAY_USE = {
    "rushes_batch": {"rushes_cli", "rushes_compare"},
    "rushes_compare": {"rushes_cli"},
    "rushes_mcp": {"rushes_compare"},
    "rushes_sandbox": {"rushes_cli"},
}
FILES_AND_FINDING = {"rushes.files", "rushes.plugins"}
"""What the sandbox may import of the core."""


def test_a_distribution_imports_only_the_core_and_itself() -> None:
    assert names_by_file((path, foreign(path)) for path in SOURCES) == {}


def is_a_protocol(path: Path) -> bool:
    """Whether this is a provider's stand-in for the sandbox, brought by its distribution."""
    return path.is_relative_to(ROOT / "plugins") and path.stem == "sandbox"


PLUGINS = [path for path in SOURCES if path.is_relative_to(ROOT / "plugins")]


def seen_of_the_other(path: Path) -> list[str]:
    """Return what a plugin imports of its stand-in in the sandbox, or the other way round."""
    if not is_a_protocol(path):
        return [name for name in imports(path) if name.endswith(".sandbox")]
    ours = [name for name in imports(path) if name.startswith("rushes")]
    return [name for name in ours if name.partition(".")[0] != "rushes_sandbox"]


def test_a_plugin_and_its_stand_in_do_not_see_each_other() -> None:
    """Two readings of the same pages check each other only as long as neither reads the other."""
    assert any(map(is_a_protocol, PLUGINS))
    assert names_by_file((path, seen_of_the_other(path)) for path in PLUGINS) == {}


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


MEASURES = [
    ROOT / "benchmarks" / name
    for name in ("job/subjects.py", "job/parts.py", "ordinary_loops.py", "polling.py")
]
"""These measure a part of the core on its own: the transport, how a call is made, the loops of a
check, the schedule."""
OUTSIDE = ("plugins", "contrib", "tests", "docs", "benchmarks", "README.md", "CONTRIBUTING.md",
           "noxfile.py", "conftest.py")  # fmt: skip


def files_outside() -> Iterator[Path]:
    """Yield every file outside the core that might name one of its modules."""
    for name in OUTSIDE:
        for folder, inner, files in os.walk(ROOT / name):
            inner[:] = [each for each in inner if each != "node_modules"]
            yield from (Path(folder, file) for file in files if file.endswith((".py", ".md")))
        if (ROOT / name).is_file():
            yield ROOT / name


def private_names(path: Path) -> set[str]:
    """Return the private modules of the core that a file imports, or names in its text.

    A string counts, too: `monkeypatch.setattr` and `import_module` take a module's name.
    """
    text = path.read_text(encoding="utf-8")
    named = set(re.findall(r"\brushes(?:\.\w+)*\._[a-z]\w*", text))
    if path.suffix == ".py":
        named |= {name for name in imports(path) if re.match(r"rushes\..*\b_[a-z]", name)}
    return named


def test_private_modules_are_neither_imported_nor_named_outside() -> None:
    others = {*files_outside()} - {Path(__file__), *MEASURES}
    assert len(others) > 100
    assert names_by_file((path, private_names(path)) for path in sorted(others)) == {}


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
