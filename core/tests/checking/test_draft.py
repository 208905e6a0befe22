"""From a request to a payload: each field is sent, already the default, a problem or a note."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from acme_zoom import Payload, Zoom
from rushes import (
    BrokenPluginError,
    Built,
    Client,
    Draft,
    Image,
    Note,
    Problem,
    Report,
    Request,
    Shot,
    Source,
    Subject,
    To,
    Variant,
    absent,
    hookimpl,
    rule,
)
from rushes._check.checking import check
from rushes._plugins.calling import LoadedVariant
from rushes._plugins.registry import Registry
from rushes.rules import Judgement, Rule
from rushes.vocabulary import by_default


def loaded(plugin: Any) -> LoadedVariant:
    return Registry(plugins=[plugin]).get("acme/zoom")


ZOOM = loaded(Zoom())


def report_on(request: Any) -> Report:
    return check(ZOOM, request)


def found(request: Any) -> list[tuple[str, str]]:
    return [(problem.path, problem.code) for problem in report_on(request).problems]


def body(request: Any) -> Any:
    report = report_on(request)
    assert report.valid, report.problems
    return msgspec.json.decode(msgspec.json.encode(report.payload))


URL = "https://pictures.example/1.png"


def test_every_supported_field_is_sent() -> None:
    request = Request(
        "A kite",
        negative_prompt="rain",
        duration=10,
        aspect_ratio="16:9",
        resolution="1080p",
        images=[Image(URL, "reference"), Image(URL + "?2", "reference")],
        shots=[Shot("a"), Shot("b")],
        audio=True,
        watermark=False,
        extra={"fps": 30, "options": {"mood": "calm"}},
    )
    assert body(request) == {
        "model": "zoom",
        "text": "A kite",
        "quality": "high",
        "seconds": 10,
        "fps": 30,
        "loud": True,
        "pictures": [URL, URL + "?2"],
        "parts": [{"prompt": "a"}, {"prompt": "b"}],
        "options": {"avoid": "rain", "watermark": False, "mood": "calm"},
    }


@pytest.mark.parametrize(
    ("request_", "path", "code"),
    [
        (Request("x", seed=1), "seed", "unsupported"),
        (Request("x", guidance=0.5), "guidance", "unsupported"),
        (Request("x", subjects=[Subject("Tom")]), "subjects", "unsupported"),
        (Request("x", aspect_ratio="1:1"), "aspect_ratio", "fixed"),
        (Request("x", resolution="4k"), "resolution", "choice"),
        (Request("x", images=[Image(URL, "last_frame")]), "images[0].role", "unsupported"),
        (Request("x", images=[Image("data:image/png;base64,", "reference")]), "images[0].url",
         "public_url"),
        (Request("x", duration=7), "duration", "choice"),
        (Request("x", duration=float("nan")), "duration", "not_json"),
        (Request("x", extra={"text": "y"}), "extra.text", "twice"),
        (Request("x", watermark=True, extra={"options": {"watermark": True}}),
         "extra.options.watermark", "twice"),
        (Request("x", images=[Image(URL, "reference")], extra={"pictures": [URL]}),
         "extra.pictures", "twice"),
        (Request("x", extra={"fps": 0}), "extra.fps", "range"),
        (Request("x", extra={"look": {"tint": 1}}), "extra.look.tint", "type"),
        (Request("x", extra={"txt": 1}), "extra.txt", "unknown_field"),
        (Request("x", extra={"model": "other"}), "extra.model", "choice"),
        (Request("x", duration=10, shots=[Shot("a"), Shot("b" * 21)]), "shots[1].prompt", "length"),
        (Request("x", shots=[Shot("a"), Shot("b")]), "shots[1]", "too_long"),
        (Request("x", audio=True), "audio", "loud_needs_high"),
        (Request(""), "prompt", "missing"),
        (Request(" \u3000"), "prompt", "missing"),
        (Request(), "prompt", "missing"),
        ({}, "prompt", "missing"),
        ({"extra": {}}, "prompt", "missing"),
        (Request("x", shots=[Shot("")]), "shots[0].prompt", "missing"),
        (Request("x", images=[Image("", "reference")]), "images[0].url", "missing"),
        (Request("x", extra={"": 1}), "extra.''", "unknown_field"),
        ({"prompt": "x", "": 1}, "''", "unknown_field"),
        (Request("x", extra={"options": {"watermark": None}}), "extra.options.watermark", "null"),
        (Request("x", negative_prompt="y", extra={"options": {"watermark": None}}),
         "extra.options.watermark", "null"),
        (Request("x", watermark=True, extra={"options": 5}), "extra.options", "type"),
        (Request("x", extra={"seconds": 5.0}), "extra.seconds", "type"),
        (Request(duration=5), "prompt", "missing"),
        ({"prompt": "x", "duratoin": 5}, "duratoin", "unknown_field"),
        ({"prompt": 5}, "prompt", "type"),
        ({"prompt": "x", "images": [{"url": URL}]}, "images[0].role", "missing"),
        ({"prompt": "x", "images": [{"url": URL, "role": "ref"}]}, "images[0].role", "choice"),
        ({"prompt": "x", "duration": "5"}, "duration", "type"),
        ({"prompt": "x", "extra": 3}, "extra", "type"),
        ("a prompt", "", "type"),
        (None, "", "type"),
    ],
)  # fmt: skip
def test_an_unsupported_value_is_a_problem_at_the_callers_path(
    request_: Any, path: str, code: str
) -> None:
    assert found(request_) == [(path, code)]


def test_all_problems_are_reported_at_once() -> None:
    request = Request("", seed=1, duration=7, aspect_ratio="9:16", extra={"fps": 0, "moon": 1})
    assert sorted(found(request)) == [
        ("aspect_ratio", "fixed"),
        ("duration", "choice"),
        ("extra.fps", "range"),
        ("extra.moon", "unknown_field"),
        ("prompt", "missing"),
        ("seed", "unsupported"),
    ]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"seed": "7"}, [("prompt", "missing"), ("seed", "type"), ("seed", "unsupported")]),
        (
            {"prompt": 1, "duration": "x", "images": 2, "extra": {"moon": 1, "fps": 0}},
            [("duration", "type"), ("extra.fps", "range"), ("extra.moon", "unknown_field"),
             ("images", "type"), ("prompt", "type")],
        ),
        (
            {"prompt": "x", "duration": 15,
             "shots": [{"prompt": 5}, {"prompt": "b" * 21}, 7, {"promt": "c"}]},
            [("shots[0].prompt", "type"), ("shots[1].prompt", "length"), ("shots[2]", "type"),
             ("shots[3].promt", "unknown_field"), ("shots[3].prompt", "missing")],
        ),
        (
            {"prompt": "x", "images": [{"url": "http://10.0.0.1/", "role": "hero"},
                                       {"url": "http://10.0.0.2/", "role": "first_frame"},
                                       {"url": "http://10.0.0.3/", "role": "reference"}, {}]},
            [("images[0].role", "choice"), ("images[0].url", "public_url"),
             ("images[1].role", "unsupported"), ("images[1].url", "public_url"),
             ("images[2].url", "public_url"), ("images[3].role", "missing"),
             ("images[3].url", "missing")],
        ),
        ({"extra": 3}, [("extra", "type")]),
        ({"extra": 3, "seed": 1}, [("extra", "type"), ("seed", "unsupported")]),
        ({"prompt": "x", "audio": 1, "resolution": "4k", "extra": {"zoom": 9}},
         [("audio", "type"), ("extra.zoom", "range"), ("resolution", "choice")]),
    ],
)  # fmt: skip
def test_no_problem_hides_another(request_: Any, expected: list[tuple[str, str]]) -> None:
    assert sorted(found(request_)) == sorted(expected)


def test_accepted_values_are_the_callers_and_nearest_first() -> None:
    (problem,) = report_on(Request("x", resolution="1080")).problems
    assert problem.accepted == ["1080p", "720p"]
    (problem,) = report_on(Request("x", duration=11)).problems
    assert problem.accepted == [10, 15, 5]
    (problem,) = report_on(Request("x", images=[Image(URL, "first_frame")])).problems
    assert problem.accepted == ["reference"]


def test_repeating_the_same_model_is_fine() -> None:
    assert body(Request("x", extra={"model": "zoom"})) == {"model": "zoom", "text": "x"}


def test_none_and_empty_count_as_absent() -> None:
    empty: dict[str, Any] = {
        "prompt": "x",
        "images": [],
        "shots": (),
        "duration": None,
        "extra": {},
    }
    assert body(empty) == {"model": "zoom", "text": "x"}


@pytest.mark.parametrize(
    "empty",
    [
        {"negative_prompt": "", "aspect_ratio": "", "resolution": ""},
        {"images": (), "shots": [], "subjects": []},
        {"extra": {"pictures": [], "ticket": "", "options": {"avoid": ""}}},
        {"duration": None, "seed": None, "subjects": None},
    ],
)
def test_empty_values_are_not_sent(empty: dict[str, Any]) -> None:
    assert body({"prompt": "x", **empty}) == {"model": "zoom", "text": "x"}
    assert body(Request("x", **empty)) == {"model": "zoom", "text": "x"}


def test_an_empty_native_field_does_not_collide_with_a_common_one() -> None:
    images = [Image(URL, "reference")]
    request = Request("", images=images, extra={"text": "x", "pictures": []})
    assert body(request) == {"model": "zoom", "text": "x", "pictures": [URL]}


def test_a_whole_number_may_be_a_float() -> None:
    for request in (Request("x", duration=10.0), {"prompt": "x", "duration": 10.0}):
        sent = body(request)["seconds"]
        assert (type(sent), sent) == (int, 10)
    assert found({"extra": {"model": "zoom", "text": "x", "seconds": 10.0}}) == [
        ("seconds", "type")
    ]


def test_subject_names_must_be_unique() -> None:
    twice = [{"name": "Tom"}, {"name": "Ann"}, {"name": "Tom"}, {"name": 5}, {"name": 5}]
    problems = found({"prompt": "x", "subjects": twice})
    assert ("subjects[2].name", "twice") in problems
    assert sum(code == "twice" for _, code in problems) == 1


class Inspecting(Zoom):
    """A plugin that inspects every value it is given."""

    @hookimpl
    def build_payload(self, variant: Variant, request: Request) -> Draft:
        draft = Draft(variant, request)
        if request.prompt == "y" or any(len(shot.prompt) > 3 for shot in request.shots):
            draft.problem("prompt", "odd", "is odd")
        return draft


def test_a_plugin_never_sees_malformed_values() -> None:
    plugin = loaded(Inspecting())
    assert check(plugin, Request("x", shots=[Shot("a")])).valid
    malformed = {"prompt": "x", "shots": [{"prompt": 5}], "seed": 1}
    found_at = [problem.path for problem in check(plugin, malformed).problems]
    assert found_at == ["shots[0].prompt"]
    found_at = [p.path for p in check(plugin, {"prompt": "x", "duration": "5", "seed": 1}).problems]
    assert sorted(found_at) == ["duration", "seed"]


def test_a_local_image_becomes_a_placeholder(tmp_path: Path) -> None:
    request = Request("x", images=[Image(str(tmp_path / "ä b.png"), "reference")])
    with Client(plugins=[Zoom()], home=tmp_path) as client:
        report = client.check("acme/zoom", request)
        assert [p.code for p in report.problems] == ["unreadable"]
        twice = Request("x", seed=1, images=[*request.images, *request.images])
        found_at = [(p.path, p.code) for p in client.check("acme/zoom", twice).problems]
        assert found_at == [
            ("seed", "unsupported"), ("images[0].url", "unreadable"),
            ("images[1].url", "unreadable"),
        ]  # fmt: skip
        (tmp_path / "ä b.png").write_bytes(b"\x89PNG\r\n\x1a\n")
        report = client.check("acme/zoom", request)
    assert report.valid
    assert report.payload.pictures == ["https://upload.invalid/0/%C3%A4%20b.png"]
    assert [(u.path, u.origin) for u in report.uploads] == [
        (str(tmp_path / "ä b.png"), "images[0].url")
    ]


class Patched(Zoom):
    """The plugin with a changed declaration."""

    def __init__(self, **changes: Any) -> None:
        self.declaration = msgspec.structs.replace(Zoom.declaration, **changes)


def with_rule(predicate: Any) -> LoadedVariant:
    made: Rule = rule("A rule.", fields=("text",))(predicate)
    return loaded(Patched(rules=(made,)))


def raises(payload: Payload) -> Judgement:
    raise KeyError(payload.text)


def raises_late(payload: Payload) -> Judgement:
    yield Note(path="text", code="x", message="x")
    raise KeyError(payload.text)


@pytest.mark.parametrize("predicate", [raises, raises_late, lambda p: None, lambda p: [7]])
def test_a_failing_rule_is_the_plugins_fault(predicate: Any) -> None:
    predicate.__name__ = "odd_rule"
    with pytest.raises(BrokenPluginError, match="acme/zoom: the rule odd_rule raised"):
        check(with_rule(predicate), Request("x"))


@pytest.mark.parametrize("part", ["cost", "input_mode"])
def test_a_failing_declared_function_is_the_plugins_fault(part: str) -> None:
    def broken(payload: Payload) -> Any:
        raise ZeroDivisionError

    with pytest.raises(BrokenPluginError, match=r"acme/zoom.*ZeroDivisionError"):
        check(loaded(Patched(**{part: broken})), Request("x"))


class Validating(Zoom):
    def __init__(self, *judgements: Any) -> None:
        self.judgements = judgements

    @hookimpl
    def validate(self, payload: Payload) -> Any:
        for judgement in self.judgements:
            if isinstance(judgement, Exception):
                raise judgement
            yield judgement


def test_the_validate_hook_adds_problems_and_is_blamed_if_it_fails() -> None:
    problem = Problem(path="text", code="odd", message="odd")
    report = check(loaded(Validating(problem)), Request("x"))
    assert [(p.path, p.code) for p in report.problems] == [("prompt", "odd")]
    for broken in (ValueError("x"), "text"):
        with pytest.raises(BrokenPluginError, match="hook validate raised"):
            check(loaded(Validating(broken)), Request("x"))


class Building(Patched):
    """A plugin that builds part of the body itself."""

    def __init__(self) -> None:
        super().__init__(fields={"prompt": To("text"), "seed": Built("fps")})

    @hookimpl
    def build_payload(self, variant: Variant, request: Request) -> Draft:
        draft = Draft(variant, request)
        if request.seed is not None and request.seed != 13:
            draft.put("fps", draft.take("seed"), "seed")
            draft.note("seed", "odd", "goes to fps")
        return draft


def test_what_a_plugin_builds_is_sent_and_what_it_forgets_is_a_problem() -> None:
    plugin = loaded(Building())
    report = check(plugin, Request("x", seed=25))
    assert report.payload.fps == 25
    assert [note.path for note in report.notes] == ["seed"]
    (problem,) = check(plugin, Request("x", seed=999)).problems
    assert (problem.path, problem.code) == ("seed", "range")
    (problem,) = check(plugin, Request("x", seed=13)).problems
    assert (problem.path, problem.code) == ("seed", "unsupported")


class Lens(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Fields inside a field."""

    zoom: int = absent(1)
    shots: int = absent(1)


class Nested(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A payload with an object in it."""

    text: str
    lens: Lens = absent(Lens())


def test_malformed_native_fields_leave_the_rest_of_an_object_without_an_origin() -> None:
    nested = Variant(
        spec=2,
        id="acme/zoom",
        model="zoom",
        page=Source("Acme", "https://docs.acme.example/zoom"),
        payload=Nested,
        submit_path="/v1/clips",
        status_path="/v1/clips/{id}",
        fields={"prompt": To("text"), "duration": To("lens.zoom")},
        rules=(by_default("lens.shots", "there is one shot"),),
    )
    report = check(loaded(nested), {"duration": {}, "extra": False})
    assert {problem.path for problem in report.problems} == {"duration", "extra"}
    assert report.notes == ()
