"""One Hypothesis profile decides which examples a property gets, and how many."""

import ast
from collections.abc import Iterator
from pathlib import Path

from hypothesis import settings

ROOT = Path(__file__).parents[2]


def files_with_settings() -> Iterator[tuple[Path, str]]:
    """Yield every file of our tests that calls something `settings`, with its text."""
    for folder in ("core/tests", "plugins", "contrib", "tests"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            if "tests" in path.parts and "settings(" in text:
                yield path.relative_to(ROOT), text


def test_no_property_overrides_the_profile() -> None:
    for path, text in files_with_settings():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "settings":
                where = f"{path}, line {node.lineno}"
                given = {word.arg: word.value for word in node.keywords}
                assert not given.keys() & {"deadline", "derandomize", "database"}, where
                number = given.get("max_examples")
                assert not isinstance(number, ast.Constant), (
                    f"{where}: give a multiple of the profile's number"
                )


def test_one_of_our_profiles_is_in_force() -> None:
    assert settings.get_current_profile_name() in ("guard", "search")
