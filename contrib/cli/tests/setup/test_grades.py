"""`rushes plugins --grade`: computed here, kept for what was graded, shown for nothing else."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from acme_plugin import PLUGIN, PROTOCOL, on_the_path
from cli_runs import distribution, inside
from rushes_cli._plugins import grading
from rushes_cli._plugins.grades import Check, Grade
from rushes_cli._plugins.kit_run import KitResult, run_kit

KIT = """
from rushes.testing import VariantConformance
from acme_sound import sound, variant

class TestSound(VariantConformance):
    plugin = sound
    accepted = ({"model": "sound", "prompt": "A red kite"},)

class TestAnother(TestSound):
    plugin = variant("sound")  # equal to the installed one, and not it

class TestNothing:
    def test_nothing(self):
        raise AssertionError("it is not a kit")
"""


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Path]:
    """Install a plugin from a source folder with a kit; no faults are tried."""
    folder = tmp_path / "site"
    distribution(
        folder,
        "rushes-acme",
        "[rushes]\nacme.sound = acme_sound:sound\n"
        "[rushes.sandboxes]\nacme = acme_stand_in:protocol\n"
        "[rushes.trials]\nfaults = acme_faults:run\n",
        acme_sound=PLUGIN,
        acme_stand_in=PROTOCOL,
        acme_faults="found = {'drop': None}\ndef run(variant, payload, tell):\n    return found\n",
    )
    tests = tmp_path / "source" / "tests"
    tests.mkdir(parents=True)
    (tests / "test_kit.py").write_text(KIT)
    noted = {"url": (tmp_path / "source").as_uri(), "dir_info": {"editable": True}}
    (folder / "rushes_acme-1.0.dist-info" / "direct_url.json").write_text(json.dumps(noted))
    with on_the_path(folder, "rushes-acme"):
        yield folder


Results = dict[str, list[KitResult]]


@pytest.fixture
def kit(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that replaces the run of the kit, which takes seconds, by results."""

    def replace(*outcomes: str) -> None:
        results = [KitResult("acme/sound", f"test_{n}", word) for n, word in enumerate(outcomes)]
        answer: tuple[Results, str] = ({"acme/sound": results} if results else {}, "nothing ran")
        monkeypatch.setattr(grading, "run_kit", lambda folder, variants: answer)

    return replace


REPLACED = """
import os

class TestReplaced(TestSound):
    overrides = {"test_building_is_pure": "its prices are drawn"}

    def test_building_is_pure(self):
        pass

    def test_last(self):
        LAST
"""


def graded(*arguments: str) -> tuple[str, dict[str, str]]:
    """Grade the plugin; return its grade, and what was found by the name of each check."""
    run = inside("plugins", "--grade", "acme", "--json", *arguments)
    assert run.code == 0, run
    ((found),) = json.loads(run.out)
    return found["grade"], {check["name"]: check["words"] for check in found["checks"]}


def listed() -> str | None:
    (found,) = (one for one in json.loads(inside("plugins", "--json").out) if one["group"])
    grade: str | None = found["grade"]
    return grade


@pytest.mark.usefixtures("installed")
def test_a_grade_is_what_was_found(
    installed: Path, tmp_path: Path, kit: Callable[..., None]
) -> None:
    import importlib

    kit("passed", "failed")
    assert graded() == ("none", {"kit": "1 of 2 tests fail: test_1"})
    kit()
    assert graded() == ("none", {"kit": "nothing ran"})
    kit("skipped")
    assert graded()[0] == "none"
    kit("passed", "skipped")
    grade, found = graded()
    assert (grade, found["kit"]) == ("silver", "1 tests pass, 1 do not apply")
    assert found["recorded live answers"] == "none"
    assert (found["prices"], found["webhook"]) == (
        "with their date",
        "it has no hook parse_webhook",
    )
    faults = importlib.import_module("acme_faults")
    faults.found["drop"] = "it was paid 2 times"
    grade, found = graded()
    assert (grade, found["faults"]) == ("bronze", "1 of 1: drop: it was paid 2 times")


@pytest.mark.usefixtures("installed")
def test_it_is_shown_until_something_changes(
    installed: Path, monkeypatch: pytest.MonkeyPatch, kit: Callable[..., None]
) -> None:
    kit("passed")
    assert listed() is None
    assert graded()[0] == listed() == "silver"
    assert " silver" in inside("plugins").out
    source = installed / "acme_sound.py"
    text = source.read_text()
    source.write_text(text + "\n# changed\n")
    assert listed() is None
    source.write_text(text)
    assert listed() == "silver"
    import rushes

    monkeypatch.setattr(rushes, "__version__", "9.9.9")  # it brings the kit
    assert listed() is None


@pytest.mark.usefixtures("installed")
def test_without_tests_there_is_no_grade(installed: Path, tmp_path: Path) -> None:
    (installed / "rushes_acme-1.0.dist-info" / "direct_url.json").unlink()
    grade, found = graded()
    assert grade == "none"
    assert found["kit"].startswith("its kit was not found: it was installed without its tests")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert graded("--tests", str(empty))[1]["kit"].endswith("has a VariantConformance")


def test_a_damaged_file_of_grades_is_as_good_as_none(home: Path) -> None:
    home.mkdir()
    (home / "grades.json").write_text("{]")
    assert inside("plugins").code == 0


def test_a_level_takes_all_below_it() -> None:
    def level(**passed: bool) -> str:
        checks = tuple(Check(name, name, so, "") for name, so in passed.items())
        return Grade("acme/sound", "2026-11-22", checks).level

    assert level(bronze=True, silver=True, gold=True) == "gold"
    assert level(bronze=True, silver=False, gold=True) == "bronze"
    assert level(bronze=True) == "bronze"
    assert level(silver=True, gold=True) == "none"
    assert level() == "none"


@pytest.mark.usefixtures("installed")
def test_the_kit_is_run_on_what_is_installed(tmp_path: Path) -> None:
    """One of its tests is enough here: which are run is pytest's business."""
    one = {"PYTEST_ADDOPTS": "-k test_the_snapshot_matches"}
    found, words = run_kit(tmp_path / "source" / "tests", ["acme/sound", "acme/other"], one)
    assert [*found] == ["acme/sound"], words
    outcomes = {result.test: result.outcome for result in found["acme/sound"]}
    assert outcomes["test_the_snapshot_matches"] == "failed"
    (failed,) = (one for one in found["acme/sound"] if one.outcome == "failed")
    assert "is missing; write it with RUSHES_SNAPSHOT=write" in failed.words


@pytest.mark.usefixtures("installed")
def test_a_kit_that_ends_early_proves_nothing(tmp_path: Path) -> None:
    """A plugin's code runs in the process of its kit, and may end it with any code."""
    tests = tmp_path / "source" / "tests"
    few = {"PYTEST_ADDOPTS": "-k 'TestReplaced and (building_is_pure or test_last)'"}
    (tests / "test_kit.py").write_text(KIT + REPLACED.replace("LAST", "os._exit(0)"))
    assert run_kit(tests, ["acme/sound"], few) == (
        {},
        "the kit did not come to its end (exit 0)",
    )
    (tests / "test_kit.py").write_text(KIT + REPLACED.replace("LAST", "pass"))
    found, words = run_kit(tests, ["acme/sound"], few)
    results = found["acme/sound"]
    assert {one.test: one.outcome for one in results} == {
        "test_building_is_pure": "passed",
        "test_last": "passed",
    }
    assert grading._kit(results, words).words == (
        "2 tests pass, 0 do not apply; test_building_is_pure is the author's: its prices are drawn"
    )


@pytest.mark.usefixtures("installed")
def test_the_environment_cannot_leave_tests_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "--version")
    found, words = run_kit(tmp_path / "source" / "tests", ["acme/other"])
    assert (found, "deselected" in words) == ({}, True), words


@pytest.mark.usefixtures("installed")
def test_why_a_kit_cannot_be_collected_is_told(tmp_path: Path) -> None:
    tests = tmp_path / "source" / "tests"
    wrong = "class TestWrong(TestSound):\n    overrides = {'test_building_is_pure': 'it is not'}\n"
    (tests / "test_kit.py").write_text(f"{KIT}\n{wrong}")
    assert run_kit(tests, ["acme/sound"]) == (
        {},
        "TypeError: TestWrong gives reasons for test_building_is_pure, but does not override them",
    )


@pytest.mark.usefixtures("installed")
def test_a_protocol_that_is_broken_is_a_reason(installed: Path, kit: Callable[..., None]) -> None:
    kit("passed")
    (installed / "acme_faults.py").write_text(
        "def run(variant, payload, tell):\n    raise LookupError('no such endpoint')\n"
    )
    grade, found = graded()
    assert grade == "bronze"
    assert found["faults"] == "they were not tried: LookupError: no such endpoint"
    (installed / "acme_stand_in.py").write_text("raise RuntimeError('no page')\n")
    sys.modules.pop("acme_stand_in", None)
    grade, found = graded()
    assert grade == "bronze"
    assert found["sandbox protocol"].endswith("its import raised RuntimeError: no page")
