"""Using the kit: its snapshot, overrides of its tests, and a run by pytest."""

import json
from pathlib import Path
from typing import Annotated, Any

import pytest
from kit_toy import TESTS, Payload, Toy, failures, kit, write_snapshot
from msgspec import Meta
from rushes import absent
from rushes.testing import VariantConformance

pytest_plugins = ["pytester"]
SNAPSHOT = "test_the_snapshot_matches"


def test_a_missing_snapshot_says_how_to_write_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = kit(tmp_path / "snapshots")
    found = failures(toy, SNAPSHOT)
    assert "toy-clips.json is missing" in found[SNAPSHOT]
    assert "RUSHES_SNAPSHOT=write pytest" in found[SNAPSHOT]
    assert not (tmp_path / "snapshots").exists()
    write_snapshot(monkeypatch, toy)
    assert not failures(toy, SNAPSHOT)


def test_a_changed_bound_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Longer(Payload, kw_only=True, forbid_unknown_fields=True):
        seconds: Annotated[int, Meta(ge=2, le=13)] = absent(4)

    write_snapshot(monkeypatch, kit(tmp_path))
    before = (tmp_path / "toy-clips.json").read_bytes()
    longer = kit(tmp_path, Toy(payload=Longer))
    found = failures(longer, SNAPSHOT)
    assert "schema.properties.seconds.maximum: was 12, is now 13" in found[SNAPSHOT]
    assert (tmp_path / "toy-clips.json").read_bytes() == before
    write_snapshot(monkeypatch, longer)
    assert not failures(longer, SNAPSHOT)
    assert json.loads(before)["schema"]["properties"]["seconds"]["maximum"] == 12


@pytest.mark.parametrize(
    "changes",
    [
        {"idempotency": "reject"},
        {"submit_path": "/v2/clip"},
        {"rules": ()},
        {"fields": {"prompt": Toy().declaration.fields["prompt"]}},
    ],
)
def test_any_change_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    write_snapshot(monkeypatch, kit(tmp_path))
    assert ", is now " in failures(kit(tmp_path, Toy(**changes)), SNAPSHOT)[SNAPSHOT]


def test_of_many_differences_some_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_snapshot(monkeypatch, kit(tmp_path))
    found = failures(kit(tmp_path, Toy(fields={})), SNAPSHOT)[SNAPSHOT]
    assert found.count(", is now ") == 20
    assert "more; once it is rewritten" in found


def override(self: Any) -> None:
    """Replace a test of the kit."""


class Mixin:
    """A mixin that overrides a test."""

    test_building_is_pure = override


@pytest.mark.parametrize(
    ("bases", "parts", "says"),
    [
        ((), {"test_building_is_pure": override}, "test_building_is_pure; give the reason"),
        ((), {"test_building_is_pure": None}, "test_building_is_pure; give the reason"),
        ((Mixin,), {}, "test_building_is_pure; give the reason"),
        ((), {"test_building_is_pure": override, "overrides": {"test_building_is_pure": " "}},
         "test_building_is_pure; give the reason"),
        ((), {"overrides": {"test_building": "it was renamed"}}, "does not override them"),
    ],
)  # fmt: skip
def test_no_test_is_overridden_without_a_reason(
    bases: tuple[type, ...], parts: dict[str, Any], says: str
) -> None:
    with pytest.raises(TypeError, match=says):
        type("Silent", (*bases, VariantConformance), {"__test__": False, **parts})


def test_a_test_may_be_overridden_with_a_reason(tmp_path: Path) -> None:
    reasons = {"test_building_is_pure": "the key is in the body"}
    parts = {"test_building_is_pure": override, "overrides": reasons}
    overriding = kit(tmp_path, **parts)
    assert not failures(overriding, "test_building_is_pure")
    heir: Any = type("Heir", (type(overriding),), {"__test__": False})
    assert heir.test_building_is_pure is override


BROKEN = {
    "NoBound": (
        "test_every_bound_is_tight",
        "toy/clips: 13 was accepted for `seconds`, which is declared as: whole number, 2 to 12",
    ),
    "Raises": (
        "test_check_is_total_for_native_payloads",
        "toy/clips: the hook build_payload raised AttributeError: 'NoneType' object has no "
        "attribute 'strip' (test_broken.py, line ",
    ),
    "Shouts": (
        "test_what_is_accepted_can_be_sent",
        "toy/clips: `prompt` = 'k' is sent as 'K', and no note says so",
    ),
    "Counts": (
        "test_parsing_is_total",
        "toy/clips: the hook parse_status raised IndexError: two were expected",
    ),
}


def test_a_failure_begins_with_one_sentence_for_the_author(pytester: pytest.Pytester) -> None:
    here = Path(__file__).parents[1]
    pytester.makepyfile(
        test_broken=f"""
        import sys
        sys.path.insert(0, {str(here)!r})
        import kit_toy
        from rushes import hookimpl

        class Changed(kit_toy.Toy):
            @hookimpl
            def build_payload(self, variant, request):
                draft = super().build_payload(variant, request)
                self.change(draft.body)
                return draft

        class LongToy(Changed):
            def change(self, body):
                if body.get("seconds") == 13:
                    body["seconds"] = 12

        class StrippingToy(Changed):
            def change(self, body):
                if "quality" in body:
                    body.get("none").strip()

        class LoudToy(Changed):
            def change(self, body):
                if isinstance(body.get("prompt"), str):
                    body["prompt"] = body["prompt"].upper()

        class CountingToy(kit_toy.Toy):
            @hookimpl
            def parse_status(self, answer):
                if not isinstance(answer.json(), dict):
                    raise IndexError("two were expected")
                return super().parse_status(answer)

        class TestNoBound(kit_toy.ToyKit):
            __test__ = True
            plugin = LongToy()

        class TestRaises(TestNoBound):
            plugin = StrippingToy()

        class TestShouts(TestNoBound):
            plugin = LoudToy()

        class TestCounts(TestNoBound):
            plugin = CountingToy()
        """
    )
    tests = [f"test_broken.py::Test{name}::{test}" for name, (test, _) in BROKEN.items()]
    run = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests)
    run.assert_outcomes(failed=len(BROKEN))
    for name, (test, sentence) in BROKEN.items():
        begun = run.outlines.index(next(x for x in run.outlines if f" Test{name}.{test} " in x))
        first = next(line for line in run.outlines[begun + 1 :] if line.startswith("E "))
        assert first.startswith(f"E   AssertionError: {sentence}"), first


def test_an_author_runs_it_with_pytest(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Path(__file__).parents[1]
    pytester.makepyfile(
        test_toy=f"""
        import sys
        sys.path.insert(0, {str(here)!r})
        import kit_toy
        from rushes.testing import VariantConformance

        class TestToy(VariantConformance):
            plugin = kit_toy.Toy()
            accepted, noted = kit_toy.ToyKit.accepted, kit_toy.ToyKit.noted
            rejected = {{"fine_is_short": kit_toy.ToyKit.rejected["fine_is_short"]}}
            receipts, words, word_at = kit_toy.ToyKit.receipts, kit_toy.ToyKit.words, "state"
        """
    )
    monkeypatch.setenv("RUSHES_SNAPSHOT", "write")
    run = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider", "-p", "no:xdist")
    run.assert_outcomes(passed=len(TESTS) - 2, failed=1, skipped=1)
    run.stdout.fnmatch_lines(["*the rule 'loop_without_scenes' needs an example: list a request*"])
    assert (pytester.path / "snapshots" / "toy-clips.json").exists()
