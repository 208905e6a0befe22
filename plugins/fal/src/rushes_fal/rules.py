"""The rules across fields of Kling v3 at fal: prompts, shots, frames, elements."""

from typing import Any

from rushes import Finding, rule
from rushes.vocabulary import (
    accepts,
    adds_up,
    by_default,
    each,
    given,
    needs,
    not_together,
    remark,
    required,
)


def seconds(payload: Any) -> int:
    """Return how long the video becomes: as long as its shots, if there are several."""
    shots = payload.multi_prompt
    return sum(int(shot.duration) for shot in shots) if shots else int(payload.duration)


@rule("Only one element may have a video.", fields=("elements",))
def one_element_has_a_video(payload: Any) -> list[Finding]:
    """Refuse every further one. Only the model's schema says so."""
    places = [place for place, element in enumerate(payload.elements) if element.video_url]
    return [
        Finding(f"elements[{place}].video_url", "is another video; only one is accepted")
        for place in places[1:]
    ]


IMAGES, VIDEO = ("frontal_image_url", "reference_image_urls"), "video_url"
ELEMENT = (
    needs(IMAGES[0], IMAGES[1], name="a_frontal_image_needs_others"),
    needs(IMAGES[1], IMAGES[0], name="others_need_a_frontal_image"),
    required(VIDEO, unless=given(*IMAGES), name="an_element_has_images_or_a_video"),
    not_together(VIDEO, given(*IMAGES), name="an_element_has_no_images_beside_a_video"),
)
"""An element is a frontal image with one to three others, or a video."""

RULES = (
    required(
        "prompt",
        unless="multi_prompt",
        says="Either {prompt} or {multi_prompt} must be provided.",
        name="prompt_or_shots",
    ),
    not_together("multi_prompt", "prompt", name="shots_or_prompt"),
    needs("end_image_url", "start_image_url", name="last_frame_needs_first"),
    needs(
        "elements",
        "start_image_url",
        says="{elements} is for image-to-video only.",
        name="elements_need_a_frame",
    ),
    not_together(
        "aspect_ratio",
        "start_image_url",
        says="A start image sets the ratio; image-to-video has no {aspect_ratio}.",
        name="image_sets_the_ratio",
    ),
    accepts("shot_type", ("customize",), when="start_image_url", name="frames_are_customized"),
    *(each("elements", one) for one in ELEMENT),
    one_element_has_a_video,
    adds_up(
        "multi_prompt[].duration",
        to="duration",
        notes=True,
        says="The shots' lengths should add up to {duration}: Kling requires it, fal does not say.",
        name="shots_should_fill_the_duration",
    ),
    by_default("generate_audio", "the video has sound, which costs half as much again"),
    remark(
        "elements",
        "cite them in the prompt as @Element1, @Element2 and so on",
        when="elements",
        name="elements_are_cited_by_number",
    ),
)
