"""One Hypothesis profile decides which examples a property gets, and how many."""

import ast
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[2]
TESTS = [
    path
    for folder in ("core/tests", "plugins", "contrib", "tests")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "hypothesis" in path.read_text(encoding="utf-8") and "tests" in path.parts
]


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_property_overrides_the_profile(path: Path) -> None:
    calls = (
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "settings"
    )
    for call in calls:
        given = {word.arg: word.value for word in call.keywords}
        assert not given.keys() & {"deadline", "derandomize", "database"}, f"line {call.lineno}"
        number = given.get("max_examples")
        assert not isinstance(number, ast.Constant), (
            f"line {call.lineno}: give a multiple of the profile's number"
        )


def test_one_of_our_profiles_is_in_force() -> None:
    assert settings.get_current_profile_name() in ("guard", "search")
