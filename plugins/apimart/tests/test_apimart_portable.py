"""From a request in common words to APIMart's payload."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from rushes import Image, Problem, Report, Request, Shot, Subject
from rushes.plugins import Registry
from rushes.testing import check

KLING = Registry().get("apimart/kling-v3")
A, B, C = (f"https://cdn.example.org/{name}.png" for name in "abc")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)
FIRST = Image(url=A, role="first_frame")
LAST = Image(url=B, role="last_frame")
REX = Subject(name="rex", description="a dog", images=[A, B])
REX_WIRE = {"name": "rex", "description": "a dog", "element_input_urls": [A, B]}
CAST = [Subject(name=name, description="a dog", images=[A, B]) for name in "abcd"]
SHOTS = [Shot(prompt="A door opens", duration=2), Shot(prompt="@rex leaves", duration=4)]
STORY = {
    "multi_shot": True,
    "shot_type": "customize",
    "multi_prompt": [
        {"index": 1, "prompt": "A door opens", "duration": 2},
        {"index": 2, "prompt": "@rex leaves", "duration": 4},
    ],
}


def ask(**fields: Any) -> Report:
    return check(KLING, Request(**{"prompt": "A kite", **fields}))


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
    assert problem.source.url.startswith("https://docs.apimart.ai/")
    return problem


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ({}, {}),
        ({"images": [], "shots": (), "subjects": [], "extra": {}}, {}),
        ({"duration": 3}, {"duration": 3}),
        ({"duration": 15, "resolution": "4k"}, {"duration": 15, "mode": "4k"}),
        ({"resolution": "720p"}, {"mode": "std"}),
        ({"resolution": "1080p"}, {"mode": "pro"}),
        ({"aspect_ratio": "9:16"}, {"aspect_ratio": "9:16"}),
        ({"negative_prompt": "rain"}, {"negative_prompt": "rain"}),
        ({"audio": True}, {"audio": True}),
        ({"audio": False, "watermark": False}, {"audio": False, "watermark": False}),
        ({"images": [FIRST]}, {"image_urls": [A]}),
        ({"images": [FIRST, LAST]}, {"image_urls": [A, B]}),
        ({"images": [LAST, FIRST]}, {"image_urls": [A, B]}),
        ({"shots": SHOTS, "duration": 6}, {**STORY, "duration": 6}),
        ({"shots": SHOTS, "duration": 6, "prompt": None}, {**STORY, "duration": 6}),
        ({"subjects": [REX], "prompt": "@rex"}, {"element_list": [REX_WIRE]}),
        (
            {"subjects": [REX], "shots": SHOTS, "duration": 6},
            {**STORY, "duration": 6, "element_list": [REX_WIRE]},
        ),
        ({"extra": {"mode": "4k"}}, {"mode": "4k"}),
        (
            {"extra": {"multi_shot": True, "shot_type": "intelligence"}},
            {"multi_shot": True, "shot_type": "intelligence"},
        ),
        ({"prompt": "@rex", "extra": {"element_list": [REX_WIRE]}}, {"element_list": [REX_WIRE]}),
        ({"prompt": "", "shots": SHOTS, "duration": 6}, {**STORY, "duration": 6}),
        ({"prompt": " \n", "shots": SHOTS, "duration": 6}, {**STORY, "duration": 6}),
        ({"negative_prompt": "", "aspect_ratio": "", "resolution": ""}, {}),
        ({"duration": 5.0}, {"duration": 5}),
        ({"images": [FIRST], "extra": {"image_urls": []}}, {"image_urls": [A]}),
        (
            {"subjects": [REX], "prompt": "@rex", "extra": {"element_list": []}},
            {"element_list": [REX_WIRE]},
        ),
    ],
)
def test_a_field_is_carried_without_a_note(fields: dict[str, Any], body: dict[str, Any]) -> None:
    report = ask(**fields)
    prompt = str({"prompt": "A kite", **fields}["prompt"] or "")
    top = {"model": "kling-v3"} | ({"prompt": prompt} if prompt.strip() else {})
    assert sent(report) == top | body
    assert report.notes == ()


def test_what_is_carried_is_sent_in_the_order_of_the_page() -> None:
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
def test_shots_whose_sum_is_no_duration_are_a_problem(durations: list[int]) -> None:
    report = ask(shots=[Shot(prompt="A shot", duration=duration) for duration in durations])
    assert report.problems
    for problem in report.problems:
        assert problem.path == "shots"


def test_the_seconds_of_shots_are_whole_however_they_are_written() -> None:
    body = sent(ask(shots=[Shot(prompt="Up", duration=2.0), Shot(prompt="Down", duration=4.0)]))
    assert [shot["duration"] for shot in body["multi_prompt"]] == [2, 4]
    assert repr(body["duration"]) == "6"


@pytest.mark.parametrize("given", [4, 7, 15])
def test_shots_that_miss_the_duration_are_a_problem(given: int) -> None:
    (problem,) = ask(shots=SHOTS, duration=given).problems
    assert problem.path == "duration"
    assert "6" in problem.message
    assert str(given) in problem.message


def test_a_duration_given_natively_is_the_one_to_fill() -> None:
    assert sent(ask(shots=SHOTS, extra={"duration": 6}))["duration"] == 6
    (problem,) = ask(shots=SHOTS, extra={"duration": 7}).problems
    assert problem.path == "extra.duration"


@pytest.mark.parametrize(
    ("fields", "path", "words"),
    [
        ({"prompt": None, "duration": 5}, "prompt", "required"),
        ({"prompt": "\u3000"}, "prompt", "blank"),
        ({"duration": 2}, "duration", "3"),
        ({"duration": 16}, "duration", "15"),
        ({"duration": 5.5}, "duration", "3 to 15"),
        ({"aspect_ratio": "4:3"}, "aspect_ratio", "16:9"),
        ({"resolution": "8k"}, "resolution", "4k"),
        ({"resolution": "std"}, "resolution", "720p"),
        ({"images": [LAST]}, "images[0].role", "first"),
        ({"images": [Image(url=A, role="reference")]}, "images[0].role", "first_frame"),
        ({"images": [FIRST, Image(url=C, role="reference")]}, "images[1].role", "first_frame"),
        ({"images": [LAST, Image(url="ftp://x.org", role="first_frame")]}, "images[1].url", "http"),
        (
            {"images": [Image(url="https://10.0.0.1", role="last_frame"), FIRST]},
            "images[0].url",
            "",
        ),
        ({"shots": [SHOTS[0], Shot(prompt=" ", duration=3)], "duration": 5}, "shots[1].prompt", ""),
        ({"shots": [Shot(prompt="x" * 513, duration=5)], "duration": 5}, "shots[0].prompt", "512"),
        ({"shots": [SHOTS[0], Shot(prompt="two")], "duration": 5}, "shots[1].duration", "required"),
        ({"shots": [Shot(prompt="one", duration=2.5)], "duration": 5}, "shots[0].duration", "2.5"),
        ({"shots": [Shot(prompt="one", duration=0)], "duration": 5}, "shots[0].duration", "1"),
        ({"shots": [Shot(prompt="one", duration=1)] * 7, "duration": 7}, "shots", "6"),
        ({"subjects": [Subject(name="rex", images=[A, B])]}, "subjects[0].description", "required"),
        (
            {
                "prompt": "@rex",
                "subjects": [REX, Subject(name=" ", description="d", images=[A, B])],
            },
            "subjects[1].name",
            "blank",
        ),
        (
            {"subjects": [Subject(name="rex", description="d", images=[A])]},
            "subjects[0].images",
            "2",
        ),
        ({"subjects": [Subject(name="rex", description="d")]}, "subjects[0].images", ""),
        (
            {"subjects": [Subject(name="rex", description="d", images=[A] * 5)]},
            "subjects[0].images",
            "4",
        ),
        (
            {"subjects": [REX, Subject(name="b", description="d", images=[A, "data:,x"])]},
            "subjects[1].images[1]",
            "http",
        ),
        ({"prompt": "@a @b @c @d", "subjects": CAST}, "subjects", "3"),
        ({"guidance": 0.5}, "guidance", ""),
        ({"seed": 7}, "seed", ""),
        ({"extra": {"mode": "8k"}}, "extra.mode", "4k"),
        ({"extra": {"modes": "std"}}, "extra.modes", "mode"),
        ({"extra": {"image_urls": [A, "x"]}}, "extra.image_urls[1]", "http"),
        ({"prompt": "one", "extra": {"prompt": "one"}}, "extra.prompt", "twice"),
        ({"resolution": "4k", "extra": {"mode": "4k"}}, "extra.mode", "twice"),
        ({"images": [FIRST], "extra": {"image_urls": [A]}}, "extra.image_urls", "twice"),
        ({"subjects": [REX], "extra": {"element_list": [{}]}}, "extra.element_list", "twice"),
        (
            {"shots": SHOTS, "duration": 6, "extra": {"shot_type": "intelligence"}},
            "extra.shot_type",
            "twice",
        ),
        (
            {"shots": SHOTS, "duration": 6, "extra": {"multi_shot": False}},
            "extra.multi_shot",
            "twice",
        ),
        (
            {"extra": {"multi_prompt": [{}]}, "shots": SHOTS, "duration": 6},
            "extra.multi_prompt",
            "twice",
        ),
        ({"extra": {"multi_shot": True}}, "extra.shot_type", "required"),
        ({"extra": {"multi_shot": True, "shot_type": "customize"}}, "extra.multi_prompt", "1 to 6"),
        ({"extra": {"shot_type": "customize"}}, "extra.shot_type", "multi_shot"),
        ({"shots": [Shot(prompt="one", duration=16)]}, "shots", "3 to 15"),
        ({"shots": SHOTS * 3, "duration": 15}, "shots", "18"),
        ({"extra": {"": 1}}, "extra.''", "no such field"),
        ({"extra": {"image_urls": None}}, "extra.image_urls", "null"),
    ],
)
def test_a_problem_lies_where_the_caller_wrote_it(
    fields: dict[str, Any], path: str, words: str
) -> None:
    refused(ask(**fields), path, words)


@pytest.mark.parametrize("role", ["first_frame", "last_frame"])
def test_one_of_each_frame_will_do(role: Any) -> None:
    (problem,) = ask(images=[FIRST, LAST, Image(url=C, role=role)]).problems
    assert problem.path == "images[2].role"
    assert role in problem.message


def test_two_subjects_of_one_name_are_a_problem() -> None:
    (problem,) = ask(prompt="@rex", subjects=[REX, REX]).problems
    assert (problem.path, problem.code) == ("subjects[1].name", "twice")
    assert "subjects[0]" in problem.message


def test_a_subject_that_nobody_cites_is_noted() -> None:
    (note,) = ask(subjects=[REX]).notes
    assert note.path.startswith("subjects[0]")
    assert "rex" in note.message


def test_the_nearest_resolution_comes_first() -> None:
    problem = refused(ask(resolution="8k"), "resolution")
    assert problem.accepted is not None
    assert problem.accepted[0] == "4k"
    assert sorted(problem.accepted) == ["1080p", "4k", "720p"]


def test_a_rule_waits_until_the_words_it_concerns_are_valid() -> None:
    shots = [{"prompt": 5, "duration": 5}]
    for given in ({"shots": shots}, {"shots": shots, "duration": 5}):
        report = check(KLING, given)
        assert [problem.path for problem in report.problems] == ["shots[0].prompt"]


def test_all_problems_at_once() -> None:
    report = ask(
        prompt="", duration=2, resolution="8k", aspect_ratio="2:1", guidance=1, seed=1,
        images=[LAST, Image(url=A, role="reference")], extra={"promt": "x"},
        subjects=[Subject(name="a")],
    )  # fmt: skip
    assert {problem.path for problem in report.problems} == {
        "prompt", "duration", "resolution", "aspect_ratio", "guidance", "seed", "images[0].role",
        "images[1].role", "extra.promt", "subjects[0].description", "subjects[0].images",
    }  # fmt: skip


def test_local_files_have_placeholders(tmp_path: Path) -> None:
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


def test_a_local_file_that_is_named_twice_is_one(tmp_path: Path) -> None:
    path = str(tmp_path / "kite.png")
    subject = Subject(name="rex", description="a dog", images=[path, A])
    report = ask(prompt="@rex", images=[Image(url=path, role="first_frame")], subjects=[subject])
    (upload,) = report.uploads
    assert (upload.origin, upload.also) == ("images[0].url", ("subjects[0].images[0]",))
    body = sent(report)
    assert body["image_urls"] == body["element_list"][0]["element_input_urls"][:1]
