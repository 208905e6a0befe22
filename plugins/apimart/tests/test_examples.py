"""Payloads for every use case on APIMart's page, and the bytes they become."""

from typing import Any, NamedTuple

import msgspec
import pytest
from rushes import Request
from rushes.plugins import Registry
from rushes.testing import check

KLING = Registry().get("apimart/kling-v3")
BASE = "https://cdn.example.org"


class Example(NamedTuple):
    """A payload as the page would print it, and the expected outcome."""

    payload: dict[str, Any]
    wire: bytes
    mode: str
    cost: float | None


EXAMPLES = {
    "1 text, standard": Example(
        {
            "model": "kling-v3",
            "prompt": "A tram climbs a hill",
            "mode": "std",
            "duration": 5,
            "aspect_ratio": "16:9",
        },
        b'{"model":"kling-v3","prompt":"A tram climbs a hill","mode":"std","duration":5,'
        b'"aspect_ratio":"16:9"}',
        "text",
        5 * 0.0672,
    ),
    "2 text, professional, negative prompt": Example(
        {
            "model": "kling-v3",
            "prompt": "A tram climbs a hill",
            "negative_prompt": "rain",
            "mode": "pro",
            "duration": 10,
            "aspect_ratio": "16:9",
        },
        b'{"model":"kling-v3","prompt":"A tram climbs a hill","mode":"pro","duration":10,'
        b'"aspect_ratio":"16:9","negative_prompt":"rain"}',
        "text",
        10 * 0.0896,
    ),
    "3 text, fifteen seconds": Example(
        {"model": "kling-v3", "prompt": "A tram climbs a hill", "mode": "std", "duration": 15},
        b'{"model":"kling-v3","prompt":"A tram climbs a hill","mode":"std","duration":15}',
        "text",
        15 * 0.0672,
    ),
    "4 first frame": Example(
        {
            "model": "kling-v3",
            "prompt": "The tram departs",
            "image_urls": [f"{BASE}/stop.jpg"],
            "mode": "std",
            "duration": 5,
        },
        b'{"model":"kling-v3","prompt":"The tram departs","mode":"std","duration":5,'
        b'"image_urls":["https://cdn.example.org/stop.jpg"]}',
        "frame control",
        5 * 0.0672,
    ),
    "5 first and last frame": Example(
        {
            "model": "kling-v3",
            "prompt": "The tram arrives",
            "image_urls": [f"{BASE}/stop.jpg", f"{BASE}/depot.jpg"],
            "mode": "pro",
            "duration": 5,
        },
        b'{"model":"kling-v3","prompt":"The tram arrives","mode":"pro","duration":5,'
        b'"image_urls":["https://cdn.example.org/stop.jpg","https://cdn.example.org/depot.jpg"]}',
        "frame control",
        5 * 0.0896,
    ),
    "6 audio": Example(
        {
            "model": "kling-v3",
            "prompt": "The bell of a tram",
            "mode": "pro",
            "duration": 5,
            "audio": True,
        },
        b'{"model":"kling-v3","prompt":"The bell of a tram","mode":"pro","duration":5,'
        b'"audio":true}',
        "text",
        5 * 0.112,
    ),
    "7 storyboard, fifteen seconds, portrait, audio": Example(
        {
            "model": "kling-v3",
            "mode": "pro",
            "duration": 15,
            "aspect_ratio": "9:16",
            "audio": True,
            "multi_shot": True,
            "shot_type": "customize",
            "multi_prompt": [
                {"index": 1, "prompt": "The depot at dawn", "duration": 4},
                {"index": 2, "prompt": "The driver yawns", "duration": 5},
                {"index": 3, "prompt": "The first stop", "duration": 6},
            ],
        },
        b'{"model":"kling-v3","mode":"pro","duration":15,"aspect_ratio":"9:16","audio":true,'
        b'"multi_shot":true,"shot_type":"customize","multi_prompt":['
        b'{"index":1,"prompt":"The depot at dawn","duration":4},'
        b'{"index":2,"prompt":"The driver yawns","duration":5},'
        b'{"index":3,"prompt":"The first stop","duration":6}]}',
        "text",
        15 * 0.112,
    ),
    "4k": Example(
        {"model": "kling-v3", "prompt": "A tram", "mode": "4k", "duration": 3, "audio": False},
        b'{"model":"kling-v3","prompt":"A tram","mode":"4k","duration":3,"audio":false}',
        "text",
        3 * 0.429,
    ),
    "subjects": Example(
        {
            "model": "kling-v3",
            "prompt": "@rex chases @tom",
            "element_list": [
                {
                    "name": "rex",
                    "description": "a dog",
                    "element_input_urls": [f"{BASE}/r1.jpg", f"{BASE}/r2.jpg"],
                },
                {
                    "name": "tom",
                    "description": "a cat",
                    "element_input_urls": [f"{BASE}/t1.jpg", f"{BASE}/t2.jpg"],
                },
            ],
        },
        b'{"model":"kling-v3","prompt":"@rex chases @tom","element_list":['
        b'{"name":"rex","description":"a dog","element_input_urls":'
        b'["https://cdn.example.org/r1.jpg","https://cdn.example.org/r2.jpg"]},'
        b'{"name":"tom","description":"a cat","element_input_urls":'
        b'["https://cdn.example.org/t1.jpg","https://cdn.example.org/t2.jpg"]}]}',
        "text",
        5 * 0.0672,
    ),
    "every field, in an order of its own": Example(
        {
            "element_list": [],
            "multi_prompt": [{"duration": 5, "prompt": "One", "index": 1}],
            "shot_type": "customize",
            "multi_shot": True,
            "audio": True,
            "watermark": False,
            "image_urls": [f"{BASE}/a.png"],
            "negative_prompt": "rain",
            "aspect_ratio": "1:1",
            "duration": 5,
            "mode": "pro",
            "prompt": "All",
            "model": "kling-v3",
        },
        b'{"model":"kling-v3","prompt":"All","mode":"pro","duration":5,"aspect_ratio":"1:1",'
        b'"negative_prompt":"rain","image_urls":["https://cdn.example.org/a.png"],'
        b'"watermark":false,"audio":true,"multi_shot":true,"shot_type":"customize",'
        b'"multi_prompt":[{"index":1,"prompt":"One","duration":5}],"element_list":[]}',
        "frame control",
        5 * 0.112,
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_accepted_and_sent_byte_for_byte(name: str) -> None:
    example = EXAMPLES[name]
    report = check(KLING, Request(extra=example.payload))
    assert report.problems == ()
    assert msgspec.json.encode(report.payload) == example.wire
    assert report.transport == {}
    assert report.input_mode == example.mode


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_costs_what_was_observed(name: str) -> None:
    example = EXAMPLES[name]
    assert check(KLING, Request(extra=example.payload)).cost == pytest.approx(example.cost)


@pytest.mark.parametrize("name", EXAMPLES)
def test_only_examples_whose_image_may_set_the_ratio_get_a_note(name: str) -> None:
    payload = EXAMPLES[name].payload
    notes = [note.path for note in check(KLING, Request(extra=payload)).notes]
    both = "image_urls" in payload and "aspect_ratio" in payload
    assert notes == ["aspect_ratio"] * both
