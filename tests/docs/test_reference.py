"""The reference: everything that the code reads, returns or offers is documented."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from command_page import commands
from rushes_cli.exit_codes import MEANINGS
from rushes_cli.main import group

ROOT = Path(__file__).parents[2]
REFERENCE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
SOURCES = [
    path
    for folder in ("core", "plugins", "contrib")
    for path in sorted((ROOT / folder).rglob("src/**/*.py"))
]
MADE = {
    "core/src/rushes/home.py": "a provider's key",
    "core/src/rushes/_plugins/registry.py": "a provider's base URL, and the constant of another module",
    "core/src/rushes/_network/routes.py": "the proxy of a scheme",
    "contrib/cli/src/rushes_cli/_commands/keys.py": "a provider's key",
    "contrib/sandbox/src/rushes_sandbox/demo.py": "what the sandbox sets, and puts back",
}
"""Where the name of a variable is made when the program runs, and what it names."""


def test_every_exit_code_is_documented() -> None:
    rows = dict(re.findall(r"^\| (\d+) \| (.+) \|$", REFERENCE, re.MULTILINE))
    assert rows == {str(code): meaning for code, meaning in MEANINGS.items()}


def test_every_command_is_documented() -> None:
    _, _, table = REFERENCE.partition("## Commands")
    named = set(re.findall(r"`([a-z-]+)[^`]*`", table.partition("\n## ")[0]))
    context = click.Context(group(), info_name="rushes")
    assert {name.split()[1] for name, _, _ in commands(context)} - named == set()


def documented() -> set[str]:
    """Return the variables in the reference's table."""
    _, _, table = REFERENCE.partition("## Environment")
    return set(re.findall(r"`(\w+)`", table.partition("\n## ")[0]))


def constants(tree: ast.Module) -> dict[str, list[str]]:
    """Return the texts that a module gives names to."""
    found: dict[str, list[str]] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            texts = [each.value for each in ast.walk(node.value) if isinstance(each, ast.Constant)]
            found[node.targets[0].id] = [text for text in texts if isinstance(text, str)]
    for node in ast.walk(tree):  # a loop over such a name
        if isinstance(node, ast.comprehension) and isinstance(node.target, ast.Name):
            found[node.target.id] = found.get(ast.unparse(node.iter), [])
    return found


def names_of(argument: ast.expr, known: dict[str, list[str]]) -> list[str]:
    if isinstance(argument, ast.Constant):
        return [str(argument.value)]
    return known.get(ast.unparse(argument), [])


def reads(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each reading of an environment: as it is written, and the names that are read."""
    tree = ast.parse(text)
    known = constants(tree)
    for node in ast.walk(tree):
        owner, argument = None, None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            owner = node.func.value if node.func.attr in ("get", "pop", "setdefault") else None
            argument = node.args[0]
            if node.func.attr == "getenv":
                owner = ast.Name("environ")
        elif isinstance(node, ast.Subscript):
            owner, argument = node.value, node.slice
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.In, ast.NotIn)):
            owner, argument = node.comparators[0], node.left
        if owner is not None and argument is not None:
            if re.fullmatch(r"(.*\.)?_?environ(ment)?", ast.unparse(owner)):
                yield ast.unparse(node), names_of(argument, known)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_variable_that_is_read_is_documented(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for written, names in reads(text):
        if str(path.relative_to(ROOT)) in MADE:
            names = [name for name in names if name.isupper()]
        else:
            assert names, f"{written}: which variable? Give its name as a constant"
        of_a_provider = {name for name in names if name.endswith(("_API_KEY", "_BASE_URL"))}
        assert {*names} - of_a_provider <= documented(), f"{written}: add it to docs/reference.md"
    whole = {node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)}
    ours = {str(value) for value in whole if re.fullmatch(r"_?RUSHES_[A-Z_]+", str(value))}
    assert ours <= documented()


@pytest.mark.parametrize(
    "line",
    [
        'os.environ.get("RUSHES_NEW")',
        'os.environ["RUSHES_NEW"]',
        '"RUSHES_NEW" in os.environ',
        'os.getenv("RUSHES_NEW")',
        'NAME = "RUSHES_NEW"\nself._environ.get(NAME)',
        'NAMES = ("RUSHES_NEW",)\nany(environ.get(name) for name in NAMES)',
    ],
)
def test_a_variable_is_noticed_in_every_form(line: str) -> None:
    assert [names for _, names in reads(line)] == [["RUSHES_NEW"]]


def test_the_command_line_helps_with_every_variable_of_ours() -> None:
    helped = "".join(
        CliRunner().invoke(group(), ["help", topic]).stdout
        for topic in ("environment", "completion")
    )
    ours = {name for name in documented() if "RUSHES" in name}
    assert ours - {"RUSHES_SNAPSHOT"} <= set(re.findall(r"\w+", helped))  # that one is an author's
