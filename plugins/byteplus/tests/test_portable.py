"""Requests in common words: the content that they become, and what is said about them."""

from typing import Any

import msgspec
import pytest
from rushes import Image, Report, Request, Video
from rushes.plugins import Registry
from rushes.testing import check
from rushes_byteplus import seedance_1_5_pro, seedance_2_0

PRO, V2 = "byteplus/seedance-1.5-pro", "byteplus/seedance-2.0"
REGISTRY = Registry(plugins=[seedance_1_5_pro.plugin, seedance_2_0.plugin])
A, B = (f"https://cdn.example.org/{name}.png" for name in "ab")
CLIP, SONG = "https://cdn.example.org/c.mp4", "https://cdn.example.org/s.wav"


def ask(variant: str, **fields: Any) -> Report:
    return check(REGISTRY.get(variant), Request(**fields))


def test_everything_goes_into_one_list_in_the_order_of_the_request() -> None:
    report = ask(
        V2,
        prompt="A kite",
        images=[Image(A, "reference"), Image(B, "reference")],
        videos=[Video(CLIP, "reference")],
        sounds=[SONG],
        duration=7,
        resolution="4k",
        aspect_ratio="21:9",
        audio=False,
        watermark=True,
        seed=7,
    )
    assert report.problems == ()
    assert report.input_mode == "reference"
    assert msgspec.to_builtins(report.payload) == {
        "model": "dreamina-seedance-2-0-260128",
        "content": [
            {"type": "text", "text": "A kite"},
            {"type": "image_url", "image_url": {"url": A}, "role": "reference_image"},
            {"type": "image_url", "image_url": {"url": B}, "role": "reference_image"},
            {"type": "video_url", "video_url": {"url": CLIP}, "role": "reference_video"},
            {"type": "audio_url", "audio_url": {"url": SONG}, "role": "reference_audio"},
        ],
        "duration": 7,
        "resolution": "4k",
        "ratio": "21:9",
        "generate_audio": False,
        "watermark": True,
        "seed": 7,
    }


@pytest.mark.parametrize(
    ("variant", "fields", "problems"),
    [
        (PRO, {}, {"prompt": "missing"}),
        (V2, {"sounds": [SONG]}, {"sounds[0]": "sounds_need_pictures"}),
        (V2, {"prompt": "k", "sounds": [SONG] * 4, "videos": [Video(CLIP, "reference")]},
         {"sounds[3]": "three_videos_three_sounds"}),
        (V2, {"images": [Image(A, "reference")] * 10}, {"images[9].role": "nine_reference_images"}),
        (V2, {"images": [Image(A, "reference"), Image(B, "first_frame")]},
         {"images[0].role": "frames_or_references"}),
        (PRO, {"prompt": "k", "images": [Image(A, "last_frame")]},
         {"images[0].role": "last_frame_needs_first"}),
        (PRO, {"prompt": "k", "images": [Image(A, "first_frame"), Image(B, "first_frame")]},
         {"images[1].role": "twice"}),
        (PRO, {"prompt": "k", "duration": -1}, {"duration": "range"}),
        (PRO, {"prompt": "k", "aspect_ratio": "adaptive"}, {"aspect_ratio": "choice"}),
        (PRO, {"prompt": "k", "resolution": "4k"}, {"resolution": "choice"}),
        (PRO, {"prompt": "k", "duration": 13}, {"duration": "range"}),
        (V2, {"prompt": "k", "duration": 16}, {"duration": "range"}),
        (PRO, {"prompt": "k", "sounds": [SONG]}, {"sounds": "unsupported"}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_where_it_was_written(
    variant: str, fields: Any, problems: dict[str, str]
) -> None:
    assert {one.path: one.code for one in ask(variant, **fields).problems} == problems


def test_a_sound_alone_is_not_offered_the_types_of_the_payload() -> None:
    (problem,) = ask(V2, prompt="k", sounds=[SONG]).problems
    assert (problem.path, problem.accepted) == ("sounds[0]", None)


@pytest.mark.parametrize(
    ("variant", "fields", "notes"),
    [
        (PRO, {}, {"audio": "generate_audio_by_default"}),
        (V2, {}, {"audio": "generate_audio_by_default"}),
        (V2, {"audio": True}, {}),
        (V2, {"audio": True, "seed": 7}, {"seed": "a_seed_may_not_count"}),
        (PRO, {"audio": True, "seed": 7}, {}),
        (PRO, {"audio": True, "extra": {"duration": -1}},
         {"extra.duration": "the_model_chooses_the_length"}),
        (V2, {"audio": True, "aspect_ratio": "1:1", "images": [Image(A, "first_frame")]},
         {"aspect_ratio": "images_are_cropped"}),
    ],
)  # fmt: skip
def test_what_may_surprise_is_noted(variant: str, fields: Any, notes: dict[str, str]) -> None:
    report = ask(variant, prompt="A kite", **fields)
    assert report.problems == ()
    assert {note.path: note.code for note in report.notes} == notes


def test_a_draft_may_leave_its_resolution_out() -> None:
    draft = {"model": "seedance-1-5-pro-251215", "content": [{"type": "text", "text": "k"}],
             "draft": True}  # fmt: skip
    assert ask(PRO, extra=draft).problems == ()
    (problem,) = ask(PRO, extra={**draft, "resolution": "720p"}).problems
    assert (problem.path, problem.accepted) == ("resolution", ["480p"])


@pytest.mark.parametrize("url", ["data:image/png;base64,AAAA", "asset://a-1", "kite.png"])
def test_a_native_address_is_a_public_one(url: str) -> None:
    part = {"type": "image_url", "image_url": {"url": url}}
    body = {"model": "dreamina-seedance-2-0-260128", "content": [part]}
    (problem,) = ask(V2, extra=body).problems
    assert problem.path == "content[0].image_url.url"
