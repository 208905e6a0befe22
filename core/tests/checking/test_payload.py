"""Checking a payload: all problems at once, each with path, code, message and accepted values."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from acme_zoom import Payload, Zoom
from rushes import Note, Problem, Report
from rushes._check.checking import judge
from rushes._plugins.calling import LoadedVariant
from rushes._plugins.registry import Registry
from rushes._structs.invalid import INVALID

ZOOM: LoadedVariant = Registry(plugins=[Zoom()]).get("acme/zoom")
OK = {"model": "zoom", "text": "x"}


def problems(**fields: Any) -> list[Problem]:
    """Check a payload that is valid except for these fields."""
    payload, found = judge(ZOOM, {**OK, **fields})
    wrong = [item for item in found if isinstance(item, Problem)]
    assert (payload is None) == bool(wrong)
    return wrong


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("fields", "path", "code", "message", "accepted"),
    [
        ({"text": None}, "text", "null", "leave the field out", None),
        ({"text": ""}, "text", "blank", "must not be blank", None),
        ({"text": " \n\t"}, "text", "blank", "must not be blank", None),
        ({"text": "x" * 101}, "text", "length", "101 characters; at most 100", None),
        ({"text": 5}, "text", "type", "must be text, not 5", None),
        ({"text": ["x"]}, "text", "type", "must be text, not a list", None),
        ({"text": "\ud800"}, "text", "not_json", "a lone surrogate", None),
        ({"quality": "hihg"}, "quality", "choice", "(nearest: high; ", ["high", "low"]),
        ({"quality": 1}, "quality", "type", "must be text", ["low", "high"]),
        ({"seconds": 14}, "seconds", "choice", "nearest: 15; accepted: 5, 10, 15", [15, 10, 5]),
        ({"seconds": 7}, "seconds", "choice", "(nearest: 5", [5, 10, 15]),
        ({"seconds": "10"}, "seconds", "type", "not '10';", [10, 5, 15]),
        ({"seconds": 5.5}, "seconds", "type", "must be a whole number", [5, 10, 15]),
        ({"seconds": 5.0}, "seconds", "type", "must be a whole number", [5, 10, 15]),
        ({"seconds": True}, "seconds", "type", "not true;", [5, 10, 15]),
        ({"fps": 0}, "fps", "range", "(nearest: 1; accepted: 1 to 240)", None),
        ({"fps": 10**400}, "fps", "range", "(nearest: 240; ", None),
        ({"fps": -(10**5000)}, "fps", "not_json", "digits", None),
        ({"zoom": 9}, "zoom", "range", "(nearest: 4; accepted: 0.5 to 4)", None),
        ({"zoom": float("nan")}, "zoom", "not_json", "not a finite number", None),
        ({"zoom": float("-inf")}, "zoom", "not_json", "not a finite number", None),
        ({"zoom": "1"}, "zoom", "type", "must be a number", None),
        ({"loud": 1}, "loud", "type", "must be true or false", [True, False]),
        ({"loud": "true"}, "loud", "type", "must be true or false", [True, False]),
        ({"pictures": "x"}, "pictures", "type", "must be a list, not 'x'", None),
        ({"pictures": [None]}, "pictures[0]", "null", "null", None),
        ({"pictures": ["https://a.b/"] * 4}, "pictures", "length", "at most 3", None),
        ({"pictures": ["data:x"]}, "pictures[0]", "public_url", "begins with data:", None),
        ({"pictures": ["/tmp/x"]}, "pictures[0]", "public_url", "not an http(s)", None),
        ({"pictures": ["http://10.0.0.1/"]}, "pictures[0]", "public_url", "private", None),
        ({"parts": [{}]}, "parts[0].prompt", "missing", "is required by acme/zoom", None),
        ({"parts": [{"prompt": "x", "length": 13}]}, "parts[0].length", "range", "1 to 12",
         list(range(12, 0, -1))),
        ({"parts": [7]}, "parts[0]", "type", "must be an object with ", None),
        ({"look": {"tint": "war"}}, "look.tint", "choice", "nearest: warm", ["warm", "cold"]),
        ({"look": {"tnit": "warm"}}, "look.tnit", "unknown_field", "(nearest: tint)", ["tint"]),
        ({"look": []}, "look", "type", "must be an object with tint, strength, not", None),
        ({"options": {"watermark": 1}}, "options.watermark", "type", "true or false",
         [True, False]),
        ({"options": 3}, "options", "type", "must be an object, not", None),
        ({"options": {"x": float("nan")}}, "options.x", "not_json", "finite", None),
        ({"options": {"x": deep(70)}}, "options.x", "not_json", "64 levels", None),
        ({"options": {"x": deep(20000)}}, "options.x", "not_json", "64 levels", None),
        ({"options": {"x": {1: 2}}}, "options.x", "not_json", "names are text", None),
        ({"options": {"x": {"\udc00": 2}}}, "options.x", "not_json", "surrogate", None),
        ({"options": {"x": b"y"}}, "options.x", "not_json", "JSON cannot express", None),
        ({"ticket": " "}, "ticket", "blank", "must not be blank", None),
        ({"qualty": "low"}, "qualty", "unknown_field", "(nearest: quality)", ["quality"]),
        ({"zzz\x07": 1}, "zzz\\x07", "unknown_field", "no such field", None),
        ({"loud": True}, "loud", "loud_needs_high", "loud needs quality high", None),
    ],
)  # fmt: skip
def test_each_problem(
    fields: dict[str, Any], path: str, code: str, message: str, accepted: list[Any] | None
) -> None:
    (problem,) = problems(**fields)
    assert (problem.path, problem.code) == (path, code)
    assert message in problem.message
    assert (problem.accepted or None) == accepted
    problem.message.encode()
    assert problem.message.isprintable()


def test_a_field_name_that_is_not_text() -> None:
    _, found = judge(ZOOM, {**OK, 7: 1})  # type: ignore[dict-item]
    assert [(p.path, p.code) for p in found if isinstance(p, Problem)] == [("7", "unknown_field")]


def test_all_problems_are_reported_in_field_order() -> None:
    found = problems(
        text="", seconds=7, parts=[{"prompt": ""}, {"length": 0, "x": 1}], look={"tint": 3}, moon=1
    )
    assert [problem.path for problem in found] == [
        "text", "seconds", "parts[0].prompt", "parts[1].prompt", "parts[1].length", "parts[1].x",
        "look.tint", "moon",
    ]  # fmt: skip


def test_required_fields_are_missing() -> None:
    _, found = judge(ZOOM, {})
    assert [(p.path, p.code) for p in found] == [("model", "missing"), ("text", "missing")]


@pytest.mark.parametrize("fields", [{"parts": []}, {"pictures": []}, {"options": {}}, {"look": {}}])
def test_an_empty_list_or_object_counts_as_absent(fields: dict[str, Any]) -> None:
    assert problems(**fields) == []


def test_a_rule_needs_only_its_own_fields_to_be_valid() -> None:
    assert [p.code for p in problems(loud=True, fps=0)] == ["range", "loud_needs_high"]
    assert [p.code for p in problems(loud=True, quality="x")] == ["choice"]
    assert [p.code for p in problems(loud=True, fps=None)] == ["null", "loud_needs_high"]


def test_a_rule_runs_until_it_needs_an_invalid_item() -> None:
    found = problems(parts=[{"prompt": ""}, {"prompt": "b"}])
    assert [(p.path, p.code) for p in found] == [
        ("parts[0].prompt", "blank"),
        ("parts[1].length", "too_long"),
    ]
    for length in ("3", 13, None):
        found = problems(parts=[{"prompt": "a", "length": length}, {"prompt": "b"}])
        assert [p.path for p in found] == ["parts[0].length"]


def test_the_invalid_marker_is_passed_on_and_cannot_be_read() -> None:
    marked: dict[str, Any] = {**OK, "loud": True, "quality": INVALID, "parts": [INVALID], "fps": 0}
    payload, found = judge(ZOOM, marked)
    assert payload is None
    assert [(item.path, item.code) for item in found] == [("fps", "range")]
    assert judge(ZOOM, {**OK, "text": INVALID, "options": {"avoid": INVALID}}) == (None, [])
    assert copy.deepcopy(marked)["quality"] is INVALID
    assert repr(INVALID) == "INVALID"
    reads: list[Callable[[], Any]] = [
        lambda: bool(INVALID), lambda: INVALID == 1, lambda: INVALID != 1, lambda: f"{INVALID}",
        lambda: {INVALID}, lambda: len(INVALID), lambda: [*INVALID], lambda: INVALID + 1,
        lambda: INVALID < 1, lambda: "x" in INVALID, lambda: INVALID in [1, "x"],
    ]  # fmt: skip
    for read in reads:
        with pytest.raises(TypeError):
            read()


def test_a_rule_reads_defaults_of_absent_fields_even_in_lists() -> None:
    found = problems(parts=[{"prompt": "a"}, {"prompt": "b"}])
    assert [p.path for p in found] == ["parts[1].length"]
    assert problems(parts=[{"prompt": "a"}, {"prompt": "b"}], seconds=10) == []


def test_only_notes_on_given_fields_are_kept() -> None:
    assert judge(ZOOM, OK)[1] == []
    (note,) = judge(ZOOM, {**OK, "zoom": 2})[1]
    assert note.message == "2 may be grainy"


def test_every_finding_names_a_page() -> None:
    report = check_native({**OK, "zoom": 3, "fps": 0, "loud": True})
    found: list[Problem | Note] = [*report.problems, *report.notes]
    assert len(found) == 3
    assert {item.source.title for item in found if item.source} == {"Acme, Zoom"}


def check_native(payload: Any) -> Report:
    """Check a native payload."""
    from rushes import Client

    with Client(plugins=[Zoom()], home=Path("/nonexistent")) as client:
        return client.check_payload("acme/zoom", payload)


FULL: dict[str, Any] = {
    "model": "zoom",
    "text": "Drachen über Dünen 🪁",
    "quality": "high",
    "seconds": 10,
    "fps": 30,
    "zoom": 2,
    "loud": True,
    "pictures": ["https://pictures.example/1.png"],
    "parts": [{"prompt": "a", "length": 4}, {"prompt": "b"}],
    "look": {"tint": "cold", "strength": 0},
    "options": {"watermark": True, "mood": {"deep": [1, None, "x"]}},
    "ticket": "t-1",
}


def test_an_accepted_payload_is_sent_as_given_and_left_unchanged() -> None:
    given = copy.deepcopy(FULL)
    report = check_native(given)
    assert report.valid, report.problems
    assert given == FULL
    assert report.transport == {"ticket": "t-1"}
    sent = msgspec.json.decode(msgspec.json.encode(report.payload))
    assert {**sent, "ticket": "t-1"} == FULL
    assert msgspec.json.decode(msgspec.json.encode(report.payload), type=Payload) == report.payload
    assert msgspec.json.encode(check_native(given).payload) == msgspec.json.encode(report.payload)
    assert (report.input_mode, report.cost) == ("pictures", 1.0)
    assert [note.path for note in report.notes] == ["options.mood", "zoom"]


@pytest.mark.parametrize("payload", [None, 3, "x", [], [OK], True])
def test_a_payload_that_is_not_an_object(payload: Any) -> None:
    report = check_native(payload)
    assert [problem.code for problem in report.problems] == ["type"]
    assert msgspec.json.encode(report.as_line())
