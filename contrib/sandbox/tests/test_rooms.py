"""The rooms of the sandbox: imports run one way between them, and none from outside."""

import ast
from functools import cache
from pathlib import Path

import pytest
import rushes_sandbox

SOURCE = Path(rushes_sandbox.__file__).parent
REPOSITORY = Path(__file__).parents[3]
OWN_TESTS = Path(__file__).parent

#: Each room, and each module outside the rooms, with all that it may import of this package. A room
#: imports only what stands above it.
ARROWS = {
    "_settings": set(),
    "_http": set(),
    "_validation": set(),
    "checks": {"_validation"},
    "_rendering": set(),
    "_state": {"_settings", "_rendering"},
    "_protocols": {"_validation", "_rendering", "_state"},
    "_webhooks": {"_settings", "_http", "_state", "_protocols"},
    "_serving": {"_http", "_rendering", "_state", "_protocols", "_webhooks"},
    "_faults": {"_http", "_state", "_protocols", "_serving"},
    "_listing": {"_faults", "_rendering"},
    "server": {
        "_settings", "_http", "_rendering", "_state", "_protocols", "_serving", "_faults",
        "_webhooks",
    },
    "__init__": {
        "_http", "_validation", "_rendering", "_state", "_protocols", "_faults", "_webhooks",
        "server",
    },
    "command": {"__init__", "_listing", "_settings"},
    "pytest_plugin": {"__init__"},
    "demo": {"__init__"},
    "fault_trial": {"__init__"},
}  # fmt: skip
#: What may be imported of `rushes`: the demo and the trial of faults use it, protocols are found as
#: plugins are, and films are written as it writes files.
USES_RUSHES = {
    "demo": ("rushes",),
    "fault_trial": ("rushes",),
    "_protocols": ("rushes.plugins",),
    "_rendering": ("rushes.files",),
}

MODULES = {
    ".".join(("rushes_sandbox", *path.relative_to(SOURCE).with_suffix("").parts)): path
    for path in sorted(SOURCE.rglob("*.py"))
}


@cache
def imports(path: Path) -> frozenset[str]:
    """Return the full name of everything that a file imports, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def room(name: str) -> str | None:
    """Return the room of an imported name of this package; None for any other package."""
    package, _, rest = name.partition(".")
    if package != "rushes_sandbox":
        return None
    first = rest.partition(".")[0]
    return first if first in ARROWS else "__init__"


def module(name: str) -> str | None:
    """Return the module of this package that an imported name belongs to."""
    while name and name not in MODULES and f"{name}.__init__" not in MODULES:
        name = name.rpartition(".")[0]
    return name if name in MODULES else f"{name}.__init__" if name else None


def test_every_module_has_its_place_in_the_table() -> None:
    assert {name.split(".")[1] for name in MODULES} == set(ARROWS)


def test_the_table_has_no_circle() -> None:
    known: set[str] = set()
    for name, others in ARROWS.items():
        assert others <= known, f"{name} imports what stands below it"
        known.add(name)


def test_imports_run_one_way_between_rooms() -> None:
    for name, path in MODULES.items():
        own = name.split(".")[1]
        used = {there for there in map(room, imports(path)) if there is not None}
        assert used - {own} <= ARROWS[own], name


def test_no_modules_import_each_other_in_a_circle() -> None:
    arrows = {
        name: {found for found in map(module, imports(path)) if found} - {name}
        for name, path in MODULES.items()
    }
    # The package loads its public names lazily, when somebody asks for them.
    arrows["rushes_sandbox.__init__"] = set()
    while free := {name for name, others in arrows.items() if not others}:
        arrows = {name: others - free for name, others in arrows.items() if name not in free}
    assert not arrows


def test_it_reads_the_pages_for_itself() -> None:
    for name, path in MODULES.items():
        foreign = {one for one in imports(path) if one.startswith("rushes") and room(one) is None}
        allowed = tuple(f"{one}." for one in USES_RUSHES.get(name.split(".")[1], ()))
        assert [one for one in foreign if not f"{one}.".startswith(allowed)] == [], name


def test_nobody_outside_enters_a_room() -> None:
    folders = [REPOSITORY / name for name in ("core", "plugins", "contrib", "tests", "docs")]
    outside = [
        path
        for folder in (*folders, REPOSITORY / "benchmarks")
        for path in folder.rglob("*.py")
        if not path.is_relative_to(SOURCE) and not path.is_relative_to(OWN_TESTS)
    ]
    assert len(outside) > 100
    private = {name for name in ARROWS if name.startswith("_") and name != "__init__"}
    for path in outside:
        text = path.read_text(encoding="utf-8")
        if "rushes_sandbox" not in text:
            continue
        entered = [name for name in imports(path) if room(name) in private]
        assert not entered, f"{path.relative_to(REPOSITORY)} imports {entered}"
        # Not by name in a string either, as `monkeypatch.setattr` takes them.
        assert "rushes_sandbox._" not in text, path


def test_what_is_public_can_be_imported() -> None:
    for name in vars(rushes_sandbox)["__all__"]:
        assert getattr(rushes_sandbox, name) is not None
    with pytest.raises(AttributeError, match="Sandbx"):
        _ = rushes_sandbox.Sandbx  # type: ignore[attr-defined]


def test_type_checkers_and_programs_see_the_same_names() -> None:
    """They are written down twice: as imports for the one, as a table for the other."""
    source = ast.parse(Path(rushes_sandbox.__file__).read_text(encoding="utf-8"))
    (branch,) = (node for node in source.body if isinstance(node, ast.If))
    typed = {
        (node.module, name.name, name.asname)
        for node in branch.body
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }
    homes: dict[str, str] = vars(rushes_sandbox)["_HOME"]
    assert typed == {(module, name, name) for name, module in homes.items()}
