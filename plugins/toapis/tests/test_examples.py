"""Payloads with the shape of every example on ToAPIs' three pages, and the bytes they become."""

from typing import Any, NamedTuple

import msgspec
import pytest
from rushes import Report, Request
from rushes.plugins import Registry
from rushes.testing import check

REGISTRY = Registry()
BASE = "https://cdn.example.org"


class Example(NamedTuple):
    """A payload as its page prints it, and the expected outcome."""

    variant: str
    payload: dict[str, Any]
    wire: bytes
    mode: str


def native(example: Example) -> Report:
    return check(REGISTRY.get(example.variant), Request(extra=example.payload))


V3 = {
    "text": Example(
        "toapis/kling-v3",
        {
            "model": "kling-v3",
            "prompt": "Paper boats drift under a stone bridge",
            "mode": "std",
            "duration": 5,
            "aspect_ratio": "16:9",
        },
        b'{"model":"kling-v3","prompt":"Paper boats drift under a stone bridge",'
        b'"mode":"std","duration":5,"aspect_ratio":"16:9"}',
        "text",
    ),
    "reference": Example(
        "toapis/kling-v3",
        {
            "model": "kling-v3",
            "prompt": "The potter looks up",
            "reference_images": [f"{BASE}/potter.jpg"],
            "mode": "std",
            "duration": 5,
        },
        b'{"model":"kling-v3","prompt":"The potter looks up","mode":"std","duration":5,'
        b'"reference_images":["https://cdn.example.org/potter.jpg"]}',
        "reference",
    ),
    "frames": Example(
        "toapis/kling-v3",
        {
            "model": "kling-v3",
            "prompt": "Winter turns to spring",
            "image_with_roles": [
                {"url": f"{BASE}/snow.jpg", "role": "first_frame"},
                {"url": f"{BASE}/bloom.jpg", "role": "last_frame"},
            ],
            "mode": "pro",
            "duration": 5,
        },
        b'{"model":"kling-v3","prompt":"Winter turns to spring","mode":"pro","duration":5,'
        b'"image_with_roles":[{"url":"https://cdn.example.org/snow.jpg","role":"first_frame"},'
        b'{"url":"https://cdn.example.org/bloom.jpg","role":"last_frame"}]}',
        "frame control",
    ),
    "mixed": Example(
        "toapis/kling-v3",
        {
            "model": "kling-v3",
            "prompt": "Same face, new room",
            "reference_images": [f"{BASE}/face.jpg"],
            "image_with_roles": [
                {"url": f"{BASE}/hall.jpg", "role": "first_frame"},
                {"url": f"{BASE}/attic.jpg", "role": "last_frame"},
            ],
            "mode": "pro",
            "duration": 5,
        },
        b'{"model":"kling-v3","prompt":"Same face, new room","mode":"pro","duration":5,'
        b'"reference_images":["https://cdn.example.org/face.jpg"],'
        b'"image_with_roles":[{"url":"https://cdn.example.org/hall.jpg","role":"first_frame"},'
        b'{"url":"https://cdn.example.org/attic.jpg","role":"last_frame"}]}',
        "mixed",
    ),
    "audio": Example(
        "toapis/kling-v3",
        {
            "model": "kling-v3",
            "prompt": "A blacksmith at the anvil",
            "mode": "std",
            "duration": 5,
            "audio": True,
        },
        b'{"model":"kling-v3","prompt":"A blacksmith at the anvil",'
        b'"mode":"std","duration":5,"audio":true}',
        "text",
    ),
    "every field": Example(
        "toapis/kling-v3",
        {
            "model": "kling-v3",
            "prompt": "Everything",
            "mode": "pro",
            "duration": 10,
            "aspect_ratio": "1:1",
            "reference_images": [f"{BASE}/a.png"],
            "image_with_roles": [{"url": f"{BASE}/b.png", "role": "reference_image"}],
            "audio": True,
            "metadata": {"negative_prompt": "fog", "watermark": True},
        },
        b'{"model":"kling-v3","prompt":"Everything","mode":"pro","duration":10,'
        b'"aspect_ratio":"1:1","reference_images":["https://cdn.example.org/a.png"],'
        b'"image_with_roles":[{"url":"https://cdn.example.org/b.png","role":"reference_image"}],'
        b'"audio":true,"metadata":{"negative_prompt":"fog","watermark":true}}',
        "mixed",
    ),
}


def as_v2_6(example: Example) -> Example:
    """Rewrite an example that both pages share."""
    return Example(
        "toapis/kling-v2-6",
        example.payload | {"model": "kling-v2-6"},
        example.wire.replace(b"kling-v3", b"kling-v2-6"),
        example.mode,
    )


V2_6 = {
    **{name: as_v2_6(V3[name]) for name in ("text", "reference", "frames", "mixed")},
    "audio in pro": Example(
        "toapis/kling-v2-6",
        {
            "model": "kling-v2-6",
            "prompt": "Rain on a tin roof",
            "mode": "pro",
            "duration": 10,
            "audio": True,
            "aspect_ratio": "16:9",
        },
        b'{"model":"kling-v2-6","prompt":"Rain on a tin roof","mode":"pro","duration":10,'
        b'"aspect_ratio":"16:9","audio":true}',
        "text",
    ),
    "every field": Example(
        "toapis/kling-v2-6",
        {
            "model": "kling-v2-6",
            "prompt": "Everything",
            "mode": "pro",
            "duration": 5,
            "aspect_ratio": "9:16",
            "reference_images": [f"{BASE}/a.png"],
            "image_with_roles": [{"url": f"{BASE}/b.png", "role": "first_frame"}],
            "negative_prompt": "fog",
            "audio": True,
            "watermark": False,
        },
        b'{"model":"kling-v2-6","prompt":"Everything","mode":"pro","duration":5,'
        b'"aspect_ratio":"9:16","reference_images":["https://cdn.example.org/a.png"],'
        b'"image_with_roles":[{"url":"https://cdn.example.org/b.png","role":"first_frame"}],'
        b'"negative_prompt":"fog","audio":true,"watermark":false}',
        "mixed",
    ),
}

OMNI = {
    "text": Example(
        "toapis/kling-v3-omni",
        {
            "model": "kling-v3-omni",
            "prompt": "A heron lands",
            "mode": "std",
            "duration": 5,
            "aspect_ratio": "16:9",
        },
        b'{"model":"kling-v3-omni","prompt":"A heron lands","mode":"std","duration":5,'
        b'"aspect_ratio":"16:9"}',
        "text",
    ),
    "one image": Example(
        "toapis/kling-v3-omni",
        {
            "model": "kling-v3-omni",
            "prompt": "Let <<<image_1>>> bow",
            "image_urls": [f"{BASE}/actor.jpg"],
            "mode": "pro",
            "duration": 5,
        },
        b'{"model":"kling-v3-omni","prompt":"Let <<<image_1>>> bow","mode":"pro","duration":5,'
        b'"image_urls":["https://cdn.example.org/actor.jpg"]}',
        "reference",
    ),
    "one image with a ratio": Example(
        "toapis/kling-v3-omni",
        {
            "model": "kling-v3-omni",
            "prompt": "Let <<<image_1>>> bow",
            "image_urls": [f"{BASE}/actor.jpg"],
            "mode": "std",
            "duration": 5,
            "aspect_ratio": "16:9",
        },
        b'{"model":"kling-v3-omni","prompt":"Let <<<image_1>>> bow","mode":"std","duration":5,'
        b'"aspect_ratio":"16:9","image_urls":["https://cdn.example.org/actor.jpg"]}',
        "reference",
    ),
    "two images": Example(
        "toapis/kling-v3-omni",
        {
            "model": "kling-v3-omni",
            "prompt": "<<<image_1>>> enters <<<image_2>>>",
            "image_urls": [f"{BASE}/fox.jpg", f"{BASE}/forest.jpg"],
            "mode": "pro",
            "duration": 5,
        },
        b'{"model":"kling-v3-omni","prompt":"<<<image_1>>> enters <<<image_2>>>","mode":"pro",'
        b'"duration":5,"image_urls":["https://cdn.example.org/fox.jpg",'
        b'"https://cdn.example.org/forest.jpg"]}',
        "reference",
    ),
    "an image that the prompt does not cite": Example(
        "toapis/kling-v3-omni",
        {
            "model": "kling-v3-omni",
            "prompt": "A slow nod",
            "image_urls": [f"{BASE}/actor.jpg"],
            "mode": "std",
            "duration": 5,
        },
        b'{"model":"kling-v3-omni","prompt":"<<<image_1>>> A slow nod","mode":"std",'
        b'"duration":5,"image_urls":["https://cdn.example.org/actor.jpg"]}',
        "reference",
    ),
}

EXAMPLES = [
    pytest.param(example, id=f"{example.variant} {name}")
    for examples in (V3, V2_6, OMNI)
    for name, example in examples.items()
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_accepted_and_sent_byte_for_byte(example: Example) -> None:
    report = native(example)
    assert report.problems == ()
    assert msgspec.json.encode(report.payload) == example.wire
    assert report.input_mode == example.mode
    assert report.transport == {}
    assert report.uploads == ()


def test_a_note_names_the_tag_that_the_gateway_would_add() -> None:
    notes = native(OMNI["an image that the prompt does not cite"]).notes
    assert [note.path for note in notes if "<<<image_1>>>" in note.message] == ["prompt"]


@pytest.mark.parametrize("name", [name for name in OMNI if "not cite" not in name])
def test_a_prompt_that_needs_no_tag_gets_no_note_about_it(name: str) -> None:
    assert all(note.path != "prompt" for note in native(OMNI[name]).notes)


def test_an_image_may_override_the_ratio_of_omni() -> None:
    assert [note.path for note in native(OMNI["one image with a ratio"]).notes] == ["aspect_ratio"]
    assert native(OMNI["one image"]).notes == ()
    assert native(OMNI["text"]).notes == ()


@pytest.mark.parametrize("example", [*V3.values(), *V2_6.values()])
def test_examples_of_the_other_two_get_no_notes(example: Example) -> None:
    assert native(example).notes == ()
