"""The names of the package: a misspelt one is an error (tests/typechecking checks the types)."""

import ast
from pathlib import Path

import pytest


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
