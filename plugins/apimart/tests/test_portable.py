"""Mapping portable requests to APIMart's payload: shots, subjects, local files, field order."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from rushes import Image, Report, Request, Shot, Subject
from rushes.plugins import Registry
from rushes.testing import check

KLING = Registry().get("apimart/kling-v3")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)
A, B = (f"https://cdn.example.org/{name}.png" for name in "ab")
FIRST = Image(url=A, role="first_frame")
LAST = Image(url=B, role="last_frame")
REX = Subject(name="rex", description="a dog", images=[A, B])
SHOTS = [Shot(prompt="A door opens", duration=2), Shot(prompt="@rex leaves", duration=4)]


def ask(**fields: Any) -> Report:
    return check(KLING, Request(**{"prompt": "A kite", **fields}))


def sent(report: Report) -> Any:
    """Return what would be sent, as JSON."""
    assert report.problems == ()
    return msgspec.json.decode(msgspec.json.encode(report.payload))


def test_fields_are_sent_in_the_order_of_the_page() -> None:
    report = ask(
        subjects=[REX], shots=SHOTS, audio=True, watermark=True, images=[LAST, FIRST],
        negative_prompt="rain", aspect_ratio="1:1", duration=6, resolution="1080p",
    )  # fmt: skip
    assert report.problems == ()
    assert msgspec.json.encode(report.payload) == (
        b'{"model":"kling-v3","prompt":"A kite","mode":"pro","duration":6,"aspect_ratio":"1:1",'
        b'"negative_prompt":"rain","image_urls":["https://cdn.example.org/a.png",'
        b'"https://cdn.example.org/b.png"],"watermark":true,"audio":true,"multi_shot":true,'
        b'"shot_type":"customize","multi_prompt":['
        b'{"index":1,"prompt":"A door opens","duration":2},'
        b'{"index":2,"prompt":"@rex leaves","duration":4}],"element_list":[{"name":"rex",'
        b'"description":"a dog","element_input_urls":["https://cdn.example.org/a.png",'
        b'"https://cdn.example.org/b.png"]}]}'
    )
    assert [note.path for note in report.notes] == ["aspect_ratio"]


@pytest.mark.parametrize("durations", [[3], [2, 4], [1, 1, 1], [5, 5, 5], [2, 2, 2, 3, 3, 3]])
def test_shots_fill_in_the_duration(durations: list[int]) -> None:
    report = ask(shots=[Shot(prompt="A shot", duration=duration) for duration in durations])
    assert sent(report)["duration"] == sum(durations)
    (note,) = report.notes
    assert note.path == "duration"
    assert str(sum(durations)) in note.message


@pytest.mark.parametrize("durations", [[1], [1, 1], [8, 8], [16]])
def test_shots_whose_sum_is_not_an_allowed_duration_are_a_problem(durations: list[int]) -> None:
    report = ask(shots=[Shot(prompt="A shot", duration=duration) for duration in durations])
    assert report.problems
    for problem in report.problems:
        assert problem.path == "shots"


def test_whole_seconds_of_shots_are_sent_as_integers() -> None:
    body = sent(ask(shots=[Shot(prompt="Up", duration=2.0), Shot(prompt="Down", duration=4.0)]))
    assert [shot["duration"] for shot in body["multi_prompt"]] == [2, 4]
    assert repr(body["duration"]) == "6"


@pytest.mark.parametrize("given", [4, 7, 15])
def test_shots_that_do_not_add_up_to_the_duration_are_a_problem(given: int) -> None:
    (problem,) = ask(shots=SHOTS, duration=given).problems
    assert problem.path == "duration"
    assert "6" in problem.message
    assert str(given) in problem.message


def test_shots_must_add_up_to_a_native_duration_too() -> None:
    assert sent(ask(shots=SHOTS, extra={"duration": 6}))["duration"] == 6
    (problem,) = ask(shots=SHOTS, extra={"duration": 7}).problems
    assert problem.path == "extra.duration"


def test_a_subject_that_is_not_cited_gets_a_note() -> None:
    (note,) = ask(subjects=[REX]).notes
    assert note.path.startswith("subjects[0]")
    assert "rex" in note.message


def test_local_files_become_placeholders(tmp_path: Path) -> None:
    paths = [str(tmp_path / f"{number}.png") for number in range(4)]
    for path in paths:
        Path(path).write_bytes(PNG)
    report = ask(
        prompt="@rex",
        images=[Image(url=paths[0], role="last_frame"), Image(url=paths[1], role="first_frame")],
        subjects=[Subject(name="rex", description="a dog", images=[paths[2], A, paths[3]])],
    )
    body = sent(report)
    placeholder = {upload.path: upload.placeholder for upload in report.uploads}
    assert sorted(placeholder) == paths
    assert body["image_urls"] == [placeholder[paths[1]], placeholder[paths[0]]]
    urls = body["element_list"][0]["element_input_urls"]
    assert urls == [placeholder[paths[2]], A, placeholder[paths[3]]]
    origins = {upload.path: upload.origin for upload in report.uploads}
    assert [upload.path for upload in report.uploads] == paths
    assert [origins[path] for path in paths] == [
        "images[0].url", "images[1].url", "subjects[0].images[0]", "subjects[0].images[2]",
    ]  # fmt: skip
    assert str(tmp_path) not in str(body)
