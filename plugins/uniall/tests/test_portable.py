"""Mapping portable requests to UniAll's payloads: shots, local files, siblings."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from rushes import Client, Image, Problem, Report, Request, Shot
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
    """Return the only problem of a report, which must be at `path` and name its page."""
    assert [problem.path for problem in report.problems] == [path]
    problem = report.problems[0]
    assert all(word in problem.message for word in words), problem.message
    assert problem.source is not None
    assert problem.source.url.startswith("https://docs.uniall.ai/")
    return problem


@pytest.mark.parametrize("variant", ALL)
@pytest.mark.parametrize(("resolution", "grade"), [("720p", "std"), ("1080p", "pro")])
@pytest.mark.parametrize("audio", [True, False])
def test_asking_for_what_the_model_always_does_is_fine(
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
def test_a_sibling_that_can_do_it_is_named(
    variant: str, fields: Any, path: str, sibling: str
) -> None:
    with Client(journal=None) as client:
        problem = refused(client.check(variant, Request(prompt="A kite", **fields)), path)
    named = str(problem).partition("installed variants that can: ")[2].split(", ")
    assert sibling in named
    assert variant not in named


def test_a_sibling_that_can_do_both_is_named() -> None:
    with Client(journal=None) as client:
        report = client.check(ALL[0], Request(prompt="A kite", resolution="1080p", audio=True))
    assert [problem.path for problem in report.problems] == ["resolution", "audio"]
    for problem in report.problems:
        assert "uniall/kling-v3-pro-audio" in str(problem)


@pytest.mark.parametrize("variant", ALL)
def test_shots_become_prompts_beside_an_image(variant: str) -> None:
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
def test_shots_replace_the_prompt(fields: dict[str, Any], paths: set[str]) -> None:
    report = ask(ALL[0], **fields)
    assert report.problems
    assert {problem.path for problem in report.problems} <= paths
    assert all(problem.source for problem in report.problems)


@pytest.mark.parametrize("variant", ALL)
def test_a_local_file_is_refused_for_lack_of_an_upload(variant: str, tmp_path: Path) -> None:
    file = tmp_path / "lamp.png"
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(24))
    report = ask(variant, images=[Image(url=str(file), role="first_frame"), LAST])
    refused(report, "images[0].url", "upload")
    assert report.uploads == ()
