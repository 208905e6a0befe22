"""The cost of an import, and the names that the package offers."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import rushes.plugins
import rushes.testing

HEAVY = ("httpx", "sqlite3", "structlog", "pluggy", "rushes_toapis", "rushes_apimart")


def run(code: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={
            "RUSHES_HOME": str(home),
            "PYTHONPATH": f"{Path(__file__).parents[1]}:{Path(rushes.__file__).parents[1]}",
        },
    )


def test_importing_loads_nothing_heavy(tmp_path: Path) -> None:
    done = run(f"import sys, rushes; print([m for m in {HEAVY} if m in sys.modules])", tmp_path)
    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.parametrize(
    ("code", "most"),
    [
        ("import rushes", 40),
        ("import rushes; rushes.Client", 350),
    ],
)
def test_few_modules_are_imported(code: str, most: int, tmp_path: Path) -> None:
    """What an import costs, counted; those that the interpreter starts with do not count."""
    count = "print(len({*sys.modules} - before))"
    done = run(f"import sys; before = {{*sys.modules}}; {code}; {count}", tmp_path)
    assert int(done.stdout) <= most


def test_a_check_loads_no_http_library_prints_nothing_and_writes_nothing(tmp_path: Path) -> None:
    code = (
        "import sys, rushes, acme_zoom\n"
        "with rushes.Client(plugins=[acme_zoom.Zoom()]) as client:\n"
        "    assert client.check('acme/zoom', rushes.Request('x')).valid\n"
        "    assert not client.check('acme/zoom', {'prompt': 1, 'seed': 2}).valid\n"
        "assert 'httpx' not in sys.modules, 'httpx is loaded'\n"
    )
    done = run(code, tmp_path / "home")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


LAZY = [rushes, rushes.plugins, rushes.testing]


def typed_names(module: ModuleType) -> set[str]:
    """Return the names that type checkers see: what the module imports for them."""
    tree = ast.parse(Path(module.__file__ or "").read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    ours = [node for node in imports if (node.module or "").startswith("rushes.")]
    names = [name for node in ours if node.module != "rushes._lazy" for name in node.names]
    assert all(name.asname == name.name for name in names)
    return {name.name for name in names}


@pytest.mark.parametrize("module", LAZY, ids=lambda module: module.__name__)
def test_typed_names_and_offered_names_match_and_resolve(module: ModuleType) -> None:
    offered = vars(module)["__all__"]
    assert sorted(typed_names(module)) == offered
    for name in offered:
        assert getattr(module, name) is not None
        assert name in dir(module)


@pytest.mark.parametrize("module", LAZY, ids=lambda module: module.__name__)
def test_a_star_import_brings_every_name(module: ModuleType) -> None:
    names: dict[str, object] = {}
    exec(f"from {module.__name__} import *", names)
    assert typed_names(module) <= set(names)


PUBLIC = sorted(
    f"rushes.{path.stem}"
    for path in Path(rushes.__file__).parent.glob("[!_]*")
    if path.suffix == ".py" or path.is_dir()
)
PAGES = [
    Path(__file__).parents[3] / "docs" / f"{name}.md"
    for name in ("reference", "write-a-provider", "write-a-plugin", "conformance")
]


def documented() -> set[str]:
    """Return every word in the code of the pages: in a block, or between backticks."""
    code = [
        part
        for page in PAGES
        for part in re.findall(r"```.*?```|`[^`\n]+`", page.read_text(encoding="utf-8"), re.DOTALL)
    ]
    return set(re.findall(r"\w+", " ".join(code)))


@pytest.mark.parametrize("name", ["rushes", *PUBLIC])
def test_every_public_name_is_on_a_page(name: str) -> None:
    offered = vars(importlib.import_module(name))["__all__"]
    assert set(offered) - documented() == set()


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_module_has_no_other_names_of_its_own(name: str) -> None:
    module = importlib.import_module(name)
    tree = ast.parse(Path(module.__file__ or "").read_text(encoding="utf-8"))
    own: set[str] = set()
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            own.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            own |= {ast.unparse(target) for target in targets}
    assert {each for each in own if not each.startswith("_")} <= set(vars(module)["__all__"])
    assert module.__doc__


def test_no_name_is_also_a_module() -> None:
    # Importing a submodule sets it on its package and hides any name that is equal.
    modules = {path.stem for path in Path(rushes.__file__).parent.glob("*.py")}
    assert not modules & typed_names(rushes)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'rushes' has no attribute 'Clients'"):
        getattr(rushes, "Clients")  # noqa: B009 - a type checker knows better


def test_a_whole_job_prints_nothing_unless_logging_is_configured(tmp_path: Path) -> None:
    code = (
        "import pathlib, threading, rushes, acme_server, acme_zoom\n"
        "server = acme_server.Server()\n"
        "threading.Thread(target=server.serve_forever, daemon=True).start()\n"
        "server.on('GET /v1/clips', acme_server.answers(500))\n"
        "def raising(task): raise RuntimeError('observer')\n"
        "client = rushes.Client(plugins=[acme_zoom.Zoom()], base_urls={'acme': server.url},\n"
        "    keys={'acme': 'k'}, polling=rushes.Polling(first=0, every=0.01),\n"
        "    observers=[raising])\n"
        "with client:\n"
        "    task = client.generate('acme/zoom', rushes.Request('x'))\n"
        "assert pathlib.Path(task.file).read_bytes() == acme_server.VIDEO\n"
    )
    done = run(code, tmp_path / "home")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
