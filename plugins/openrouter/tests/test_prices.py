"""Estimates by the prices in the list."""

from typing import Any

import pytest
from rushes import Report, Request
from rushes.plugins import Registry
from rushes.testing import check
from rushes_openrouter.listing import Model, snapshot
from rushes_openrouter.prices import estimate
from rushes_openrouter.variants import ratio_of, resolution_of, variant_for

REGISTRY = Registry()


def ask(model: str, **fields: Any) -> Report:
    report = check(REGISTRY.get(f"openrouter/{model}"), Request("A red kite", **fields))
    assert report.problems == ()
    return report


@pytest.mark.parametrize(
    ("model", "fields", "usd"),
    [
        ("kling-v3.0-std", {"duration": 5}, 0.63),
        ("kling-v3.0-std", {"duration": 5, "audio": False}, 0.42),
        ("kling-v3.0-pro", {"duration": 15, "audio": False, "extra": {"size": "720x720"}}, 1.68),
        ("kling-v3.0-std", {}, None),  # no page says how long a video is by default
        ("veo-3.1", {"duration": 8, "resolution": "1080p"}, 3.2),
        ("veo-3.1", {"duration": 8, "resolution": "4k"}, 4.8),
        ("veo-3.1", {"duration": 8, "resolution": "4k", "audio": False}, 3.2),
        ("veo-3.1", {"duration": 8, "extra": {"size": "3840x2160"}}, 4.8),
        ("veo-3.1", {"duration": 8}, None),  # nor of which resolution
        ("veo-3.1-fast", {"duration": 4, "resolution": "720p"}, 0.4),
        ("veo-3.1-fast", {"duration": 4, "resolution": "1080p"}, 0.48),
        ("veo-3.1-fast", {"duration": 4, "resolution": "720p", "audio": False}, 0.32),
        ("veo-3.1-lite", {"duration": 4, "resolution": "1080p", "audio": False}, 0.2),
        ("seedance-2.0-fast", {"duration": 4, "extra": {"size": "1280x720"}}, 0.36288),
        ("seedance-2.0-fast", {"duration": 4, "resolution": "720p"}, None),
    ],
)
def test_an_estimate_is_that_of_the_list(model: str, fields: Any, usd: float | None) -> None:
    assert ask(model, **fields).cost == usd


def test_a_price_that_is_not_understood_makes_none() -> None:
    known: dict[str, Any] = {
        "seconds": 5, "size": "1280x720", "resolution": "720p", "sound": True, "mode": "text",
    }  # fmt: skip
    assert estimate({"duration_seconds": "0.1"}, **known) == 0.5
    assert estimate({"duration_seconds": "0.1", "reference_images": "0.04"}, **known) is None
    assert estimate({}, **known) is None
    by_mode = {"text_to_video_duration_seconds_720p": "0.08",
               "image_to_video_duration_seconds_720p": "0.1"}  # fmt: skip
    assert estimate(by_mode, **known) == 0.4
    assert estimate(by_mode, **{**known, "mode": "frame control"}) == 0.5
    assert estimate(by_mode, **{**known, "resolution": "480p"}) is None
    tokens = {"video_tokens": "0.000004", "video_tokens_1080p": "0.000005"}
    assert estimate(tokens, **{**known, "size": None}) is None
    assert estimate(tokens, **known) == 0.432


@pytest.mark.parametrize(
    ("resolutions", "fields", "usd"),
    [
        (["720p", "1080p"], {"resolution": "1080p"}, 1.0),
        (["720p", "1080p"], {"resolution": "720p"}, 0.5),
        (["720p", "1080p"], {}, None),
        (["720p"], {}, 0.5),
        (None, {}, None),
    ],
)
def test_a_model_without_sizes_is_estimated_by_its_resolutions(
    resolutions: list[str] | None, fields: dict[str, Any], usd: float | None
) -> None:
    model = Model(
        id="maker/model",
        supported_durations=[5],
        supported_resolutions=resolutions,
        pricing_skus={"duration_seconds_720p": "0.1", "duration_seconds_1080p": "0.2"},
    )
    loaded = Registry(plugins=[variant_for(model, "")]).get("openrouter/model")
    report = check(loaded, Request("k", duration=5, **fields))
    assert (report.problems, report.cost) == ((), usd)


def test_every_listed_size_has_a_listed_resolution_and_ratio() -> None:
    for model in snapshot().data:
        for size in model.supported_sizes or ():
            assert resolution_of(size) in (model.supported_resolutions or ())
            assert ratio_of(size) in (model.supported_aspect_ratios or ())
