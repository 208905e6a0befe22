"""Every field of UniAll's page on its bound and one step beyond it, in native payloads."""

from itertools import product
from typing import Any

import msgspec
import pytest
from rushes import Problem, Report, Request
from rushes.plugins import Registry
from rushes.testing import check

KLING = Registry().get("uniall/kling-v3-std-silent")
NEAR = Registry(base_urls={"uniall": "http://[::1]:9"}).get("uniall/kling-v3-std-silent")
IMAGE = "https://cdn.example.org/lamp.png"
ABSENT: Any = object()
SHOTS = [{"prompt": "A door opens"}, {"prompt": "A cat leaves"}]
NAN = float("nan")


def native(**fields: Any) -> Report:
    """Check a payload that is valid but for the given fields."""
    payload = {"model": "kling-v3-std-silent", "prompt": "A lamp is lit"} | fields
    given = {name: value for name, value in payload.items() if value is not ABSENT}
    return check(KLING, Request(extra=given))


def body(**fields: Any) -> Report:
    return native(extra_body=fields)


def shots(*items: Any) -> Report:
    return native(prompt=ABSENT, image=IMAGE, extra_body={"multi_prompt": list(items)})


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
    assert problem.source.url.startswith("https://docs.uniall.ai/")
    msgspec.json.encode(problem)
    return problem


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("prompt", ["a", "日本語", "\x00", "a" * 9000, " a\n"]),
        ("image", [IMAGE, "HTTP://example.org", "https://8.8.8.8/a"]),
        ("aspect_ratio", ["16:9", "9:16", "1:1"]),
        ("duration", [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]),
        ("extra_body", [{}, {"multi_prompt": []}, {"element_list": []}]),
    ],
)
def test_what_is_accepted_is_sent_as_it_is(field: str, values: list[Any]) -> None:
    for value in values:
        assert accepted(native(**{field: value}))[field] == value


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("cfg_scale", [0, 1, 0.0, 1.0, 0.5, 1e-9, 0.999999]),
        ("shot_type", ["customize", "intelligent"]),
        ("negative_prompt", ["rain", "", " ", "x" * 9000]),
        ("element_list", [[], [1, "a", None, {"deep": [{}]}]]),
        ("anything", [1, "a", None, True, 1.5, [], {"a": {"b": [1]}}]),
    ],
)
def test_what_is_accepted_in_the_extra_body_is_sent_as_it_is(field: str, values: list[Any]) -> None:
    for value in values:
        sent = accepted(body(**{field: value}))["extra_body"]
        assert msgspec.json.encode(sent) == msgspec.json.encode({field: value})


NO_TEXT = [5, 1.5, True, [], ["a"], {}, "a\ud800"]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("model", NO_TEXT),
        ("prompt", NO_TEXT),
        ("image", [*NO_TEXT, [IMAGE]]),
        ("aspect_ratio", NO_TEXT),
        ("duration", ["5", "", 5.0, 5.5, True, [], {}]),
        ("extra_body", ["", "{}", 5, True, [], [{}]]),
    ],
)
def test_wrong_types_are_refused(field: str, values: list[Any]) -> None:
    for value in values:
        refused(native(**{field: value}), field)
    refused(native(**{field: None}), field, "null", "leave the field out")


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("cfg_scale", ["0.5", "", True, False, [], {}, NAN, float("inf"), float("-inf")]),
        ("shot_type", NO_TEXT),
        ("negative_prompt", NO_TEXT),
        ("multi_prompt", ["a", "", 5, True, {}, {"0": {"prompt": "a"}}]),
        ("element_list", ["a", "", 5, True, {}, {"0": 1}]),
        ("anything", [NAN, [NAN], {"a": "\ud800"}, {"\ud800": 1}, {"a": [{"b": float("inf")}]}]),
    ],
)
def test_wrong_types_in_the_extra_body_are_refused(field: str, values: list[Any]) -> None:
    for value in values:
        refused(body(**{field: value}), f"extra_body.{field}")
    if field != "anything":
        refused(body(**{field: None}), f"extra_body.{field}", "null", "leave the field out")


@pytest.mark.parametrize("value", [-0.01, -1, 1.01, 2, 1.0000001, 1e300, 10**30])
def test_cfg_scale_runs_from_0_to_1(value: float) -> None:
    problem = refused(body(cfg_scale=value), "extra_body.cfg_scale")
    if abs(value) < 1e18:
        assert "0 to 1" in problem.message
        assert f"nearest: {int(value > 1)}" in problem.message


@pytest.mark.parametrize(("value", "nearest"), [(2, 3), (0, 3), (-5, 3), (16, 15), (10**12, 15)])
def test_durations_run_from_3_to_15(value: int, nearest: int) -> None:
    refused(native(duration=value), "duration", f"nearest: {nearest}", "3 to 15")


@pytest.mark.parametrize(
    ("value", "nearest"),
    [("intelligence", "intelligent"), ("Customize", "customize"), ("customise", "customize")],
)
def test_shot_types_are_two(value: str, nearest: str) -> None:
    problem = refused(body(shot_type=value), "extra_body.shot_type", "customize", "intelligent")
    assert problem.accepted is not None
    assert problem.accepted[0] == nearest
    assert sorted(problem.accepted) == ["customize", "intelligent"]


@pytest.mark.parametrize("value", ["4:3", "16:9 ", "", "16x9"])
def test_aspect_ratios_are_three(value: str) -> None:
    problem = refused(native(aspect_ratio=value), "aspect_ratio", "16:9, 9:16, 1:1")
    assert sorted(problem.accepted or []) == ["16:9", "1:1", "9:16"]


TABLE = list(product([False, True], [ABSENT, [], SHOTS], [False, True]))


@pytest.mark.parametrize(("image", "multi_prompt", "prompt"), TABLE)
def test_which_fields_go_together(image: bool, multi_prompt: Any, prompt: bool) -> None:
    fields: dict[str, Any] = {} if multi_prompt is ABSENT else {"multi_prompt": multi_prompt}
    report = native(
        prompt="A lamp" if prompt else ABSENT,
        image=IMAGE if image else ABSENT,
        extra_body=fields,
    )
    has_shots = multi_prompt is SHOTS
    assert report.valid == ((prompt and not has_shots) or (image and has_shots and not prompt))
    paths = {problem.path for problem in report.problems}
    assert paths <= {"prompt", "image", "extra_body.multi_prompt"}
    if not has_shots and not prompt:
        refused(report, "prompt", "required")


@pytest.mark.parametrize("blank", ["", " ", "\u3000\u2028\u00a0"])
def test_a_blank_prompt_is_none(blank: str) -> None:
    refused(native(prompt=blank), "prompt", "blank")
    refused(native(prompt=blank, image=IMAGE), "prompt", "blank")


def test_a_last_image_needs_an_image() -> None:
    refused(native(last_image=IMAGE), "last_image", "image")
    assert accepted(native(image=IMAGE, last_image=IMAGE))


@pytest.mark.parametrize(
    "url",
    [
        "", " ", "lamp.png", "/srv/lamp.png", "file:///lamp.png", "ftp://example.org/lamp.png",
        "data:image/png;base64,iVBORw0KGgo=", "iVBORw0KGgo=", "https://localhost/a.png",
        "https://intranet/a.png", "https://example.org/a b.png", "https:///a.png",
        "http://10.0.0.1/a.png", "http://127.1/a.png", "http://0x7f.1/a.png", "http://[::1]/a.png",
        5, True, [], {},
    ],
)  # fmt: skip
@pytest.mark.parametrize("field", ["image", "last_image"])
def test_images_are_public_addresses(field: str, url: Any) -> None:
    fields = {"image": IMAGE, "last_image": IMAGE, field: url}
    refused(native(**fields), field)


@pytest.mark.parametrize("host", ["10.0.0.1", "192.168.0.9", "127.0.0.1", "127.1"])
def test_images_may_be_private_for_a_gateway_on_this_machine(host: str) -> None:
    payload = {"model": "kling-v3-std-silent", "prompt": "A", "image": f"http://{host}:8000/a.png"}
    assert check(NEAR, Request(extra=payload)).valid
    assert not check(KLING, Request(extra=payload)).valid


class TestShots:
    @pytest.mark.parametrize(("count", "fits"), [(1, True), (6, True), (7, False)])
    def test_are_six_at_most(self, count: int, fits: bool) -> None:
        report = shots(*[{"prompt": "A shot"}] * count)
        if fits:
            assert len(accepted(report)["extra_body"]["multi_prompt"]) == count
        else:
            refused(report, "extra_body.multi_prompt", "7", "6")

    @pytest.mark.parametrize("prompt", ["", " ", "\u3000", 5, None, True, [], {}, "\ud800"])
    def test_have_a_prompt(self, prompt: Any) -> None:
        refused(shots(SHOTS[0], {"prompt": prompt}), "extra_body.multi_prompt[1].prompt")

    def test_need_a_prompt(self) -> None:
        refused(shots({}), "extra_body.multi_prompt[0].prompt", "required")

    def test_have_no_bound_on_the_page(self) -> None:
        assert accepted(shots({"prompt": "x" * 9000}))

    @pytest.mark.parametrize(
        ("name", "nearest"),
        [("duration", ""), ("index", ""), ("promt", "prompt"), ("Prompt", "prompt")],
    )
    def test_have_nothing_else(self, name: str, nearest: str) -> None:
        refused(shots(SHOTS[0] | {name: 3}), f"extra_body.multi_prompt[0].{name}", nearest)

    @pytest.mark.parametrize("shot", ["A shot", 5, None, True, [], ["A shot"]])
    def test_are_objects(self, shot: Any) -> None:
        refused(shots(SHOTS[0], shot), "extra_body.multi_prompt[1]")


@pytest.mark.parametrize("name", ["element_list", "camera", "Cfg_scale", "", "日本"])
def test_what_nobody_documents_passes_with_a_note(name: str) -> None:
    report = body(**{name: [1, {"a": 2}]})
    assert accepted(report)["extra_body"] == {name: [1, {"a": 2}]}
    assert [note.path for note in report.notes] == ["extra_body." + (name or "''")]


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("promt", "prompt"), ("Image", "image"), ("last_images", "last_image"),
        ("aspectRatio", "aspect_ratio"), ("durations", "duration"), ("extrabody", "extra_body"),
    ],
)  # fmt: skip
def test_an_unknown_field_is_refused_with_the_one_that_was_meant(name: str, nearest: str) -> None:
    assert (refused(native(**{name: "x"}), name, nearest).accepted or [None])[0] == nearest


@pytest.mark.parametrize(
    "name",
    ["mode", "audio", "watermark", "cfg_scale", "multi_prompt", "webhook", "callback_url",
     "client_business_id", "metadata", "", "\ud800"],
)  # fmt: skip
def test_a_field_of_another_place_is_refused(name: str) -> None:
    (problem,) = native(**{name: "x"}).problems
    msgspec.json.encode(problem)


def test_all_problems_at_once() -> None:
    report = native(
        model="kling", prompt=5, image="a", last_image="b", aspect_ratio="4:3", duration="5",
        mode="std",
        extra_body={
            "cfg_scale": 2, "shot_type": "auto", "negative_prompt": 1, "element_list": {},
            "multi_prompt": [{"prompt": " "}, {"prompt": "a", "duration": 3}, 5], "x": NAN,
        },
    )  # fmt: skip
    assert {problem.path for problem in report.problems} == {
        "model", "prompt", "image", "last_image", "aspect_ratio", "duration", "mode",
        "extra_body.cfg_scale", "extra_body.shot_type", "extra_body.negative_prompt",
        "extra_body.element_list", "extra_body.multi_prompt[0].prompt",
        "extra_body.multi_prompt[1].duration", "extra_body.multi_prompt[2]", "extra_body.x",
    }  # fmt: skip
