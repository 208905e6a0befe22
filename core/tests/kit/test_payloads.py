"""The kit on plugins that check payloads wrongly: each fails the test meant for it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from kit_toy import (
    PAGE,
    TESTS,
    Payload,
    Toy,
    failures,
    fine_is_short,
    kit,
    long_may_drift,
    loop_without_scenes,
    write_snapshot,
)
from msgspec import Meta, Struct, structs
from rushes import Draft, Note, Problem, Request, Source, Text, To, Variant, absent, hookimpl, rule

BASE = {"model": "toy", "prompt": "k"}
RULES = (fine_is_short, loop_without_scenes, long_may_drift)


def test_a_correct_plugin_passes_every_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = kit(tmp_path)
    write_snapshot(monkeypatch, toy)
    assert len(TESTS) > 25
    assert failures(toy) == {}


class Mapping(Toy):
    """Changes the draft that the mapping makes."""

    def change(self, draft: Draft, request: Request) -> None:
        raise NotImplementedError

    @hookimpl
    def build_payload(self, variant: Variant, request: Request) -> Draft:
        draft = super().build_payload(variant, request)
        self.change(draft, request)
        return draft


class RaisesOnOddJson(Mapping):
    def change(self, draft: Draft, request: Request) -> None:
        draft.body.get("quality", "").strip()


class RaisesOnRequests(Mapping):
    def change(self, draft: Draft, request: Request) -> None:
        if request.seed is not None:
            raise KeyError("seed")


class EnforcesNoBound(Mapping):
    def change(self, draft: Draft, request: Request) -> None:
        if draft.body.get("seconds") == 13:
            draft.body["seconds"] = 12


class RefusesABound(Mapping):
    def change(self, draft: Draft, request: Request) -> None:
        if draft.body.get("seconds") == 2:
            draft.problem("seconds", "too_short", "is too short for us")


class DropsUnknownFields(Mapping):
    def change(self, draft: Draft, request: Request) -> None:
        draft.body.pop("odd_field", None)


class DropsUnknownInner(Mapping):
    def change(self, draft: Draft, request: Request) -> None:
        scenes = draft.body.get("scenes")
        if isinstance(scenes, list):
            keys = ("prompt", "seconds")
            draft.body["scenes"] = [
                {k: s[k] for k in keys if k in s} if isinstance(s, dict) else s for s in scenes
            ]


class LaxScene(Struct, kw_only=True):
    prompt: Text


class LaxPayload(Payload, kw_only=True, forbid_unknown_fields=True):
    scenes: Annotated[list[LaxScene], Meta(max_length=3)] = absent([])  # type: ignore[assignment]


class NeverEqual(Payload, kw_only=True, forbid_unknown_fields=True):
    def __post_init__(self) -> None:
        self.prompt += "."


@rule("A rule that raises.", fields=("scenes",), source=PAGE)
def raises(payload: Payload) -> bool:
    return payload.scenes[0].prompt != "no"


@rule("Nobody gave an example.", fields=("prompt",), source=PAGE)
def without_example(payload: Payload) -> bool:
    return payload.prompt != "never"


@rule("Fine quality is short, said twice.", fields=("quality", "seconds"), source=PAGE)
def fine_again(payload: Payload) -> bool:
    return payload.quality == "fast" or payload.seconds <= 8


class Shouts(Toy):
    """Changes a native prompt without a note."""

    @hookimpl
    def build_payload(self, variant: Variant, request: Request) -> Draft:
        draft = super().build_payload(variant, request)
        if isinstance(draft.body.get("prompt"), str):
            draft.body["prompt"] = draft.body["prompt"].upper()
        return draft


class QuotesAll(Toy):
    """Quotes the value of a field without escaping it."""

    @hookimpl
    def build_payload(self, variant: Variant, request: Request) -> Draft:
        draft = super().build_payload(variant, request)
        prompt = draft.body.get("prompt")
        if isinstance(prompt, str):
            draft.problem("prompt", "odd", f"is not about kites: {prompt}")
        return draft


class QuotesInNotes(Toy):
    """Quotes a field as it stands in a note."""

    @hookimpl
    def build_payload(self, variant: Variant, request: Request) -> Draft:
        draft = super().build_payload(variant, request)
        prompt = draft.body.get("prompt")
        if isinstance(prompt, str):
            draft.note("prompt", "odd", f"may not be about kites: {prompt}")
        return draft


@rule("A tag in the prompt is sent unchanged.", fields=("prompt",), source=PAGE)
def tags_pass(payload: Payload) -> Iterator[Note]:
    for tag in re.findall("#(.+)#", payload.prompt):
        yield Note(path="prompt", code="tags_pass", message=f"#{tag}# is sent unchanged")


class Meddles(Toy):
    """Modifies the payload that it was given."""

    @hookimpl
    def build_payload(self, variant: Variant, request: Request) -> Draft:
        extra: Any = request.extra
        extra["quality"] = "fast"
        return super().build_payload(variant, request)


@rule("A field that is not there.", fields=("second",), source=PAGE)
def of_unknown_field(payload: Payload) -> bool:
    return payload.seconds != 99


FINE = {**BASE, "quality": "fine", "seconds": 9}
BROKEN: list[tuple[str, dict[str, Any], str, str]] = [
    ("raises on odd JSON", {"plugin": RaisesOnOddJson()}, "check_is_total_for_native", "strip"),
    ("raises on a request", {"plugin": RaisesOnRequests()}, "check_is_total_for_requests", "seed"),
    (
        "no bound",
        {"plugin": EnforcesNoBound()},
        "every_bound",
        "toy/clips: 13 was accepted for `seconds`, which is declared as: whole number",
    ),
    (
        "a bound within",
        {"plugin": RefusesABound()},
        "every_bound",
        "2 was refused for `seconds`, which is declared as: whole number, 2 to 12",
    ),
    ("changed in silence", {"plugin": Shouts()}, "what_is_accepted", "is sent as 'K"),
    (
        "quoted as it stands",
        {"plugin": QuotesAll()},
        "messages",
        "the message of 'odd' at 'prompt' is not printable",
    ),
    (
        "quoted in a note",
        {"plugin": QuotesInNotes()},
        "messages",
        "the message of 'odd' at 'prompt' is not printable",
    ),
    (
        "quoted within an example",
        {
            "plugin": Toy(rules=(*RULES, tags_pass)),
            "noted": {"tags_pass": {**BASE, "prompt": "k #fog#"}},
        },
        "messages",
        "the message of 'tags_pass' at 'prompt' is not printable",
    ),
    ("written into", {"plugin": Meddles()}, "check_is_total_for_native", "is changed by checking"),
    ("unknown field", {"plugin": DropsUnknownFields()}, "unknown_fields", "odd_field"),
    ("unknown inner field", {"plugin": DropsUnknownInner()}, "unknown_fields", "scenes[0].odd"),
    (
        "open by neglect",
        {"plugin": Toy(payload=LaxPayload)},
        "unknown_fields",
        "LaxScene, the struct of scenes[], drops unknown fields",
    ),
    (
        "not itself",
        {"plugin": Toy(payload=NeverEqual)},
        "what_is_accepted",
        "not the same when it is read back",
    ),
    (
        "a rule raises",
        {"plugin": Toy(rules=(*RULES, raises))},
        "the_examples_are_accepted",
        "the rule raises raised IndexError",
    ),
    (
        "no example",
        {"plugin": Toy(rules=(*RULES, without_example))},
        "every_rule",
        "list a request that only the rule 'without_example' rejects in `rejected`",
    ),
    (
        "an example of no rule",
        {"rejected": {"gone": BASE}, "noted": {}, "plugin": Toy(rules=())},
        "every_rule",
        "no rule is called 'gone', and `build_payload` finds no problem in its example",
    ),
    (
        "one example for two",
        {
            "plugin": Toy(rules=(*RULES, fine_again)),
            "rejected": {
                "fine_is_short": FINE,
                "fine_again": FINE,
                "loop_without_scenes": {**BASE, "loop": True, "scenes": [{"prompt": "l"}]},
            },
        },
        "every_rule",
        "the example of the rule 'fine_is_short' is rejected by fine_again, fine_is_short",
    ),
    (
        "an example refused",
        {"accepted": [BASE, {**BASE, "seconds": 1}]},
        "the_examples_are_accepted",
        "seconds",
    ),
    (
        "the sandbox objects",
        {"validator": lambda self: lambda *a, **k: ["no"]},
        "the_sandbox_agrees",
        "the check accepts what the sandbox refuses",
    ),
    (
        "the sandbox lets pass",
        {"validator": lambda self: lambda *a, **k: []},
        "the_sandbox_agrees",
        "the check refuses what the sandbox accepts",
    ),
    (
        "one name twice",
        {"plugin": Toy(rules=(*RULES, structs.replace(long_may_drift)))},
        "the_declaration",
        "two of its rules are called 'long_may_drift'",
    ),
    (
        "a field misspelt",
        {"plugin": Toy(rules=(*RULES, of_unknown_field))},
        "the_declaration",
        "its rule 'of_unknown_field': the payload has no field 'second' (nearest: 'seconds')",
    ),
    (
        "a place misspelt",
        {"plugin": Toy(fields={"prompt": To("promt")})},
        "the_declaration",
        "fields['prompt']: the payload has no field 'promt' (nearest: 'prompt')",
    ),
    ("no id", {"plugin": Toy(status_path="/v2/clips")}, "the_declaration", "{id}"),
]


@pytest.mark.parametrize(("parts", "test", "says"), [b[1:] for b in BROKEN],
                         ids=[b[0] for b in BROKEN])  # fmt: skip
def test_a_broken_plugin_is_detected(
    tmp_path: Path, parts: dict[str, Any], test: str, says: str
) -> None:
    name = next(name for name in TESTS if name.startswith((f"test_{test}", f"test_the_{test}")))
    found = failures(kit(tmp_path, **parts), name)
    assert says in found.get(name, "NOTHING FAILED")


class Telling(Mapping):
    """Reports a problem of its own."""

    def __init__(self, **changes: Any) -> None:
        super().__init__()
        self.changes = changes

    def change(self, draft: Draft, request: Request) -> None:
        if draft.body.get("quality") not in (None, "fast", "fine"):
            given = {"path": "quality", "code": "odd", "message": "is no quality of ours",
                     "source": PAGE, "accepted": ["fast", "fine"]}  # fmt: skip
            draft.problems.append(Problem(**{**given, **self.changes}))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"source": None}, "has no source"),
        ({"source": Source("A page", "http://docs.toy.example")}, "not a page"),
        ({"message": "wrong"}, "not a sentence"),
        ({"path": ""}, "has no path"),
        ({"path": "qualty"}, "no such field"),
        ({"code": "not a code"}, "not an identifier"),
        ({"accepted": []}, "nothing is accepted"),
        ({"accepted": None}, "the accepted values are not listed: ['fast', 'fine']"),
        (
            {"accepted": ["fast", "fine", "best"]},
            "'best' is listed as accepted for `quality`, but refused",
        ),
        ({"accepted": ["fine", "fast"]}, "the nearest value is not listed first"),
    ],
)
def test_a_problem_that_cannot_be_acted_on_is_detected(
    tmp_path: Path, changes: dict[str, Any], says: str
) -> None:
    found = failures(kit(tmp_path, Telling(**changes)), "test_problems_can_be_acted_on")
    assert says in found.get("test_problems_can_be_acted_on", "NOTHING FAILED")


def test_problems_of_requests_are_checked_too(tmp_path: Path) -> None:
    class Silent(Mapping):
        def change(self, draft: Draft, request: Request) -> None:
            if request.guidance is not None:
                draft.take("guidance")
                draft.problems.append(Problem(path="guidance", code="no", message="is not taken"))

    found = failures(kit(tmp_path, Silent()), "test_problems_can_be_acted_on")
    assert "the problem 'no' at 'guidance' has no source" in found["test_problems_can_be_acted_on"]


def test_two_notes_that_no_example_distinguishes_are_detected(tmp_path: Path) -> None:
    @rule("A long clip may drift, too.", fields=("seconds",), source=PAGE)
    def drifts_again(payload: Payload) -> Iterator[Any]:
        for note in long_may_drift.judge(payload, payload):
            yield structs.replace(note, code="drifts_again")

    long = {**BASE, "seconds": 12}
    noted = {"long_may_drift": long, "drifts_again": long}
    plugin = Toy(rules=(*RULES, drifts_again))
    found = failures(
        kit(tmp_path, plugin, noted=noted), "test_every_rule_has_an_example_of_its_own"
    )
    said = found["test_every_rule_has_an_example_of_its_own"]
    assert "the rule 'long_may_drift' is noted by drifts_again, long_may_drift" in said
