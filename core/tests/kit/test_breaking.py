"""The examples that the kit makes for rules of the vocabulary, and what it says if it cannot."""

from pathlib import Path
from typing import Any

import pytest
from kit_toy import Toy, failures, fine_is_short, kit, long_may_drift
from msgspec import Struct, structs
from rushes import Image, Note, Problem, Request
from rushes._vocabulary import shapes
from rushes._vocabulary.rule import ShapeRule
from rushes.rules import Finding
from rushes.testing import check
from rushes.testing._breaking import attempts
from rushes.vocabulary import (
    accepts,
    adds_up,
    all_of,
    any_of,
    at_most,
    by_default,
    cited,
    each,
    equals,
    given,
    has,
    needs,
    not_together,
    remark,
    required,
    sent,
)

BASE = {"model": "toy", "prompt": "k"}
EVERY = "test_every_rule_has_an_example_of_its_own"
MATRIX = "test_what_the_matrix_lists_is_accepted"


def with_rules(folder: Path, *rules: Any, **parts: Any) -> Any:
    """Return a kit for the toy with other rules, of which none is listed."""
    attributes = {"rejected": {}, "noted": {}, "accepted": [BASE], **parts}
    return kit(folder, Toy(rules=rules), **attributes)


RULES = {
    "needs": needs(("loop", "scenes"), equals("quality", "fine")),
    "needs any": needs("loop", any_of("start", "scenes")),
    "needs an item": needs("start", has("scenes", "prompt", "k")),
    "not_together": not_together("loop", given("start", "scenes")),
    "not with a kind": not_together(has("scenes", "prompt", "k"), sent("loop")),
    "required when": required("start", when=all_of("loop", equals("quality", "fine"))),
    "required unless": required("scenes", unless=sent("loop")),
    "accepts": accepts("seconds", (4, 8), when="loop"),
    "at_most": at_most(1, has("scenes", "prompt", "k")),
    "each": each("scenes", accepts("seconds", (2, 3), when="prompt")),
    "adds_up": adds_up("scenes[].seconds", to="seconds", when="loop"),
    "adds_up, as a note": adds_up("scenes[].seconds", to="seconds", notes=True),
    "within an object": needs("options.avoid", "loop"),
    "cited": cited("scenes[].prompt", "#{}", within=("prompt",)),
    "remark": remark("quality", "is a matter of taste", when="loop"),
    "by_default": by_default("loop", "the video does not loop"),
}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_is_broken_alone_by_what_the_kit_makes(tmp_path: Path, rule: Any) -> None:
    accepted = [{**BASE, "loop": True}] if rule is RULES["required unless"] else [BASE]
    made = with_rules(tmp_path, rule, accepted=accepted)
    ((name, examples),) = made.rule_examples.items()
    assert examples
    for example in examples:
        report = check(made.loaded(), Request(extra=example))
        found: list[Problem | Note] = [*report.problems, *report.notes]
        assert {finding.code for finding in found} == {name}
    assert not failures(made, EVERY)


def test_every_shape_can_be_broken() -> None:
    kinds = {kind for kind in vars(shapes).values() if isinstance(kind, type)}
    known = {kind for kind in kinds if issubclass(kind, shapes.Shape)} - {shapes.Shape}
    assert len(known) == 11
    assert known <= set(attempts.registry)


def test_both_of_two_fields_are_tried(tmp_path: Path) -> None:
    examples = with_rules(tmp_path, RULES["needs"]).rule_examples["loop_needs_quality_fine"]
    assert examples == [{**BASE, "loop": True}, {**BASE, "scenes": [{"prompt": "k"}]}]


def test_values_of_other_accepted_payloads_are_tried_first(tmp_path: Path) -> None:
    accepted = [BASE, {**BASE, "loop": True, "start": "https://kites.example/1.png"}]
    made = with_rules(tmp_path, needs("start", "loop"), accepted=accepted)
    start = "https://kites.example/1.png"
    assert made.rule_examples["start_needs_loop"] == [{**BASE, "start": start}]


def test_a_rule_that_none_breaks_alone_is_told(tmp_path: Path) -> None:
    twice = needs("start", "loop"), needs("start", "loop", name="again")
    said = failures(with_rules(tmp_path, *twice), EVERY)[EVERY]
    assert "toy/clips: the kit cannot make a payload that only the rule 'start_needs_loop'" in said
    assert "list one in `rejected`" in said


def test_a_list_replaces_what_the_kit_makes(tmp_path: Path) -> None:
    listed = {**BASE, "start": "https://kites.example/2.png"}
    rule = needs("start", "loop")
    made = with_rules(tmp_path, rule, rejected={"start_needs_loop": listed})
    assert made.rule_examples == {"start_needs_loop": [listed]}
    said = failures(with_rules(tmp_path, rule, rejected={"start_needs_loop": BASE}), EVERY)[EVERY]
    assert "the example of the rule 'start_needs_loop' is rejected by no rule" in said


def test_each_of_several_examples_is_tried(tmp_path: Path) -> None:
    fine = {**BASE, "quality": "fine"}
    rules = fine_is_short, long_may_drift
    parts: dict[str, Any] = {"noted": {"long_may_drift": {**BASE, "seconds": 12}}}
    for last, fails in ((10, False), (8, True)):
        listed = [{**fine, "seconds": 9}, {**fine, "seconds": last}]
        made = with_rules(tmp_path, *rules, rejected={"fine_is_short": listed}, **parts)
        assert bool(failures(made, EVERY)) is fails


class Misplaced(shapes.Needs, frozen=True):
    """A shape that blames the field that is missing."""

    def bind(self, struct: type[Struct]) -> shapes.Parts:
        parts = super().bind(struct)
        return structs.replace(parts, find=lambda *_: [Finding("loop", "is not given")])


def test_a_finding_elsewhere_is_detected(tmp_path: Path) -> None:
    rule = needs("start", "loop")
    assert isinstance(rule, ShapeRule)
    assert isinstance(rule.shape, shapes.Needs)
    moved = structs.replace(rule, shape=Misplaced(rule.shape.what, rule.shape.other))
    said = failures(with_rules(tmp_path, moved), EVERY)[EVERY]
    assert "toy/clips: the rule 'start_needs_loop' blames loop, but is about start" in said


def test_a_value_of_the_matrix_that_is_never_accepted_is_told(tmp_path: Path) -> None:
    never = accepts("quality", ("fast",), when="prompt", says="Fine is sold out.")
    said = failures(with_rules(tmp_path, never), MATRIX)[MATRIX]
    assert said.startswith("AssertionError: toy/clips: the matrix lists '1080p' for `resolution`")
    assert "Fine is sold out." in said


def test_a_value_that_needs_another_field_is_found(tmp_path: Path) -> None:
    rule = needs(equals("quality", "fine"), "start")
    assert not failures(with_rules(tmp_path, rule), MATRIX)
    picture = Image("https://kites.example/1.png", "first_frame")
    accepted = [BASE, Request("k", images=[picture], resolution="1080p")]
    assert not failures(with_rules(tmp_path, rule, accepted=accepted), MATRIX)
