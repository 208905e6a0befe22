"""The rooms of contrib packages: which may import which, and which are private.

A room is a folder or a module directly in a package. Each table lists its rooms from the ground up,
each with all the rooms that it imports; a room may import only what stands above it in the table.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = {
    "cli": {
        "exit_codes": "",
        "strict_json": "",
        "terminal": "",
        "_runtime": "",
        "_request": "_runtime strict_json",
        "options": "_request",
        "request_input": "_request _runtime",
        "_output": "_request _runtime terminal",
        "task_output": "_output exit_codes terminal",
        "_errors": "_output _runtime exit_codes terminal",
        "_plugins": "_request _runtime",
        "_template": "",
        "_commands": (
            "_errors _output _plugins _request _runtime _template exit_codes options "
            "request_input strict_json task_output terminal"
        ),
        "_app": "_commands _errors _output _plugins _runtime exit_codes terminal",
        "main": "_app _output _runtime",
        "__init__": "",
    },
    "batch": {
        "_jobs": "",
        "_logs": "",
        "_brake": "",
        "_holding": "_brake _jobs _logs",
        "engine": "_holding _jobs _logs",
        "_health": "_holding engine",
        "command": "_brake _health _holding _jobs _logs engine",
        "_lines": "",
        "_plan": "_jobs _lines",
        "_progress": "_jobs",
        "_run": "_holding _jobs _progress",
        "_follow": "_plan _progress engine",
        "_table": "_plan",
        "_batch": "_brake _jobs _lines _plan _progress _table",
        "_buying": "_batch _holding _jobs _plan _progress _run _table engine",
        "batch": ("_batch _buying _follow _lines _plan _progress _run _table command engine"),
        "__main__": "command",
        "__init__": "_brake _holding _jobs",
    },
    "compare": {
        "errors": "",
        "results": "",
        "columns": "results",
        "_files": "errors",
        "_plan": "columns errors results",
        "_results": "_files _plan columns errors results",
        "_promises": "columns results",
        "_measure": "_files results",
        "_check": "_plan _promises _results errors results",
        "_ratings": "_results errors results",
        "plans": "_check _plan errors",
        "_run": "_check _measure _promises _results results",
        "_page": "_files _results columns results",
        "comparison": "_check _page _plan _results _run errors results",
        "votes": "_ratings _results comparison errors results",
        "_command": (
            "_check _files _plan _promises _results _run columns comparison errors results votes"
        ),
        "command": "_command _results comparison errors votes",
        "__init__": "comparison errors results votes",
    },
    "mcp": {
        "_answers": "",
        "_budget": "",
        "_folder": "",
        "_jobs": "",
        "_purchase": "_answers _budget",
        "_desk": "_answers _budget _folder _jobs",
        "_videos": "_answers _desk _jobs _purchase",
        "_comparisons": "_answers _desk _jobs _purchase _videos",
        "_arguments": "_answers _budget _desk",
        "_looking": "_answers _arguments _desk _videos",
        "_buying": "_answers _arguments _comparisons _purchase _videos",
        "server": "_budget _buying _desk _folder _looking",
        "command": "server",
        "__init__": "",
    },
    "webhooks": {
        "app": "",
        "command": "app",
        "__init__": "",
    },
}


def imports(path: Path) -> Iterator[str]:
    """Yield every module that a file imports, inside functions and by name too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Constant) and str(node.value).startswith("rushes_"):
            yield str(node.value)  # for import_module, or in a table of modules


def source(name: str) -> Path:
    return ROOT / "contrib" / name / "src" / f"rushes_{name}"


def room(path: Path, package: Path) -> str:
    """Return the room that a file of a package, or what one of its modules imports, is in."""
    return path.relative_to(package).parts[0].removesuffix(".py")


@pytest.mark.parametrize("name", ROOMS)
def test_rooms_import_exactly_what_the_table_lists(name: str) -> None:
    package = source(name)
    arrows: dict[str, set[str]] = {room(path, package): set() for path in package.rglob("*.py")}
    for path in package.rglob("*.py"):
        here = room(path, package)
        for module in imports(path):
            first, _, rest = module.partition(".")
            there = rest.partition(".")[0]
            if first == package.name and there in ROOMS[name] and there != here:
                arrows[here].add(there)
    assert arrows == {here: set(there.split()) for here, there in ROOMS[name].items()}


@pytest.mark.parametrize("name", ROOMS)
def test_rooms_import_only_what_stands_above_them(name: str) -> None:
    above: set[str] = set()
    for here, there in ROOMS[name].items():
        assert set(there.split()) <= above, f"{here} is part of a circle"
        above.add(here)


@pytest.mark.parametrize("name", ROOMS)
def test_nothing_else_imports_a_private_room(name: str) -> None:
    own = ROOT / "contrib" / name
    folders = ("core", "plugins", "contrib", "tests", "docs", "benchmarks")
    others = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    assert others
    private = {
        f"{path.relative_to(ROOT)}: {module}"
        for path in others
        if not path.is_relative_to(own) and "node_modules" not in path.parts
        if f"rushes_{name}" in path.read_text(encoding="utf-8")
        for module in imports(path)
        if module.startswith(f"rushes_{name}._")
    }
    assert not private


@pytest.mark.parametrize("name", ROOMS)
def test_public_modules_list_their_public_names(name: str) -> None:
    for path in source(name).glob("[!_]*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), path
        names = [ast.unparse(target) for node in tree.body if isinstance(node, ast.Assign)
                 for target in node.targets]  # fmt: skip
        assert "__all__" in names, path
