"""What a type checker sees of the package: a name that is misspelt is an error."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """\
import rushes_compare
from rushes_compare import compare, compare_async

compare("A", ["a/b"], max_cost=2, max_tasks=1, prices={"a/b": "1/task"})
rushes_compare.load("c")
"""
MISSPELT = {
    "rushes_compare.BugetError": 'has no attribute "BugetError"',
    "compare('A', max_csot=2)": 'argument "max_csot"',
    "coroutine = compare_async('A', max_csot=2)": 'argument "max_csot"',
    "compare('A', max_cost='2')": "max_cost",
}


def test_misspelt_names_are_errors(tmp_path: Path) -> None:
    (tmp_path / "right.py").write_text(PROGRAM)
    (tmp_path / "wrong.py").write_text("\n".join([PROGRAM, *MISSPELT]))
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "right.py", "wrong.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    first = PROGRAM.count("\n") + 2
    found = dict(re.findall(r"^(wrong\.py:\d+): error: (.*)", done.stdout, re.MULTILINE))
    assert "right.py:" not in done.stdout
    for number, words in enumerate(MISSPELT.values(), first):
        assert words in found.pop(f"wrong.py:{number}"), done.stdout
    assert found == {}
    assert done.returncode == 1


def test_a_missing_name_is_an_error_at_run_time_too() -> None:
    import rushes_compare

    with pytest.raises(AttributeError, match="BugetError"):
        _ = rushes_compare.BugetError  # type: ignore[attr-defined]
    for name in vars(rushes_compare)["__all__"]:
        assert getattr(rushes_compare, name)


def test_type_checkers_and_programs_see_the_same_names() -> None:
    """They are written down twice: as imports for the one, as a table for the other."""
    import rushes_compare

    source = ast.parse(Path(rushes_compare.__file__).read_text())
    (branch,) = (node for node in source.body if isinstance(node, ast.If))
    typed = {
        (node.module, name.name, name.asname)
        for node in branch.body
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }
    homes: dict[str, str] = vars(rushes_compare)["_HOME"]
    assert typed == {(module, name, name) for name, module in homes.items()}
    assert sorted(homes) == vars(rushes_compare)["__all__"]
