"""A provider with units of its own, which callers never see: frames, sizes, a strength to 12."""

from typing import Annotated, Any, Literal

import msgspec
import pytest
from acme_zoom import Zoom
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct
from rushes import (
    BrokenPluginError,
    Image,
    PublicURL,
    Request,
    Text,
    To,
    Together,
    absent,
    capabilities,
    steps_of,
)
from rushes._check.checking import check
from rushes._check.quick import quick
from rushes._payload.request_fields import FIELDS as FIELDS_OF_REQUESTS
from rushes._plugins.calling import LoadedVariant
from rushes._plugins.loading import build
from rushes.problems import Problem
from rushes.rules import Rule
from rushes.testing._request_checks import PROBES
from rushes.testing._values import json_values
from rushes.vocabulary import (
    accepts,
    by_default,
    equals,
    has,
    needs,
    not_together,
    required,
    sent,
)

A = "https://pictures.example.com/a.png"


class Picture(Struct, forbid_unknown_fields=True):
    at: PublicURL
    kind: Literal["start", "style"]


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    text: Text
    frames: Annotated[int, Meta(ge=49, le=241), steps_of(24, plus=1)] = absent(121)
    size: Literal["1280x720", "720x1280", "1920x1080"] = absent("1280x720")
    strength: Annotated[int, Meta(ge=1, le=12)] = absent(6)
    sound: bool = absent(True)
    pictures: list[Picture] = absent([])


SIZE = Together(
    ("aspect_ratio", "resolution"),
    "size",
    {
        ("16:9", "720p"): "1280x720",
        ("9:16", "720p"): "720x1280",
        ("16:9", "1080p"): "1920x1080",
    },
)
FIELDS: dict[str, Any] = {
    "prompt": To("text"),
    "duration": To(
        "frames",
        accepts=Annotated[int, Meta(ge=2, le=10)],
        form=lambda seconds: 24 * seconds + 1,
        back=lambda frames: (frames - 1) / 24,
    ),
    "aspect_ratio": SIZE,
    "resolution": SIZE,
    "guidance": To(
        "strength",
        accepts=Annotated[float, Meta(ge=0, le=1)],
        form=lambda guidance: round(1 + 11 * guidance),
        back=lambda strength: (strength - 1) / 11,
    ),
    "audio": To("sound"),
    # The provider wants what is for the style first.
    "images.reference": To(
        "pictures[]", form=lambda url: {"at": url, "kind": "style"}, ordered=True
    ),
    "images.first_frame": To(
        "pictures[]", form=lambda url: {"at": url, "kind": "start"}, ordered=True
    ),
}


def load(*rules: Rule, **fields: Any) -> LoadedVariant:
    class Plugin(Zoom):
        declaration = msgspec.structs.replace(
            Zoom.declaration,
            payload=Payload,
            fields={**FIELDS, **fields},
            rules=rules,
            cost=lambda payload: 0.05 * (payload.frames - 1) / 24,
            input_mode=None,
            client_id_field=None,
        )

    return build(Plugin(), [], "acme.zoom")


LOADED = load()


def body(request: Request, loaded: LoadedVariant = LOADED) -> Any:
    report = check(loaded, request)
    assert report.valid, report.problems
    return msgspec.to_builtins(report.payload)


def problem(request: Request, loaded: LoadedVariant = LOADED) -> Problem:
    (found,) = check(loaded, request).problems
    return found


def test_common_values_are_turned_into_the_wires() -> None:
    request = Request("k", duration=10, aspect_ratio="9:16", resolution="720p", guidance=0.5)
    assert body(request) == {"text": "k", "frames": 241, "size": "720x1280", "strength": 6}
    assert check(LOADED, request).cost == pytest.approx(0.5)
    assert quick(LOADED, request) is not None


@pytest.mark.parametrize(
    ("request_", "message", "accepted"),
    [
        (Request("k", duration=11),
         "11 is not accepted by acme/zoom (nearest: 10; accepted: 2 to 10)", [10, 9]),
        (Request("k", duration=2.5),
         "must be a whole number, not 2.5; accepted: 2 to 10", [2, 3]),
        (Request("k", aspect_ratio="9:16", resolution="1080p"),
         "'1080p' is not accepted with aspect_ratio 9:16 by acme/zoom "
         "(nearest: 720p; accepted: 720p)", ["720p"]),
        (Request("k", aspect_ratio="4:3", resolution="720p"),
         "'4:3' is not accepted by acme/zoom (nearest: 16:9; accepted: 16:9, 9:16)",
         ["16:9", "9:16"]),
    ],
)  # fmt: skip
def test_a_problem_is_told_in_the_callers_units(
    request_: Request, message: str, accepted: list[Any]
) -> None:
    found = problem(request_)
    assert found.message == message
    assert (found.accepted or [])[:2] == accepted
    assert found.source == LOADED.variant.page
    changed = msgspec.structs.replace(request_, **{found.path: accepted[0]})
    assert check(LOADED, changed).valid


def test_two_fields_that_make_one_value_are_both_named() -> None:
    found = problem(Request("k", aspect_ratio="9:16", resolution="1080p"))
    assert (found.path, found.names) == ("resolution", ["aspect_ratio"])
    both = check(LOADED, Request("k", aspect_ratio="4:3", resolution="8k")).problems
    assert [one.path for one in both] == ["aspect_ratio", "resolution"]
    twice = check(LOADED, Request("k", resolution="1080p", extra={"size": "1280x720"})).problems
    assert [one.path for one in twice] == ["extra.size"]
    malformed = check(LOADED, {"prompt": "k", "aspect_ratio": 7, "resolution": "720p"}).problems
    assert [one.path for one in malformed] == ["aspect_ratio"]


def test_one_of_two_fields_takes_the_other_from_the_default() -> None:
    assert body(Request("k", aspect_ratio="9:16")) == {"text": "k", "size": "720x1280"}
    assert body(Request("k", resolution="1080p")) == {"text": "k", "size": "1920x1080"}


def test_the_default_of_both_may_be_an_object() -> None:
    class Canvas(Struct, forbid_unknown_fields=True):
        width: int
        height: int

    class Wide(Payload, kw_only=True, forbid_unknown_fields=True):
        size: Canvas = absent(Canvas(1280, 720))  # type: ignore[assignment]

    wide, tall = {"width": 1280, "height": 720}, {"width": 720, "height": 1280}
    together = Together(SIZE.fields, SIZE.path, {("16:9", "720p"): wide, ("9:16", "720p"): tall})
    fields = {**LOADED.variant.fields, "aspect_ratio": together, "resolution": together}

    class Plugin(Zoom):
        declaration = msgspec.structs.replace(LOADED.variant, payload=Wide, fields=fields)

    loaded = build(Plugin(), [], "acme.zoom")
    assert body(Request("k", aspect_ratio="9:16"), loaded) == {"text": "k", "size": tall}


def test_without_a_default_both_fields_are_needed() -> None:
    class NoDefault(Payload, kw_only=True, forbid_unknown_fields=True):
        size: Literal["1280x720", "720x1280", "1920x1080"] = absent()

    class Plugin(Zoom):
        declaration = msgspec.structs.replace(LOADED.variant, payload=NoDefault)

    loaded = build(Plugin(), [], "acme.zoom")
    found = problem(Request("k", aspect_ratio="16:9"), loaded)
    assert (found.path, found.names) == ("resolution", ["aspect_ratio"])
    assert found.message == (
        "is required with aspect_ratio 16:9 by acme/zoom; accepted: 720p, 1080p"
    )
    assert found.accepted == ["720p", "1080p"]
    assert body(Request("k"), loaded) == {"text": "k"}


def test_rules_speak_of_what_the_caller_asked_for() -> None:
    loaded = load(
        accepts("frames", (49, 73), when="pictures"),
        accepts("size", ("1280x720", "720x1280"), when=equals("frames", 241), name="long_is_small"),
        needs(equals("strength", 12), "pictures"),
    )
    found = problem(Request("k", duration=9, images=[Image(A, "first_frame")]), loaded)
    assert (found.path, found.accepted) == ("duration", [3, 2])
    assert found.message == (
        "9 is not accepted when first_frame is given (nearest: 3; accepted: 2, 3)"
    )
    found = problem(Request("k", duration=10, resolution="1080p"), loaded)
    assert (found.path, found.accepted) == ("resolution", ["720p"])
    assert found.message == (
        "'16:9 + 1080p' is not accepted when duration is 10 "
        "(nearest: 16:9 + 720p; accepted: 16:9 + 720p, 9:16 + 720p)"
    )
    found = problem(Request("k", duration=10, aspect_ratio="16:9", resolution="1080p"), loaded)
    assert (found.path, found.names, found.accepted) == (
        "aspect_ratio", ["duration", "resolution"], None,
    )  # fmt: skip
    found = problem(Request("k", guidance=1.0), loaded)
    assert found.message == "1 is accepted only when reference or first_frame is given"
    assert (found.accepted or [])[:2] == [0.9, 0.8]  # the shortest numbers that become 11 and 10
    native = problem(Request(extra={"text": "k", "strength": 12}), loaded)
    assert native.message == "12 is accepted only when pictures is given"


def test_the_matrix_is_in_common_units() -> None:
    loaded = load(accepts("frames", (49, 73), when="sound"))
    found = capabilities(loaded.variant)
    assert (found["duration"].words, found["duration"].accepted) == ("2 to 10", [*range(2, 11)])
    assert found["guidance"].words == "0 to 1"
    assert found["aspect_ratio"].accepted == ["16:9", "9:16"]
    assert found["resolution"].words == "720p, 1080p"
    assert found["duration"].conditions == ("duration accepts only 2 and 3 when audio is true.",)


@given(
    seconds=st.integers(-3, 15) | st.floats(0, 12),
    ratio=st.sampled_from([None, "16:9", "9:16", "4:3"]),
    height=st.sampled_from([None, "720p", "1080p", "4k"]),
    guidance=st.none() | st.floats(0, 1),
)
def test_what_is_listed_as_accepted_passes(
    seconds: float, ratio: str | None, height: str | None, guidance: float | None
) -> None:
    request = Request(
        "k", duration=seconds, aspect_ratio=ratio, resolution=height, guidance=guidance
    )
    for _ in range(3):
        found = check(LOADED, request).problems
        if not found:
            return
        changes = {one.path: one.accepted[0] for one in found if one.accepted}
        assert len(changes) == len(found), found
        request = msgspec.structs.replace(request, **changes)
    raise AssertionError(check(LOADED, request).problems)


RULED = load(
    accepts("frames", (49, 73), when="pictures"),
    accepts("size", ("1280x720",), when=equals("frames", 241), name="long_is_small"),
    needs(equals("strength", 12), "pictures"),
    needs(has("pictures", "kind", "style"), has("pictures", "kind", "start")),
    required("strength", when=sent("sound")),
    not_together("frames", "size"),
    by_default("sound", "it has sound"),
)


@given(
    odd=st.dictionaries(st.sampled_from([*FIELDS_OF_REQUESTS, "extra", "odd"]), json_values()),
    usual=st.fixed_dictionaries(
        {}, optional={field: st.sampled_from(values) for field, values in PROBES.items()}
    ),
    native=st.dictionaries(
        st.sampled_from([field.name for field in msgspec.structs.fields(Payload)]), json_values()
    ),
)
def test_whatever_is_asked_for_is_answered(
    odd: dict[str, Any], usual: dict[str, Any], native: dict[str, Any]
) -> None:
    for request in (
        odd, {"prompt": "k", **usual, **odd}, Request("k", **usual), {"extra": native},
        {"prompt": "k", **usual, "extra": native},
    ):  # fmt: skip
        report = check(RULED, request)
        assert report.valid == (report.payload is not None)
        msgspec.json.encode(report.as_line())
        for found in report.problems:
            assert found.message.isprintable()
            assert found.accepted != []


def test_images_go_in_the_order_that_is_declared() -> None:
    images = [Image(A, "first_frame"), Image(A + "?2", "reference")]
    assert [one["kind"] for one in body(Request("k", images=images))["pictures"]] == [
        "style",
        "start",
    ]


def test_a_default_that_may_surprise_is_noted() -> None:
    loaded = load(by_default("sound", "the video has sound"))
    (noted,) = check(loaded, Request("k")).notes
    assert (noted.path, noted.code) == ("audio", "sound_by_default")
    assert noted.message == "is not given, so the video has sound"
    assert [one.path for one in check(loaded, Request(extra={"text": "k"})).notes] == ["sound"]
    for asked in (Request("k", audio=False), Request("k", audio=True),
                  Request("k", extra={"sound": True})):  # fmt: skip
        assert check(loaded, asked).notes == ()
    assert capabilities(loaded.variant)["audio"].conditions == (
        "Unless audio is given, the video has sound.",
    )


def test_a_form_that_does_not_say_what_it_accepts_is_told_as_it_is_sent() -> None:
    loaded = load(duration=To("frames", form=lambda seconds: 24 * seconds + 1))
    found = problem(Request("k", duration=11), loaded)
    assert found.message.startswith("is sent as frames: 265 is not accepted by acme/zoom")
    assert found.accepted is None
    ruled = load(
        accepts("frames", (49, 73), when="sound"),
        duration=To("frames", form=lambda seconds: 24 * seconds + 1),
    )
    found = problem(Request("k", duration=9, audio=True), ruled)
    assert found.message.startswith("is sent as frames 217, which is not accepted when audio")
    assert found.accepted is None
    assert capabilities(loaded.variant)["duration"].accepted is None
    back = To("frames", form=lambda s: 24 * s + 1, back=lambda frames: (frames - 1) / 24)
    assert problem(Request("k", duration=11), load(duration=back)).accepted == [*range(10, 1, -1)]


def test_several_common_values_may_become_one_of_the_wires() -> None:
    rough = To(
        "strength",
        accepts=Annotated[int, Meta(ge=0, le=44)],
        form=lambda percent: 1 + percent // 4,
        back=lambda strength: 4 * (strength - 1),
    )
    loaded = load(needs(equals("strength", 12), "pictures"), seed=rough)
    assert body(Request("k", seed=43), loaded)["strength"] == 11
    assert problem(Request("k", seed=44), loaded).message.startswith("44 is accepted only when")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"duration": To("frames", accepts=Annotated[int, Meta(ge=2, le=11)],
                         form=lambda s: 24 * s + 1)},
         "fields['duration']: 11 is accepted: frames is never 265; it accepts 49 to 241"),
        ({"duration": To("frames", accepts=Literal[2, 3], form=lambda s: 24 * s + 1,
                         back=lambda frames: frames / 24)}, "2 becomes 49, which back= leads to"),
        ({"duration": To("frames", accepts=Literal[2, 3], form=lambda s: 49 // (s - 2))},
         "fields['duration']: 2 cannot be converted: ZeroDivisionError"),
        ({"duration": To("frames", accepts=range(2, 10))}, "accepts"),
        ({"duration": To("frames", accepts=tuple[int, int])}, "no check can describe"),
        ({"duration": To("frames", back=lambda frames: frames)}, "there is none"),
        ({"duration": To("frames", values={2: 49}, accepts=Literal[2])}, "values= already says"),
        ({"resolution": To("strength")}, "aspect_ratio and resolution need the same Together"),
        ({"seed": SIZE}, "Together takes two fields, and is the target of both"),
        ({"resolution": Together(("aspect_ratio", "resolution"), "size", {})},
         "need the same Together"),
        ({name: Together(("aspect_ratio", "resolution"), "size", {("1:1", "4k"): "4000x4000"})
          for name in ("aspect_ratio", "resolution")}, "size is never '4000x4000'"),
        ({name: Together(("aspect_ratio", "resolution"), "size", {"720p": "1280x720"})  # type: ignore[dict-item]
          for name in ("aspect_ratio", "resolution")}, "each key of values is a pair"),
    ],
)  # fmt: skip
def test_a_mapping_that_cannot_be_is_refused_when_it_loads(
    fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(BrokenPluginError) as caught:
        load(**fields)
    assert message in str(caught.value)


def test_an_unknown_value_is_told_what_goes_with_the_other() -> None:
    (problem,) = check(LOADED, Request("k", aspect_ratio="9:16", resolution="4k")).problems
    assert (problem.path, problem.accepted) == ("resolution", ["720p"])
    assert problem.message.startswith("'4k' is not accepted with aspect_ratio 9:16 by acme/zoom ")
    (problem,) = check(LOADED, Request("k", resolution="4k")).problems
    assert problem.accepted == ["1080p", "720p"]
