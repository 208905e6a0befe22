"""Payloads with the shapes that Runway's reference shows, and the bytes they become."""

from typing import Any

import msgspec
import pytest
from rushes import Image, Report, Request, Shot
from rushes.plugins import Registry
from rushes.testing import check

REGISTRY = Registry()
GEN, STANDARD, PRO = "runway/gen4.5", "runway/kling3.0_standard", "runway/kling3.0_pro"
A, B = (f"https://cdn.example.org/{name}.png" for name in "ab")
BUNNY = {"model": "gen4.5", "promptText": "A bunny", "ratio": "1280:720", "duration": 5}
KLING = {"model": "kling3.0_pro", "promptText": "A bunny", "ratio": "1920:1080"}


def ask(variant: str, **fields: Any) -> Report:
    return check(REGISTRY.get(variant), Request(**fields))


def sent(report: Report) -> Any:
    assert report.problems == ()
    return msgspec.json.decode(msgspec.json.encode(report.payload))


@pytest.mark.parametrize(
    ("variant", "payload", "mode"),
    [
        (GEN, BUNNY, "text"),
        (GEN, {**BUNNY, "seed": 42, "outputFormat": "hdr10"}, "text"),
        (GEN, {**BUNNY, "promptImage": A, "ratio": "960:960"}, "frame control"),
        (GEN, {**BUNNY, "contentModeration": {"publicFigureThreshold": "low"}}, "text"),
        (PRO, KLING, "text"),
        (PRO, {**KLING, "audio": True, "duration": 10, "cfgScale": 0.5}, "text"),
        (PRO, {**KLING, "promptImage": [{"uri": A, "position": "first"}]}, "frame control"),
        (
            PRO,
            {
                "model": "kling3.0_pro",
                "promptImage": [
                    {"uri": A, "position": "first"},
                    {"uri": B, "position": "last"},
                ],
            },
            None,
        ),
        (
            PRO,
            {
                "model": "kling3.0_pro",
                "ratio": "1440:1440",
                "providerSettings": {
                    "shotType": "customize",
                    "multiPrompt": [
                        {"prompt": "It wakes", "duration": 2},
                        {"prompt": "It runs", "duration": 3},
                    ],
                },
            },
            "text",
        ),
    ],
)
def test_a_native_payload_is_sent_as_it_is(
    variant: str, payload: dict[str, Any], mode: str | None
) -> None:
    report = ask(variant, extra=payload)
    if mode is None:  # a prompt or shots are needed with frames too
        assert [problem.path for problem in report.problems] == ["promptText"]
        return
    assert sent(report) == payload
    assert report.input_mode == mode


def test_a_request_becomes_the_documented_body() -> None:
    report = ask(GEN, prompt="A bunny", duration=5, aspect_ratio="16:9", seed=7)
    assert msgspec.json.encode(report.payload) == (
        b'{"model":"gen4.5","promptText":"A bunny","ratio":"1280:720","duration":5,"seed":7}'
    )


def test_frames_and_shots_of_kling() -> None:
    images = [Image(url=B, role="last_frame"), Image(url=A, role="first_frame")]
    body = sent(ask(STANDARD, prompt="Snow", duration=4, images=images, audio=False, guidance=0.2))
    assert sorted(body.pop("promptImage"), key=lambda image: image["position"]) == [
        {"uri": A, "position": "first"},
        {"uri": B, "position": "last"},
    ]
    assert body == {
        "model": "kling3.0_standard",
        "promptText": "Snow",
        "duration": 4,
        "audio": False,
        "cfgScale": 0.2,
    }
    body = sent(ask(PRO, shots=[Shot("Up", 1), Shot("Down", 2)]))
    assert body["providerSettings"] == {
        "multiPrompt": [{"prompt": "Up", "duration": 1}, {"prompt": "Down", "duration": 2}]
    }
    assert body["ratio"] == "1920:1080"
    assert "promptText" not in body


@pytest.mark.parametrize(
    ("variant", "fields", "path"),
    [
        (GEN, {"prompt": "k" * 1001}, "prompt"),
        (GEN, {"prompt": "\U0001fa81" * 501}, "prompt"),  # two UTF-16 units each
        (GEN, {"prompt": "k", "duration": 11}, "duration"),
        (GEN, {"prompt": "k", "duration": 1}, "duration"),
        (GEN, {"prompt": "k", "duration": 2.5}, "duration"),
        (GEN, {"prompt": "k", "audio": True}, "audio"),
        (GEN, {"prompt": "k", "negative_prompt": "fog"}, "negative_prompt"),
        (GEN, {"prompt": "k", "seed": -1}, "seed"),
        (GEN, {"prompt": "k", "seed": 4294967296}, "seed"),
        (GEN, {"prompt": "k", "images": [Image(A, "last_frame")]}, "images[0].role"),
        (GEN, {"prompt": "k", "images": [Image(A, "reference")]}, "images[0].role"),
        (PRO, {"prompt": "k", "images": [Image(A, "last_frame")]}, "images[0].role"),
        (PRO, {"prompt": "k", "images": [Image(A, "first_frame")] * 2}, "images[1].role"),
        (PRO, {"prompt": "k", "duration": 2}, "duration"),
        (PRO, {"prompt": "k", "duration": 16}, "duration"),
        (PRO, {"prompt": "k", "aspect_ratio": "4:3"}, "aspect_ratio"),
        (PRO, {"prompt": "k" * 2501}, "prompt"),
        (PRO, {"prompt": "k", "seed": 1}, "seed"),
        (PRO, {"shots": [Shot("Up")]}, "shots[0].duration"),
        (PRO, {"duration": 5}, "prompt"),
    ],
)
def test_what_is_refused_is_blamed_on_the_request(
    variant: str, fields: dict[str, Any], path: str
) -> None:
    assert path in {problem.path for problem in ask(variant, **fields).problems}
