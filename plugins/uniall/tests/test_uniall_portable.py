"""From a request in common words to UniAll's payloads."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from rushes import Client, Image, Problem, Report, Request, Shot, Subject
from rushes.plugins import Registry
from rushes.testing import check

REGISTRY = Registry()
ALL = [
    f"uniall/kling-v3-{grade}-{sound}" for grade in ("std", "pro") for sound in ("silent", "audio")
]
A, B, C = (f"https://cdn.example.org/{name}.png" for name in "abc")
FIRST = Image(url=A, role="first_frame")
LAST = Image(url=B, role="last_frame")
SHOTS = [Shot(prompt="A door opens"), Shot(prompt="A cat leaves")]
SHOTS_WIRE = [{"prompt": "A door opens"}, {"prompt": "A cat leaves"}]


def ask(variant: str, **fields: Any) -> Report:
    return check(REGISTRY.get(variant), Request(**{"prompt": "A kite", **fields}))


def sent(report: Report) -> Any:
    """Return what would be sent, as JSON."""
    assert report.problems == ()
    return msgspec.json.decode(msgspec.json.encode(report.payload))


def refused(report: Report, path: str, *words: str) -> Problem:
    """Return the one problem of a report, which lies at `path` and names its page."""
    assert [problem.path for problem in report.problems] == [path]
    problem = report.problems[0]
    assert all(word in problem.message for word in words), problem.message
    assert problem.source is not None
    assert problem.source.url.startswith("https://docs.uniall.ai/")
    return problem


@pytest.mark.parametrize("variant", ALL)
@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, {}),
        ({"images": [], "shots": (), "subjects": [], "extra": {}}, {}),
        ({"duration": 3}, {"duration": 3}),
        ({"duration": 15}, {"duration": 15}),
        ({"aspect_ratio": "9:16"}, {"aspect_ratio": "9:16"}),
        ({"negative_prompt": "rain"}, {"extra_body": {"negative_prompt": "rain"}}),
        ({"guidance": 0.5}, {"extra_body": {"cfg_scale": 0.5}}),
        ({"guidance": 0}, {"extra_body": {"cfg_scale": 0}}),
        ({"guidance": 1.0}, {"extra_body": {"cfg_scale": 1.0}}),
        ({"images": [FIRST]}, {"image": A}),
        ({"images": [FIRST, LAST]}, {"image": A, "last_image": B}),
        ({"images": [LAST, FIRST]}, {"image": A, "last_image": B}),
        ({"extra": {"duration": 4}}, {"duration": 4}),
        (
            {"guidance": 0.25, "extra": {"extra_body": {"shot_type": "intelligent"}}},
            {"extra_body": {"cfg_scale": 0.25, "shot_type": "intelligent"}},
        ),
    ],
)
def test_a_field_is_carried_without_a_note(
    variant: str, fields: dict[str, Any], wanted: dict[str, Any]
) -> None:
    report = ask(variant, **fields)
    assert sent(report) == {"model": variant.partition("/")[2], "prompt": "A kite"} | wanted
    assert report.notes == ()


@pytest.mark.parametrize("variant", ALL)
@pytest.mark.parametrize(("resolution", "grade"), [("720p", "std"), ("1080p", "pro")])
@pytest.mark.parametrize("audio", [True, False])
def test_what_the_model_does_anyway_is_already_so(
    variant: str, resolution: str, grade: str, audio: bool
) -> None:
    report = ask(variant, resolution=resolution, audio=audio)
    wrong = {"resolution"} if f"-{grade}-" not in variant else set()
    wrong |= {"audio"} if variant.endswith("-audio") != audio else set()
    assert {problem.path for problem in report.problems} == wrong
    if not wrong:
        assert sent(report) == {"model": variant.partition("/")[2], "prompt": "A kite"}
        assert report.notes == ()


@pytest.mark.parametrize(
    ("variant", "fields", "path", "sibling"),
    [
        (ALL[0], {"resolution": "1080p"}, "resolution", "uniall/kling-v3-pro-silent"),
        (ALL[1], {"resolution": "1080p"}, "resolution", "uniall/kling-v3-pro-audio"),
        (ALL[2], {"resolution": "720p"}, "resolution", "uniall/kling-v3-std-silent"),
        (ALL[3], {"resolution": "720p"}, "resolution", "uniall/kling-v3-std-audio"),
        (ALL[0], {"audio": True}, "audio", "uniall/kling-v3-std-audio"),
        (ALL[1], {"audio": False}, "audio", "uniall/kling-v3-std-silent"),
        (ALL[2], {"audio": True}, "audio", "uniall/kling-v3-pro-audio"),
        (ALL[3], {"audio": False}, "audio", "uniall/kling-v3-pro-silent"),
    ],
)
def test_the_sibling_that_can_is_named(variant: str, fields: Any, path: str, sibling: str) -> None:
    with Client(journal=None) as client:
        problem = refused(client.check(variant, Request(prompt="A kite", **fields)), path)
    named = str(problem).partition("installed variants that can: ")[2].split(", ")
    assert sibling in named
    assert variant not in named


def test_one_sibling_that_can_do_both_is_named() -> None:
    with Client(journal=None) as client:
        report = client.check(ALL[0], Request(prompt="A kite", resolution="1080p", audio=True))
    assert [problem.path for problem in report.problems] == ["resolution", "audio"]
    for problem in report.problems:
        assert "uniall/kling-v3-pro-audio" in str(problem)


@pytest.mark.parametrize("variant", ALL)
@pytest.mark.parametrize("resolution", ["4k", "480p"])
def test_no_sibling_has_any_other_resolution(variant: str, resolution: str) -> None:
    problem = refused(ask(variant, resolution=resolution), "resolution", resolution)
    assert "720p" in problem.message or "1080p" in problem.message


@pytest.mark.parametrize("variant", ALL)
def test_shots_are_prompts_of_an_image(variant: str) -> None:
    report = ask(variant, prompt=None, images=[FIRST], shots=SHOTS, duration=10)
    body = sent(report)
    assert body["extra_body"]["multi_prompt"] == SHOTS_WIRE
    assert set(body) == {"model", "image", "duration", "extra_body"}
    assert set(body["extra_body"]) <= {"multi_prompt", "shot_type"}
    assert body["extra_body"].get("shot_type", "customize") == "customize"
    assert report.notes == ()


@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        ({"prompt": None, "shots": SHOTS}, {"shots", "images"}),
        ({"shots": SHOTS}, {"shots", "images", "prompt"}),
        ({"images": [FIRST], "shots": SHOTS}, {"shots", "prompt"}),
        ({"prompt": None, "images": [FIRST]}, {"prompt"}),
    ],
)
def test_shots_take_the_place_of_the_prompt(fields: dict[str, Any], paths: set[str]) -> None:
    report = ask(ALL[0], **fields)
    assert report.problems
    assert {problem.path for problem in report.problems} <= paths
    assert all(problem.source for problem in report.problems)


STORY = {"prompt": None, "images": [FIRST]}


@pytest.mark.parametrize(
    ("fields", "path", "words"),
    [
        ({"prompt": None, "duration": 5}, "prompt", "required"),
        ({"prompt": "\u3000"}, "prompt", "blank"),
        ({"duration": 2}, "duration", "3"),
        ({"duration": 16}, "duration", "15"),
        ({"duration": 5.5}, "duration", "3 to 15"),
        ({"aspect_ratio": "4:3"}, "aspect_ratio", "16:9"),
        ({"images": [Image(url=A, role="reference")]}, "images[0].role", "first_frame"),
        ({"images": [FIRST, Image(url=C, role="reference")]}, "images[1].role", "first_frame"),
        ({"images": [LAST, Image(url="ftp://x.org", role="first_frame")]}, "images[1].url", "http"),
        (STORY | {"shots": [SHOTS[0], Shot(prompt="b", duration=3)]}, "shots[1].duration", ""),
        (STORY | {"shots": [SHOTS[0], Shot(prompt=" ")]}, "shots[1].prompt", "blank"),
        (STORY | {"shots": SHOTS * 4}, "shots", "6"),
        ({"subjects": [Subject(name="rex", description="d", images=[A, B])]}, "subjects", ""),
        ({"seed": 0}, "seed", ""),
        ({"watermark": True}, "watermark", ""),
        ({"extra": {"mode": "std"}}, "extra.mode", "no such field"),
        ({"extra": {"extra_body": {"cfg_scale": 2}}}, "extra.extra_body.cfg_scale", "0 to 1"),
        ({"prompt": "one", "extra": {"prompt": "two"}}, "extra.prompt", "twice"),
        ({"images": [FIRST], "extra": {"image": A}}, "extra.image", "twice"),
        (
            {"guidance": 0.5, "extra": {"extra_body": {"cfg_scale": 0.5}}},
            "extra.extra_body.cfg_scale",
            "twice",
        ),
        (
            STORY | {"shots": SHOTS, "extra": {"extra_body": {"multi_prompt": SHOTS_WIRE}}},
            "extra.extra_body.multi_prompt",
            "twice",
        ),
    ],
)
def test_a_problem_lies_where_the_caller_wrote_it(
    fields: dict[str, Any], path: str, words: str
) -> None:
    for variant in ALL:
        refused(ask(variant, **fields), path, words)


def test_a_last_frame_needs_a_first() -> None:
    (problem,) = ask(ALL[0], images=[LAST]).problems
    assert problem.path.startswith("images[0]")
    assert "image" in problem.message


def test_an_image_leaves_the_ratio_open() -> None:
    (note,) = ask(ALL[0], images=[FIRST], aspect_ratio="1:1").notes
    assert note.path == "aspect_ratio"


@pytest.mark.parametrize("role", ["first_frame", "last_frame"])
def test_one_of_each_frame_will_do(role: Any) -> None:
    (problem,) = ask(ALL[0], images=[FIRST, LAST, Image(url=C, role=role)]).problems
    assert problem.path == "images[2].role"


@pytest.mark.parametrize("variant", ALL)
def test_a_local_file_is_refused_where_nothing_uploads_it(variant: str, tmp_path: Path) -> None:
    file = tmp_path / "lamp.png"
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(24))
    report = ask(variant, images=[Image(url=str(file), role="first_frame"), LAST])
    refused(report, "images[0].url", "upload")
    assert report.uploads == ()


@pytest.mark.parametrize(
    ("role", "prompt", "path"),
    [("hero", "A door opens", "images[0].role"), ("first_frame", 5, "shots[0].prompt")],
)
def test_a_rule_waits_until_the_words_it_concerns_are_valid(
    role: str, prompt: Any, path: str
) -> None:
    given = {"images": [{"url": A, "role": role}], "shots": [{"prompt": prompt}]}
    report = check(REGISTRY.get(ALL[0]), given)
    assert [problem.path for problem in report.problems] == [path]


def test_all_problems_at_once() -> None:
    report = ask(
        ALL[0], prompt="", duration=2, resolution="1080p", aspect_ratio="2:1", audio=True, seed=1,
        watermark=False, images=[FIRST, Image(url="lamp.png", role="reference")],
        subjects=[Subject(name="a")], extra={"promt": "x"},
    )  # fmt: skip
    assert {problem.path for problem in report.problems} == {
        "prompt", "duration", "resolution", "aspect_ratio", "audio", "seed", "watermark",
        "images[1].role", "images[1].url", "subjects", "extra.promt",
    }  # fmt: skip
