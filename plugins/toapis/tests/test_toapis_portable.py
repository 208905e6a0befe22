"""From a request in common words to ToAPIs' payloads."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from rushes import Image, Problem, Report, Request, Shot, Subject
from rushes.plugins import Registry
from rushes.testing import check

REGISTRY = Registry()
V3, OMNI, V2_6 = "toapis/kling-v3", "toapis/kling-v3-omni", "toapis/kling-v2-6"
ALL = (V3, OMNI, V2_6)
A, B, C = (f"https://cdn.example.org/{name}.png" for name in "abc")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)
CITE = {V3: "", V2_6: "", OMNI: "<<<image_1>>> "}
"""How the prompt begins where an image is given."""


def ask(variant: str, **fields: Any) -> Report:
    return check(REGISTRY.get(variant), Request(**{"prompt": "A kite", **fields}))


def sent(variant: str, **fields: Any) -> Any:
    """Return what would be sent besides model and prompt, as JSON."""
    report = ask(variant, **fields)
    assert report.problems == ()
    body = msgspec.json.decode(msgspec.json.encode(report.payload))
    assert body.pop("model") == variant.partition("/")[2]
    assert body.pop("prompt").endswith(fields.get("prompt", "A kite"))
    return body


def refused(report: Report, path: str, *words: str) -> Problem:
    """Return the one problem of a report, which lies at `path` and names its page."""
    assert [problem.path for problem in report.problems] == [path]
    problem = report.problems[0]
    assert all(word in problem.message for word in words), problem.message
    assert problem.source is not None
    assert problem.source.url.startswith("https://docs.toapis.com/")
    return problem


FRAMES = [Image(url=B, role="last_frame"), Image(url=A, role="first_frame")]
REFERENCES = [Image(url=A, role="reference"), Image(url=B, role="reference")]
ROLES = [{"url": B, "role": "last_frame"}, {"url": A, "role": "first_frame"}]


@pytest.mark.parametrize(
    ("variants", "fields", "body"),
    [
        (ALL, {}, {}),
        (ALL, {"duration": 10}, {"duration": 10}),
        (ALL, {"aspect_ratio": "9:16"}, {"aspect_ratio": "9:16"}),
        (ALL, {"resolution": "720p"}, {"mode": "std"}),
        (ALL, {"resolution": "1080p"}, {"mode": "pro"}),
        (ALL, {"images": [], "shots": [], "subjects": (), "extra": {}}, {}),
        ((V3,), {"duration": 15}, {"duration": 15}),
        ((V3, V2_6), {"audio": False}, {"audio": False}),
        ((V3,), {"audio": True}, {"audio": True}),
        ((V3,), {"audio": True, "resolution": "720p"}, {"audio": True, "mode": "std"}),
        ((V2_6,), {"audio": True, "resolution": "1080p"}, {"audio": True, "mode": "pro"}),
        ((OMNI,), {"audio": False}, {}),
        ((V3,), {"negative_prompt": "fog"}, {"metadata": {"negative_prompt": "fog"}}),
        ((V3,), {"watermark": True}, {"metadata": {"watermark": True}}),
        (
            (V3,),
            {"watermark": False, "negative_prompt": "fog"},
            {"metadata": {"negative_prompt": "fog", "watermark": False}},
        ),
        ((V2_6,), {"negative_prompt": "fog"}, {"negative_prompt": "fog"}),
        ((V2_6,), {"watermark": False}, {"watermark": False}),
        ((V3, V2_6), {"images": REFERENCES}, {"reference_images": [A, B]}),
        ((OMNI,), {"images": REFERENCES}, {"image_urls": [A, B]}),
        ((V3, V2_6), {"images": FRAMES}, {"image_with_roles": ROLES}),
        (
            (V3, V2_6),
            {"images": [REFERENCES[0], *FRAMES]},
            {"reference_images": [A], "image_with_roles": ROLES},
        ),
        (ALL, {"extra": {"mode": "pro"}}, {"mode": "pro"}),
        ((V3,), {"extra": {"metadata": {"a": 1}}}, {"metadata": {"a": 1}}),
        ((V3,), {"extra": {"metadata": {"negative_prompt": ""}}}, {}),
        ((V3,), {"negative_prompt": "", "images": [], "extra": {"reference_images": []}}, {}),
        ((V3, V2_6), {"images": REFERENCES, "extra": {"reference_images": []}},
         {"reference_images": [A, B]}),
        ((OMNI,), {"negative_prompt": "", "extra": {"image_urls": []}}, {}),
        (ALL, {"duration": 10.0}, {"duration": 10}),
        (
            (V3,),
            {"watermark": True, "extra": {"metadata": {"a": 1}}},
            {"metadata": {"watermark": True, "a": 1}},
        ),
    ],
)  # fmt: skip
def test_a_field_is_carried(variants: tuple[str, ...], fields: Any, body: Any) -> None:
    for variant in variants:
        got = sent(variant, **fields)
        if "image_with_roles" in body:  # the roles say which is which; the order is free
            got["image_with_roles"].sort(key=lambda item: item["role"], reverse=True)
            wanted = sorted(body["image_with_roles"], key=lambda item: item["role"], reverse=True)
            body = body | {"image_with_roles": wanted}
        assert got == body
        paths = [note.path for note in ask(variant, **fields).notes]
        expected = ["extra.metadata.a"] if "a" in body.get("metadata", {}) else []
        assert paths == expected + ["prompt"] * (variant == OMNI and "image_urls" in body)


@pytest.mark.parametrize("variant", ALL)
def test_what_is_carried_is_sent_in_the_order_of_the_page(variant: str) -> None:
    report = ask(variant, images=REFERENCES[:1], duration=5, resolution="720p", aspect_ratio="1:1")
    images = b"image_urls" if variant == OMNI else b"reference_images"
    assert msgspec.json.encode(report.payload) == (
        b'{"model":"%s","prompt":"%sA kite","mode":"std","duration":5,"aspect_ratio":"1:1",'
        b'"%s":["https://cdn.example.org/a.png"]}'
        % (variant.partition("/")[2].encode(), CITE[variant].encode(), images)
    )


@pytest.mark.parametrize(
    ("variants", "fields", "path", "words"),
    [
        (ALL, {"prompt": None, "duration": 5}, "prompt", "required"),
        (ALL, {"prompt": " \u3000"}, "prompt", "blank"),
        (ALL, {"duration": 7}, "duration", "nearest: 5"),
        (ALL, {"duration": 5.5}, "duration", "5, 10"),
        ((OMNI, V2_6), {"duration": 15}, "duration", "nearest: 10"),
        ((V3,), {"duration": 15, "images": REFERENCES}, "duration", "10"),
        (ALL, {"aspect_ratio": "4:3"}, "aspect_ratio", "16:9"),
        (ALL, {"resolution": "4k"}, "resolution", "1080p"),
        (ALL, {"resolution": "480p"}, "resolution", "720p"),
        (ALL, {"resolution": "pro"}, "resolution", "1080p"),
        ((OMNI,), {"audio": True}, "audio", "false"),
        ((OMNI,), {"negative_prompt": "fog"}, "negative_prompt", ""),
        ((OMNI,), {"watermark": True}, "watermark", ""),
        ((V2_6,), {"audio": True}, "audio", "pro"),
        ((V2_6,), {"audio": True, "resolution": "720p"}, "audio", "pro"),
        ((V2_6,), {"prompt": "a" * 2501}, "prompt", "2500"),
        ((OMNI,), {"images": FRAMES[1:]}, "images[0].role", "reference"),
        ((OMNI,), {"images": [*REFERENCES, *FRAMES[1:]]}, "images[2].role", "reference"),
        (ALL, {"shots": [Shot(prompt="one", duration=5)]}, "shots", ""),
        (ALL, {"subjects": [Subject(name="Ada", description="d", images=[A, B])]}, "subjects", ""),
        (ALL, {"guidance": 0.5}, "guidance", ""),
        (ALL, {"guidance": 0.0}, "guidance", ""),
        (ALL, {"seed": 0}, "seed", ""),
        (ALL, {"extra": {"mode": "4k"}}, "extra.mode", "std"),
        (ALL, {"extra": {"promt": "x"}}, "extra.promt", "prompt"),
        (ALL, {"extra": {"model": "kling-v1"}}, "extra.model", "kling"),
        (
            (V3, V2_6),
            {"extra": {"image_with_roles": [{"url": "x", "role": "first_frame"}]}},
            "extra.image_with_roles[0].url",
            "http",
        ),
        ((V3,), {"extra": {"metadata": {"watermark": 1}}}, "extra.metadata.watermark", "true"),
        ((V3,), {"extra": {"metadata": {"watermark": None}}}, "extra.metadata.watermark", "null"),
        (
            (V3,),
            {"negative_prompt": "fog", "extra": {"metadata": {"watermark": None}}},
            "extra.metadata.watermark",
            "null",
        ),
        ((V3,), {"negative_prompt": "fog", "extra": {"metadata": 5}}, "extra.metadata", "object"),
        (ALL, {"extra": {"": 1}}, "extra.''", "no such field"),
    ],
)
def test_a_problem_lies_where_the_caller_wrote_it(
    variants: tuple[str, ...], fields: dict[str, Any], path: str, words: str
) -> None:
    for variant in variants:
        refused(ask(variant, **fields), path, words)


@pytest.mark.parametrize("variant", ALL)
def test_the_nearest_resolution_comes_first(variant: str) -> None:
    assert refused(ask(variant, resolution="4k"), "resolution").accepted == ["1080p", "720p"]
    assert refused(ask(variant, resolution="480p"), "resolution").accepted == ["720p", "1080p"]


@pytest.mark.parametrize("variant", [V3, V2_6])
def test_frames_keep_to_the_rules(variant: str) -> None:
    (problem,) = ask(variant, images=[REFERENCES[0], FRAMES[0]]).problems
    assert problem.path == "images[1].role"
    (problem,) = ask(variant, images=[*FRAMES, Image(url=C, role="first_frame")]).problems
    assert problem.path == "images[2].role"


@pytest.mark.parametrize("variant", ALL)
def test_an_address_is_judged_where_it_was_written(variant: str) -> None:
    images = [REFERENCES[0], Image(url="https://10.0.0.1/a.png", role="reference")]
    refused(ask(variant, images=images), "images[1].url", "10.0.0.1")


@pytest.mark.parametrize(
    ("variant", "fields", "path"),
    [
        (V3, {"prompt": "one", "extra": {"prompt": "two"}}, "extra.prompt"),
        (OMNI, {"prompt": "one", "extra": {"prompt": "one"}}, "extra.prompt"),
        (V3, {"resolution": "720p", "extra": {"mode": "pro"}}, "extra.mode"),
        (V2_6, {"resolution": "720p", "extra": {"mode": "std"}}, "extra.mode"),
        (V3, {"duration": 5, "extra": {"duration": 5}}, "extra.duration"),
        (V3, {"images": REFERENCES, "extra": {"reference_images": [C]}}, "extra.reference_images"),
        (V3, {"images": FRAMES, "extra": {"image_with_roles": ROLES}}, "extra.image_with_roles"),
        (OMNI, {"images": REFERENCES, "extra": {"image_urls": [C]}}, "extra.image_urls"),
        (
            V3,
            {"watermark": True, "extra": {"metadata": {"watermark": True}}},
            "extra.metadata.watermark",
        ),
        (V2_6, {"watermark": True, "extra": {"watermark": False}}, "extra.watermark"),
    ],
)
def test_a_field_named_twice_is_a_problem(variant: str, fields: Any, path: str) -> None:
    refused(ask(variant, **fields), path, "twice")


@pytest.mark.parametrize("variant", ALL)
@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"prompt": 5}, "prompt"),
        ({"prompt": "A kite", "duration": "5"}, "duration"),
        ({"prompt": "A kite", "durations": 5}, "durations"),
        ({"prompt": "A kite", "images": [{"url": A, "role": "hero"}]}, "images[0].role"),
        ({"prompt": "A kite", "images": [{"url": A}]}, "images[0].role"),
        ({"prompt": "A kite", "images": A}, "images"),
        ({"prompt": "A kite", "extra": 5}, "extra"),
    ],
)
def test_a_request_is_judged_by_its_own_words(variant: str, given: Any, path: str) -> None:
    report = check(REGISTRY.get(variant), given)
    assert [problem.path for problem in report.problems] == [path]


@pytest.mark.parametrize("resolution", ["8k", "pro"])
def test_a_rule_waits_until_the_words_it_concerns_are_valid(resolution: str) -> None:
    refused(ask(V2_6, resolution=resolution, audio=True), "resolution")


def test_all_problems_at_once() -> None:
    report = ask(
        OMNI, prompt="", duration=7, resolution="8k", aspect_ratio="2:1", negative_prompt="fog",
        images=[Image(url="https://localhost/a.png", role="reference"), FRAMES[0]],
        shots=[Shot(prompt="one")], subjects=[Subject(name="Ada")], audio=True, watermark=True,
        guidance=0.5, seed=1, extra={"promt": "x"},
    )  # fmt: skip
    assert {problem.path for problem in report.problems} == {
        "prompt", "duration", "resolution", "aspect_ratio", "negative_prompt", "images[0].url",
        "images[1].role", "shots", "subjects", "audio", "watermark", "guidance", "seed",
        "extra.promt",
    }  # fmt: skip
    assert all(problem.source for problem in report.problems)


@pytest.mark.parametrize("variant", ALL)
@pytest.mark.parametrize("absolute", [True, False])
def test_a_local_file_has_a_placeholder(
    variant: str, absolute: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my lamp.png").write_bytes(PNG)
    monkeypatch.chdir(tmp_path)
    path = str(tmp_path / "my lamp.png") if absolute else "my lamp.png"
    images = [Image(url=A, role="reference"), Image(url=path, role="reference")]
    report = ask(variant, images=images)
    assert report.problems == ()
    (upload,) = report.uploads
    assert (upload.path, upload.origin) == (path, "images[1].url")
    body = msgspec.json.decode(msgspec.json.encode(report.payload))
    field = "image_urls" if variant == OMNI else "reference_images"
    assert body[field] == [A, upload.placeholder]
    assert path not in str(body)


@pytest.mark.parametrize("variant", ALL)
def test_a_local_file_is_no_address_in_a_native_field(variant: str, tmp_path: Path) -> None:
    (tmp_path / "lamp.png").write_bytes(PNG)
    field = "image_urls" if variant == OMNI else "reference_images"
    report = ask(variant, extra={field: [str(tmp_path / "lamp.png")]})
    refused(report, f"extra.{field}[0]", "http")
