"""The reference: everything that the code reads, returns or offers is documented."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from command_page import commands
from rushes_cli import exit_codes
from rushes_cli.exit_codes import MEANINGS
from rushes_cli.main import group

ROOT = Path(__file__).parents[2]
REFERENCE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
SOURCES = [
    path
    for folder in ("core", "plugins", "contrib")
    for path in sorted((ROOT / folder).rglob("src/**/*.py"))
]
SOURCES_OF_THE_COMMAND_LINE = [
    path for path in SOURCES if {"rushes", "rushes_cli"} & {*path.relative_to(ROOT).parts}
]
MADE = {
    "core/src/rushes/home.py": "a provider's key",
    "core/src/rushes/_plugins/registry.py": "a provider's base URL, another module's constant",
    "core/src/rushes/_network/routes.py": "the proxy of a scheme",
    "contrib/budget/src/rushes_budget/limits.py": "what one limit is set by",
    "contrib/cli/src/rushes_cli/_commands/keys.py": "a provider's key",
    "contrib/cli/src/rushes_cli/_plugins/kit_recorder.py": "what `plugins --grade` sets",
    "contrib/sandbox/src/rushes_sandbox/demo.py": "what the sandbox sets, and puts back",
}
"""Where the name of a variable is made when the program runs, and what it names."""
OF_A_PROVIDER = re.compile("_API_KEY$|_BASE_URL$")


def exits(text: str) -> Iterator[int]:
    """Yield the codes that a program exits with, where they are written as numbers."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Call(func=function, args=[ast.Constant(value=int() as code)]):
                if ast.unparse(function).rpartition(".")[2] in ("SystemExit", "exit", "_exit"):
                    yield code


def test_every_exit_code_is_documented() -> None:
    named = {value for value in vars(exit_codes).values() if isinstance(value, int)}
    written = {code for path in SOURCES for code in exits(path.read_text(encoding="utf-8"))}
    assert named | written <= {*MEANINGS}
    page = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (\d+) \| (.+) \|$", page, re.MULTILINE))
    assert rows == {str(code): meaning for code, meaning in MEANINGS.items()}
    assert [*exits("raise SystemExit(9)\nctx.exit(8)\nsys.exit(7)")] == [9, 8, 7]


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
    for loop in ast.walk(tree):  # over such a name
        if isinstance(loop, ast.comprehension) and isinstance(loop.target, ast.Name):
            found[loop.target.id] = found.get(ast.unparse(loop.iter), [])
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
        read = reading(node)
        if read is not None and re.fullmatch(r"(.*\.)?_?environ(ment)?", ast.unparse(read[0])):
            yield ast.unparse(node), names_of(read[1], known)


def reading(node: ast.AST) -> tuple[ast.expr, ast.expr] | None:
    """Return the mapping and the key of an expression that reads one, if it is one."""
    match node:
        case ast.Call(func=ast.Attribute(value=owner, attr="get" | "pop"), args=[key, *_]):
            return owner, key
        case ast.Call(func=ast.Attribute(attr="getenv"), args=[key, *_]):
            return ast.Name("environ"), key
        case ast.Subscript(value=owner, slice=key):
            return owner, key
        case ast.Compare(left=key, ops=[ast.In() | ast.NotIn()], comparators=[owner]):
            return owner, key
    return None


def texts(path: Path) -> set[str]:
    """Return every text in a module."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return {str(node.value) for node in nodes if isinstance(node, ast.Constant)}


def test_every_variable_that_is_read_is_documented() -> None:
    known = documented()
    for path in SOURCES:
        where = str(path.relative_to(ROOT))
        for written, names in reads(path.read_text(encoding="utf-8")):
            assert names or where in MADE, f"{where}: {written}: give its name as a constant"
            missing = {name for name in names if name.isupper() and not OF_A_PROVIDER.search(name)}
            assert missing <= known, f"{where}: {written}: add it to docs/reference.md"
        ours = {text for text in texts(path) if re.fullmatch(r"_?RUSHES_[A-Z_]+", text)}
        assert ours <= known, f"{where}: add it to docs/reference.md"


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
    topics = ("environment", "completion")
    helped = "".join(CliRunner().invoke(group(), ["help", topic]).stdout for topic in topics)
    read = set().union(*map(texts, SOURCES_OF_THE_COMMAND_LINE))
    ours = {name for name in documented() if "RUSHES" in name} & read
    others = {"RUSHES_SNAPSHOT"}  # an author's
    others |= {"_RUSHES_KIT_RESULTS", "_RUSHES_KIT_VARIANTS"}  # set for a process of our own
    assert ours - others <= set(re.findall(r"\w+", helped))
