"""Mapping portable requests to ToAPIs' payloads: images and roles, shared objects, field order."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from rushes import Image, Report, Request
from rushes.plugins import Registry
from rushes.testing import check

REGISTRY = Registry()
V3, OMNI, V2_6 = "toapis/kling-v3", "toapis/kling-v3-omni", "toapis/kling-v2-6"
ALL = (V3, OMNI, V2_6)
A, B, C = (f"https://cdn.example.org/{name}.png" for name in "abc")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)
CITE = {V3: "", V2_6: "", OMNI: "<<<image_1>>> "}
"""The beginning of a prompt if an image is given."""


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


FRAMES = [Image(url=B, role="last_frame"), Image(url=A, role="first_frame")]
REFERENCES = [Image(url=A, role="reference"), Image(url=B, role="reference")]
ROLES = [{"url": B, "role": "last_frame"}, {"url": A, "role": "first_frame"}]


@pytest.mark.parametrize(
    ("variants", "fields", "body"),
    [
        ((V3, V2_6), {"images": FRAMES}, {"image_with_roles": ROLES}),
        (
            (V3, V2_6),
            {"images": [REFERENCES[0], *FRAMES]},
            {"reference_images": [A], "image_with_roles": ROLES},
        ),
        (
            (V3, V2_6),
            {"images": REFERENCES, "extra": {"reference_images": []}},
            {"reference_images": [A, B]},
        ),
        (
            (V3,),
            {"watermark": False, "negative_prompt": "fog"},
            {"metadata": {"negative_prompt": "fog", "watermark": False}},
        ),
        (
            (V3,),
            {"watermark": True, "extra": {"metadata": {"a": 1}}},
            {"metadata": {"watermark": True, "a": 1}},
        ),
    ],
)
def test_fields_that_share_an_object_are_merged(
    variants: tuple[str, ...], fields: Any, body: Any
) -> None:
    for variant in variants:
        got = sent(variant, **fields)
        if "image_with_roles" in got:  # the roles say which is which, in any order
            got["image_with_roles"].sort(key=lambda item: item["role"], reverse=True)
        assert got == body


@pytest.mark.parametrize("variant", ALL)
def test_fields_are_sent_in_the_order_of_the_page(variant: str) -> None:
    report = ask(variant, images=REFERENCES[:1], duration=5, resolution="720p", aspect_ratio="1:1")
    images = b"image_urls" if variant == OMNI else b"reference_images"
    assert msgspec.json.encode(report.payload) == (
        b'{"model":"%s","prompt":"%sA kite","mode":"std","duration":5,"aspect_ratio":"1:1",'
        b'"%s":["https://cdn.example.org/a.png"]}'
        % (variant.partition("/")[2].encode(), CITE[variant].encode(), images)
    )


@pytest.mark.parametrize("variant", [V3, V2_6])
def test_frames_obey_the_rules(variant: str) -> None:
    (problem,) = ask(variant, images=[REFERENCES[0], FRAMES[0]]).problems
    assert problem.path == "images[1].role"
    (problem,) = ask(variant, images=[*FRAMES, Image(url=C, role="first_frame")]).problems
    assert problem.path == "images[2].role"


@pytest.mark.parametrize("variant", ALL)
@pytest.mark.parametrize("absolute", [True, False])
def test_a_local_file_becomes_a_placeholder(
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
