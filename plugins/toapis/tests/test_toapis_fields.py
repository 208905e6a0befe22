"""Every field of ToAPIs' pages on its bound and one step beyond it, in native payloads."""

from typing import Any

import msgspec
import pytest
from rushes import Problem, Report, Request
from rushes.plugins import Registry
from rushes.testing import check

REGISTRY = Registry()
V3, OMNI, V2_6 = "toapis/kling-v3", "toapis/kling-v3-omni", "toapis/kling-v2-6"
ALL = (V3, OMNI, V2_6)
IMAGE = "https://cdn.example.org/lamp.png"
ABSENT: Any = object()
EMOJI = "\N{SLICE OF PIZZA}"
FAMILY = "\U0001f469\u200d\U0001f467\u200d\U0001f466"  # one glyph of five code points
NO_TEXT = [5, 5.5, 0, True, False, None, [], ["text"], {}, {"text": "text"}]
NO_INTEGER = ["5", "", "five", 5.5, 5.0, 1e300, True, False, [], [5], {}]
NO_BOOLEAN = ["true", "", 0, 1, 1.0, None, [], [True], {}]
NO_LIST = [IMAGE, "", 5, True, None, {}, {"0": IMAGE}]
NO_OBJECT = ["text", "", 5, 1.5, True, None, [], [{}]]


def native(variant: str, **fields: Any) -> Report:
    """Check a payload that is valid but for the given fields."""
    payload = {"model": variant.partition("/")[2], "prompt": "A lamp is lit"} | fields
    given = {name: value for name, value in payload.items() if value is not ABSENT}
    return check(REGISTRY.get(variant), Request(extra=given))


def accepted(report: Report) -> Any:
    """Return what would be sent, as JSON."""
    assert report.problems == ()
    return msgspec.json.decode(msgspec.json.encode(report.payload))


def refused(report: Report, path: str, *words: str) -> Problem:
    """Return the one problem of a report, which lies at `path` and names its page."""
    assert [problem.path for problem in report.problems] == [path]
    assert report.payload is None
    problem = report.problems[0]
    assert all(word in problem.message for word in words), problem.message
    assert problem.source is not None
    assert problem.source.url.startswith("https://docs.toapis.com/")
    return problem


@pytest.mark.parametrize("variant", ALL)
class TestEveryVariant:
    def test_takes_model_and_prompt_alone(self, variant: str) -> None:
        sent = accepted(native(variant))
        assert sent == {"model": variant.partition("/")[2], "prompt": "A lamp is lit"}

    @pytest.mark.parametrize("model", ["kling-v2-1", "Kling-v3", "kling-v3 ", ""])
    def test_has_one_model(self, variant: str, model: str) -> None:
        problem = refused(native(variant, model=model), "model")
        assert problem.accepted == [variant.partition("/")[2]]

    @pytest.mark.parametrize("value", NO_TEXT)
    @pytest.mark.parametrize("field", ["model", "prompt", "mode", "aspect_ratio"])
    def test_takes_text_where_its_page_says_string(
        self, variant: str, field: str, value: Any
    ) -> None:
        refused(native(variant, **{field: value}), field)

    def test_needs_a_prompt(self, variant: str) -> None:
        refused(native(variant, prompt=ABSENT), "prompt", "required")

    @pytest.mark.parametrize("blank", ["", " ", "\t\r\n", "\u00a0", "\u3000\u2003\u2028\u0085"])
    def test_needs_a_prompt_that_says_something(self, variant: str, blank: str) -> None:
        refused(native(variant, prompt=blank), "prompt", "blank")

    @pytest.mark.parametrize("text", ["\ud800", "moon \udfff", "\ude00\ud83d", "a\ud83d"])
    def test_refuses_half_a_surrogate_pair(self, variant: str, text: str) -> None:
        problem = refused(native(variant, prompt=text), "prompt", "surrogate")
        problem.message.encode()

    @pytest.mark.parametrize("text", ["\x00", "a\nb", "\u200b", "日本語", FAMILY, '"\\', "</p>"])
    def test_takes_any_other_text_as_it_is(self, variant: str, text: str) -> None:
        assert accepted(native(variant, prompt=text))["prompt"] == text

    @pytest.mark.parametrize("mode", ["std", "pro"])
    def test_takes_two_modes(self, variant: str, mode: str) -> None:
        assert accepted(native(variant, mode=mode))["mode"] == mode

    @pytest.mark.parametrize(
        ("mode", "nearest"),
        [
            ("4k", None),
            ("Pro", "pro"),
            ("std ", "std"),
            ("prod", "pro"),
            ("720p", None),
            ("", None),
        ],
    )
    def test_takes_no_other_mode(self, variant: str, mode: str, nearest: str | None) -> None:
        problem = refused(native(variant, mode=mode), "mode", "std", "pro")
        assert problem.accepted is not None
        assert sorted(problem.accepted) == ["pro", "std"]
        assert nearest in (None, problem.accepted[0])

    @pytest.mark.parametrize("value", NO_INTEGER)
    def test_takes_whole_seconds_only(self, variant: str, value: Any) -> None:
        refused(native(variant, duration=value), "duration", "5")

    @pytest.mark.parametrize("field", ["prompt", "mode", "duration", "aspect_ratio", "model"])
    def test_takes_no_null(self, variant: str, field: str) -> None:
        refused(native(variant, **{field: None}), field, "null", "leave the field out")

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
    def test_takes_nothing_that_json_cannot_say(self, variant: str, value: float) -> None:
        refused(native(variant, duration=value), "duration", "JSON")

    @pytest.mark.parametrize("digits", [19, 20, 400, 5000])
    def test_takes_no_huge_number(self, variant: str, digits: int) -> None:
        problem = refused(native(variant, duration=10**digits), "duration")
        assert len(problem.message) < 300

    @pytest.mark.parametrize("ratio", ["16:9", "9:16", "1:1"])
    def test_takes_three_ratios(self, variant: str, ratio: str) -> None:
        assert accepted(native(variant, aspect_ratio=ratio))["aspect_ratio"] == ratio

    @pytest.mark.parametrize(
        ("ratio", "nearest"),
        [("16:9 ", "16:9"), ("09:16", "9:16"), ("1:1:1", "1:1"), ("4:3", None), ("", None)],
    )
    def test_takes_no_other_ratio(self, variant: str, ratio: str, nearest: str | None) -> None:
        problem = refused(native(variant, aspect_ratio=ratio), "aspect_ratio", "16:9, 9:16, 1:1")
        assert problem.accepted is not None
        assert sorted(problem.accepted) == ["16:9", "1:1", "9:16"]
        assert nearest in (None, problem.accepted[0])

    @pytest.mark.parametrize(
        ("name", "nearest"),
        [
            ("promt", "prompt"),
            ("durations", "duration"),
            ("aspectRatio", "aspect_ratio"),
            ("aspect-ratio", "aspect_ratio"),
            ("Mode", "mode"),
            ("client_bussiness_id", "client_business_id"),
        ],
    )
    def test_names_the_field_that_was_meant(self, variant: str, name: str, nearest: str) -> None:
        problem = refused(native(variant, **{name: "x"}), name, nearest)
        assert problem.accepted is not None
        assert problem.accepted[0] == nearest

    @pytest.mark.parametrize("name", ["seed", "webhook", "multi_shot", "extra_body", "\ud800", ""])
    def test_has_no_field_of_another_page(self, variant: str, name: str) -> None:
        (problem,) = native(variant, **{name: 1}).problems
        msgspec.json.encode(problem)

    @pytest.mark.parametrize("field", ["client_business_id", "callback_url"])
    def test_shows_transport_fields_apart(self, variant: str, field: str) -> None:
        value = "https://hooks.example.org/done"
        report = native(variant, **{field: value})
        assert field not in accepted(report)
        assert report.transport == {field: value}
        wrongs: list[Any] = [5, True, None, [], {}, "\ud800"]
        for wrong in wrongs:
            refused(native(variant, **{field: wrong}), field)

    def test_names_all_mistakes_at_once(self, variant: str) -> None:
        report = native(
            variant, model=1, prompt=" ", mode="4k", duration="5", aspect_ratio="3:2", promtp="x",
            callback_url=7,
        )  # fmt: skip
        assert {problem.path for problem in report.problems} == {
            "model", "prompt", "mode", "duration", "aspect_ratio", "promtp", "callback_url",
        }  # fmt: skip
        assert len(report.problems) == 7

    @pytest.mark.parametrize("field", ["mode", "aspect_ratio", "model"])
    def test_quotes_no_more_than_a_line_of_what_it_was_given(
        self, variant: str, field: str
    ) -> None:
        problem = refused(native(variant, **{field: "long\n\x1b[31m" * 9999}), field)
        assert len(problem.message) < 300
        assert problem.message.isprintable()


@pytest.mark.parametrize(
    ("variant", "duration", "nearest"),
    [
        *((variant, 5, None) for variant in ALL),
        *((variant, 10, None) for variant in ALL),
        (V3, 15, None),
        *((variant, value, 5) for variant in ALL for value in (-5, 0, 4, 6, 7)),
        *((variant, value, 10) for variant in ALL for value in (8, 9, 11)),
        *((V3, value, 15) for value in (13, 14, 16, 60)),
        *((variant, value, 10) for variant in (OMNI, V2_6) for value in (13, 15, 16)),
    ],
)
def test_durations(variant: str, duration: int, nearest: int | None) -> None:
    report = native(variant, duration=duration)
    if nearest is None:
        assert accepted(report)["duration"] == duration
    else:
        problem = refused(report, "duration", "5, 10, 15" if variant == V3 else "5, 10")
        assert problem.accepted is not None
        assert problem.accepted[0] == nearest
        assert sorted(problem.accepted) == ([5, 10, 15] if variant == V3 else [5, 10])


@pytest.mark.parametrize(
    ("duration", "images", "allowed"),
    [
        (15, {}, True),
        (15, {"reference_images": [], "image_with_roles": []}, True),
        (15, {"reference_images": [IMAGE]}, False),
        (15, {"image_with_roles": [{"url": IMAGE, "role": "first_frame"}]}, False),
        (15, {"image_with_roles": [{"url": IMAGE, "role": "reference_image"}]}, False),
        (10, {"reference_images": [IMAGE]}, True),
        (5, {"reference_images": [IMAGE]}, True),
    ],
)
def test_fifteen_seconds_are_for_text_only(
    duration: int, images: dict[str, Any], allowed: bool
) -> None:
    report = native(V3, duration=duration, **images)
    if allowed:
        assert accepted(report)["duration"] == duration
    else:
        problem = refused(report, "duration", "15", "10")
        assert problem.accepted == [10, 5]


@pytest.mark.parametrize(
    ("text", "length"),
    [("a", 1), (EMOJI, 1), ("e\u0301", 2), (FAMILY, 5), ("\u3000a", 2)],
)
def test_v2_6_counts_a_prompt_in_code_points(text: str, length: int) -> None:
    assert accepted(native(V2_6, prompt=text * (2500 // length)))
    refused(native(V2_6, prompt=text * (2500 // length) + "b"), "prompt", "2501", "2500")
    for unbounded in (V3, OMNI):
        assert accepted(native(unbounded, prompt=text * 9000))


@pytest.mark.parametrize("variant", [V3, V2_6])
@pytest.mark.parametrize("value", NO_BOOLEAN)
def test_audio_is_true_or_false(variant: str, value: Any) -> None:
    refused(native(variant, audio=value, mode="pro"), "audio")


@pytest.mark.parametrize(
    ("variant", "mode", "audio", "allowed"),
    [
        *((V3, mode, audio, True) for mode in (ABSENT, "std", "pro") for audio in (True, False)),
        *((V2_6, mode, False, True) for mode in (ABSENT, "std", "pro")),
        (V2_6, "pro", True, True),
        (V2_6, "std", True, False),
        (V2_6, ABSENT, True, False),
    ],
)
def test_audio_in_v2_6_is_for_mode_pro(variant: str, mode: Any, audio: bool, allowed: bool) -> None:
    report = native(variant, mode=mode, audio=audio)
    if allowed:
        assert accepted(report)["audio"] is audio
    else:
        refused(report, "audio", "pro")


def test_a_rule_waits_until_its_fields_are_valid() -> None:
    refused(native(V2_6, mode="4k", audio=True), "mode")
    both = native(V3, duration=15, reference_images=["nowhere"])  # an image, though a bad one
    assert [problem.path for problem in both.problems] == ["reference_images[0]", "duration"]
    refused(native(V3, duration=15, reference_images="nowhere"), "reference_images")
