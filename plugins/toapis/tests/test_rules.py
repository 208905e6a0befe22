"""ToAPIs' rules across fields: frames, input modes, fifteen seconds, sound, prompts."""

from typing import Any

import pytest
from rushes import Report, Request
from rushes.plugins import Registry
from rushes.testing import check

REGISTRY = Registry()
V3, OMNI, V2_6 = "toapis/kling-v3", "toapis/kling-v3-omni", "toapis/kling-v2-6"
IMAGE = "https://cdn.example.org/lamp.png"
FIRST = {"url": IMAGE, "role": "first_frame"}
LAST = {"url": IMAGE, "role": "last_frame"}
REFERENCE = {"url": IMAGE, "role": "reference_image"}
EMOJI, FAMILY = "\U0001f999", "\U0001f468\u200d\U0001f469\u200d\U0001f467"


def native(variant: str, **fields: Any) -> Report:
    """Check a payload that is valid except for the given fields."""
    payload = {"model": variant.partition("/")[2], "prompt": "A lamp is lit"} | fields
    return check(REGISTRY.get(variant), Request(extra=payload))


def paths(report: Report) -> list[str]:
    return [problem.path for problem in report.problems]


@pytest.mark.parametrize("variant", [V3, V2_6])
@pytest.mark.parametrize("role", ["first_frame", "last_frame"])
def test_there_is_at_most_one_of_each_frame(variant: str, role: str) -> None:
    images = [FIRST, REFERENCE, LAST, {"url": IMAGE + "?2", "role": role}]
    (problem,) = native(variant, image_with_roles=images).problems
    assert problem.path.startswith("image_with_roles[3]")
    assert role in problem.message


@pytest.mark.parametrize("variant", [V3, V2_6])
@pytest.mark.parametrize("others", [[], [REFERENCE], [REFERENCE, REFERENCE]])
@pytest.mark.parametrize("more", [{}, {"reference_images": [IMAGE]}])
def test_there_is_no_last_frame_without_a_first(
    variant: str, others: list[Any], more: dict[str, Any]
) -> None:
    (problem,) = native(variant, image_with_roles=[*others, LAST], **more).problems
    assert problem.path.startswith("image_with_roles")
    assert "first" in problem.message


@pytest.mark.parametrize("variant", [V3, V2_6])
@pytest.mark.parametrize(
    ("references", "roles", "mode"),
    [
        ([], [], "text"),
        ([IMAGE], [], "reference"),
        ([IMAGE, IMAGE], [], "reference"),
        ([], [REFERENCE], "reference"),
        ([], [FIRST], "frame control"),
        ([], [LAST, FIRST], "frame control"),
        ([IMAGE], [FIRST], "mixed"),
        ([IMAGE], [FIRST, LAST], "mixed"),
        ([IMAGE], [REFERENCE], "mixed"),
        ([], [FIRST, REFERENCE], "mixed"),
        ([], [REFERENCE, FIRST, LAST], "mixed"),
    ],
)
def test_images_determine_the_input_mode(
    variant: str, references: list[Any], roles: list[Any], mode: str
) -> None:
    report = native(variant, reference_images=references, image_with_roles=roles)
    assert (report.problems, report.input_mode) == ((), mode)
    absent = {"reference_images": references, "image_with_roles": roles}
    given = {name: value for name, value in absent.items() if value}
    assert native(variant, **given).input_mode == mode


@pytest.mark.parametrize(
    ("duration", "images", "allowed"),
    [
        (15, {"reference_images": [], "image_with_roles": []}, True),
        (15, {"reference_images": [IMAGE]}, False),
        (15, {"image_with_roles": [FIRST]}, False),
        (15, {"image_with_roles": [REFERENCE]}, False),
        (10, {"reference_images": [IMAGE]}, True),
    ],
)
def test_fifteen_seconds_are_for_text_only(
    duration: int, images: dict[str, Any], allowed: bool
) -> None:
    report = native(V3, duration=duration, **images)
    assert paths(report) == ([] if allowed else ["duration"])
    assert allowed or report.problems[0].accepted == [10, 5]


@pytest.mark.parametrize("variant", [V3, V2_6])
@pytest.mark.parametrize("mode", ["", "std", "pro"])
@pytest.mark.parametrize("audio", [True, False])
def test_sound_in_v2_6_is_for_mode_pro(variant: str, mode: str, audio: bool) -> None:
    report = native(variant, audio=audio, **({"mode": mode} if mode else {}))
    allowed = variant == V3 or mode == "pro" or not audio
    assert paths(report) == ([] if allowed else ["audio"])


@pytest.mark.parametrize(
    ("text", "length"), [("a", 1), (EMOJI, 1), ("e\u0301", 2), (FAMILY, 5), ("\u3000a", 2)]
)
def test_v2_6_counts_a_prompt_in_code_points(text: str, length: int) -> None:
    fits = text * (2500 // length)
    assert native(V2_6, prompt=fits).valid
    assert paths(native(V2_6, prompt=fits + "b")) == ["prompt"]
    for unbounded in (V3, OMNI):
        assert native(unbounded, prompt=text * 9000).valid


def test_a_rule_waits_until_its_fields_are_valid() -> None:
    assert paths(native(V2_6, mode="4k", audio=True)) == ["mode"]
    both = native(
        V3, duration=15, reference_images=["nowhere"]
    )  # an image, although an invalid one
    assert paths(both) == ["reference_images[0]", "duration"]
    assert paths(native(V3, duration=15, reference_images="nowhere")) == ["reference_images"]
