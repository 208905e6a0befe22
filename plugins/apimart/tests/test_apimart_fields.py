"""Every field of APIMart's page on its bound and one step beyond it, in native payloads."""

from typing import Any

import msgspec
import pytest
from rushes import Problem, Report, Request
from rushes.plugins import Registry
from rushes.testing import check

KLING = Registry().get("apimart/kling-v3")
NEAR = Registry(base_urls={"apimart": "http://127.0.0.1:9/apimart"}).get("apimart/kling-v3")
IMAGE = "https://cdn.example.org/lamp.png"
ABSENT: Any = object()
REX = {"name": "rex", "description": "a dog", "element_input_urls": [IMAGE, IMAGE]}


def native(**fields: Any) -> Report:
    """Check a payload that is valid but for the given fields."""
    payload = {"model": "kling-v3", "prompt": "@rex sees a lamp"} | fields
    given = {name: value for name, value in payload.items() if value is not ABSENT}
    return check(KLING, Request(extra=given))


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
    assert problem.source.url.startswith("https://docs.apimart.ai/")
    msgspec.json.encode(problem)
    return problem


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("prompt", ["a", "日本語", "\x00", "a" * 9000, "@nobody", "a\n"]),
        ("mode", ["std", "pro", "4k"]),
        ("duration", [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]),
        ("aspect_ratio", ["16:9", "9:16", "1:1"]),
        ("negative_prompt", ["rain", "", " ", "x" * 9000]),
        ("image_urls", [[], [IMAGE], [IMAGE, IMAGE], ["HTTP://example.org"]]),
        ("watermark", [True, False]),
        ("audio", [True, False]),
        ("multi_shot", [False]),
        ("multi_prompt", [[]]),
        ("element_list", [[], [REX], [REX, REX | {"name": "b"}, REX | {"name": "c"}]]),
    ],
)
def test_what_is_accepted_is_sent_as_it_is(field: str, values: list[Any]) -> None:
    for value in values:
        assert accepted(native(**{field: value}))[field] == value


@pytest.mark.parametrize("mode", ["std", "pro", "4k"])
@pytest.mark.parametrize("duration", [3, 15])
def test_every_mode_takes_every_duration(mode: str, duration: int) -> None:
    for more in ({}, {"image_urls": [IMAGE]}, {"audio": True}):
        assert accepted(native(**{"mode": mode, "duration": duration, **more}))


@pytest.mark.parametrize(
    ("field", "value", "nearest"),
    [
        ("model", "kling-v2", "kling-v3"),
        ("model", "kling-v3-omni", "kling-v3"),
        ("mode", "4K", "4k"),
        ("mode", "pro ", "pro"),
        ("mode", "stdd", "std"),
        ("aspect_ratio", "16:9 ", "16:9"),
        ("aspect_ratio", "19:16", "9:16"),
    ],
)
def test_the_nearest_choice_comes_first(field: str, value: str, nearest: str) -> None:
    problem = refused(native(**{field: value}), field, nearest)
    assert problem.accepted is not None
    assert problem.accepted[0] == nearest


@pytest.mark.parametrize(
    ("value", "nearest"), [(2, "3"), (0, "3"), (-5, "3"), (16, "15"), (60, "15"), (10**12, "15")]
)
def test_durations_run_from_3_to_15(value: int, nearest: str) -> None:
    refused(native(duration=value), "duration", f"nearest: {nearest}", "3 to 15")


NO_TEXT = [5, 1.5, True, [], ["a"], {}]
NO_INTEGER = ["5", "", 5.0, 5.5, True, [], {}]
NO_BOOLEAN = ["true", "", 0, 1, 1.0, [], {}]
NO_LIST = [IMAGE, "", 5, True, {}, {"0": IMAGE}]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("model", NO_TEXT),
        ("prompt", NO_TEXT),
        ("mode", NO_TEXT),
        ("duration", NO_INTEGER),
        ("aspect_ratio", NO_TEXT),
        ("negative_prompt", NO_TEXT),
        ("image_urls", NO_LIST),
        ("watermark", NO_BOOLEAN),
        ("audio", NO_BOOLEAN),
        ("multi_shot", NO_BOOLEAN),
        ("shot_type", NO_TEXT),
        ("multi_prompt", NO_LIST),
        ("element_list", NO_LIST),
        ("webhook", NO_TEXT),
    ],
)
def test_wrong_types_are_refused(field: str, values: list[Any]) -> None:
    for value in values:
        refused(native(**{field: value}), field)
    refused(native(**{field: None}), field, "null", "leave the field out")


@pytest.mark.parametrize("field", ["prompt", "negative_prompt", "webhook", "mode"])
def test_half_a_surrogate_pair_is_refused(field: str) -> None:
    refused(native(**{field: "a\ud800"}), field)


@pytest.mark.parametrize("prompt", [ABSENT, "", " ", "\u3000\u2028\u00a0"])
def test_a_prompt_is_needed(prompt: Any) -> None:
    refused(native(prompt=prompt), "prompt")


@pytest.mark.parametrize("digits", [19, 20, 400, 5000])
def test_a_huge_number_is_refused_in_one_line(digits: int) -> None:
    assert len(refused(native(duration=10**digits), "duration").message) < 300


class TestImages:
    def test_are_two_at_most(self) -> None:
        refused(native(image_urls=[IMAGE] * 3), "image_urls", "3", "2")

    @pytest.mark.parametrize(
        "url",
        [
            "", " ", "lamp.png", "/srv/lamp.png", "file:///lamp.png", "ftp://example.org/lamp.png",
            "data:image/png;base64,iVBORw0KGgo=", "iVBORw0KGgo=", "https://localhost/a.png",
            "https://intranet/a.png", "https://example.org/a b.png", "https://example.org/a\n",
            "https:///a.png", "//example.org/a.png", 5, None, True, [], {},
        ],
    )  # fmt: skip
    def test_are_public_addresses(self, url: Any) -> None:
        refused(native(image_urls=[IMAGE, url]), "image_urls[1]")
        subject = REX | {"element_input_urls": [IMAGE, IMAGE, url]}
        refused(native(element_list=[subject]), "element_list[0].element_input_urls[2]")

    @pytest.mark.parametrize(
        "host", ["10.0.0.1", "192.168.0.9", "127.0.0.1", "127.1", "0x7f.1", "169.254.169.254"]
    )
    def test_are_private_only_for_a_gateway_on_this_machine(self, host: str) -> None:
        url = f"http://{host}:8000/a.png"
        subject = REX | {"element_input_urls": [IMAGE, url]}
        refused(native(image_urls=[url]), "image_urls[0]")
        refused(native(element_list=[subject]), "element_list[0].element_input_urls[1]")
        payload = {"model": "kling-v3", "prompt": "@rex", "image_urls": [url]}
        assert check(NEAR, Request(extra=payload | {"element_list": [subject]})).valid


class TestSubjects:
    def test_are_three_at_most(self) -> None:
        four = [REX | {"name": f"rex{number}"} for number in range(4)]
        refused(native(element_list=four), "element_list", "4", "3")

    @pytest.mark.parametrize(("count", "allowed"), [(1, False), (2, True), (4, True), (5, False)])
    def test_have_two_to_four_images(self, count: int, allowed: bool) -> None:
        report = native(element_list=[REX | {"element_input_urls": [IMAGE] * count}])
        if allowed:
            assert accepted(report)
        else:
            refused(report, "element_list[0].element_input_urls", str(count))

    @pytest.mark.parametrize("field", REX)
    def test_need_all_three_fields(self, field: str) -> None:
        subject = {name: value for name, value in REX.items() if name != field}
        refused(native(element_list=[REX, subject]), f"element_list[1].{field}", "required")
        nothing: Any = [] if field == "element_input_urls" else "\u3000"
        refused(native(element_list=[REX | {field: nothing}]), f"element_list[0].{field}")
        wrongs: list[Any] = [None, 5, True, {}]
        for wrong in wrongs:
            refused(native(element_list=[REX | {field: wrong}]), f"element_list[0].{field}")

    @pytest.mark.parametrize(
        ("name", "nearest"),
        [("descripton", "description"), ("element_input_url", "element_input_urls"), ("id", "")],
    )
    def test_have_nothing_else(self, name: str, nearest: str) -> None:
        refused(native(element_list=[REX | {name: "x"}]), f"element_list[0].{name}", nearest)

    @pytest.mark.parametrize("value", ["rex", 5, None, [], True])
    def test_are_objects(self, value: Any) -> None:
        refused(native(element_list=[REX, value]), "element_list[1]")

    @pytest.mark.parametrize(
        ("prompt", "cited"),
        [("@rex", True), ("see @rex.", True), ("rex", False), ("@max", False), ("rex@", False)],
    )
    def test_that_nobody_cites_are_noted(self, prompt: str, cited: bool) -> None:
        report = native(prompt=prompt, element_list=[REX])
        assert accepted(report)["prompt"] == prompt
        notes = [note for note in report.notes if note.path.startswith("element_list[0]")]
        assert len(notes) == len(report.notes) == (not cited)
        assert all("rex" in note.message for note in notes)

    def test_may_be_cited_in_a_shot(self) -> None:
        shots = [{"index": 1, "prompt": "@rex wakes", "duration": 5}]
        story = {"multi_shot": True, "shot_type": "customize", "multi_prompt": shots}
        assert native(prompt=ABSENT, element_list=[REX], **story).notes == ()

    def test_that_are_not_there_may_be_cited(self) -> None:
        assert native(prompt="@nobody and @rex", element_list=[REX]).notes == ()


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("promt", "prompt"), ("image_url", "image_urls"), ("multi_shots", "multi_shot"),
        ("shottype", "shot_type"), ("multi_prompts", "multi_prompt"), ("web_hook", "webhook"),
        ("element_lists", "element_list"), ("negativePrompt", "negative_prompt"),
    ],
)  # fmt: skip
def test_an_unknown_field_is_refused_with_the_one_that_was_meant(name: str, nearest: str) -> None:
    assert (refused(native(**{name: "x"}), name, nearest).accepted or [None])[0] == nearest


@pytest.mark.parametrize("name", ["callback_url", "client_business_id", "metadata", "\ud800", ""])
def test_a_field_of_another_page_is_refused(name: str) -> None:
    (problem,) = native(**{name: "x"}).problems
    msgspec.json.encode(problem)


def test_the_webhook_is_shown_apart() -> None:
    report = native(webhook="https://hooks.example.org/base")
    assert "webhook" not in accepted(report)
    assert report.transport == {"webhook": "https://hooks.example.org/base"}
