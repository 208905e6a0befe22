"""Payloads with the shape of every example on UniAll's page, and the bytes they become."""

from typing import Any, NamedTuple

import msgspec
import pytest
from rushes import Request
from rushes.plugins import Registry
from rushes.testing import check

REGISTRY = Registry()
MODELS = [
    "kling-v3-pro-audio", "kling-v3-pro-silent", "kling-v3-std-audio", "kling-v3-std-silent",
]  # fmt: skip
BASE = "https://cdn.example.org"


class Example(NamedTuple):
    """A payload as the page prints it, and the expected outcome."""

    payload: dict[str, Any]
    wire: bytes
    mode: str
    notes: list[str]


EXAMPLES = {
    "text": Example(
        {
            "model": "kling-v3-std-silent",
            "prompt": " a slow pan, over roofs. ",
            "aspect_ratio": "16:9",
            "duration": 5,
            "extra_body": {
                "cfg_scale": 0.5,
                "shot_type": "customize",
                "negative_prompt": "haze, ",
            },
        },
        b'{"model":"kling-v3-std-silent","prompt":" a slow pan, over roofs. ",'
        b'"aspect_ratio":"16:9","duration":5,'
        b'"extra_body":{"cfg_scale":0.5,"shot_type":"customize","negative_prompt":"haze, "}}',
        "text",
        [],
    ),
    "image": Example(
        {
            "model": "kling-v3-pro-audio",
            "prompt": ", a bow, and. ",
            "image": f"{BASE}/stage.png",
            "aspect_ratio": "16:9",
            "duration": 6,
            "extra_body": {
                "cfg_scale": 0.6,
                "shot_type": "intelligent",
                "negative_prompt": "noise, ",
            },
        },
        b'{"model":"kling-v3-pro-audio","prompt":", a bow, and. ",'
        b'"image":"https://cdn.example.org/stage.png","aspect_ratio":"16:9","duration":6,'
        b'"extra_body":{"cfg_scale":0.6,"shot_type":"intelligent","negative_prompt":"noise, "}}',
        "frame control",
        ["aspect_ratio"],
    ),
    "first and last frame": Example(
        {
            "model": "kling-v3-pro-silent",
            "prompt": " a door swings, slowly. ",
            "image": f"{BASE}/shut.png",
            "last_image": f"{BASE}/open.png",
            "duration": 8,
            "extra_body": {"cfg_scale": 0.5, "shot_type": "customize"},
        },
        b'{"model":"kling-v3-pro-silent","prompt":" a door swings, slowly. ",'
        b'"image":"https://cdn.example.org/shut.png",'
        b'"last_image":"https://cdn.example.org/open.png","duration":8,'
        b'"extra_body":{"cfg_scale":0.5,"shot_type":"customize"}}',
        "frame control",
        [],
    ),
    "shots": Example(
        {
            "model": "kling-v3-std-audio",
            "image": f"{BASE}/harbour.png",
            "duration": 10,
            "extra_body": {
                "multi_prompt": [{"prompt": "a gull. "}, {"prompt": " a horn. "}],
                "shot_type": "customize",
            },
        },
        b'{"model":"kling-v3-std-audio","image":"https://cdn.example.org/harbour.png",'
        b'"duration":10,"extra_body":{"multi_prompt":[{"prompt":"a gull. "},'
        b'{"prompt":" a horn. "}],"shot_type":"customize"}}',
        "frame control",
        [],
    ),
    "every field": Example(
        {
            "extra_body": {"element_list": [{"any": 1}], "camera": "pan", "cfg_scale": 1},
            "duration": 15,
            "aspect_ratio": "9:16",
            "last_image": f"{BASE}/b.png",
            "image": f"{BASE}/a.png",
            "prompt": "All",
            "model": "kling-v3-std-silent",
        },
        b'{"model":"kling-v3-std-silent","prompt":"All","image":"https://cdn.example.org/a.png",'
        b'"last_image":"https://cdn.example.org/b.png","aspect_ratio":"9:16","duration":15,'
        b'"extra_body":{"element_list":[{"any":1}],"camera":"pan","cfg_scale":1}}',
        "frame control",
        ["aspect_ratio", "extra_body.camera", "extra_body.element_list"],
    ),
    "prompt alone": Example(
        {"model": "kling-v3-std-silent", "prompt": "Roofs"},
        b'{"model":"kling-v3-std-silent","prompt":"Roofs"}',
        "text",
        [],
    ),
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_accepted_and_sent_byte_for_byte(name: str, model: str) -> None:
    example = EXAMPLES[name]
    payload = example.payload | {"model": model}
    report = check(REGISTRY.get(f"uniall/{model}"), Request(extra=payload))
    assert report.problems == ()
    wire = example.wire.replace(example.payload["model"].encode(), model.encode())
    assert msgspec.json.encode(report.payload) == wire
    assert report.transport == {}
    assert report.uploads == ()
    assert report.input_mode == example.mode
    assert sorted(note.path for note in report.notes) == example.notes


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("other", MODELS)
def test_a_variant_is_one_model(model: str, other: str) -> None:
    report = check(REGISTRY.get(f"uniall/{model}"), Request(extra={"model": other, "prompt": "A"}))
    if model == other:
        assert report.problems == ()
    else:
        (problem,) = report.problems
        assert problem.path == "model"
        assert problem.accepted == [model]
