"""The rules across fields on UniAll's pages: prompts, frames, shots."""

from typing import Any

from rushes import Note, Problem, Source, rule

PAGE = Source("UniAll, Create Video Task", "https://docs.uniall.ai/models/video/kling/create-task")
OVERVIEW = Source("UniAll, Kling Video Generation", "https://docs.uniall.ai/models/video/kling")

# JSON Schema shared by several rules. An empty list and a blank prompt count as absent.
PROMPT = {"properties": {"prompt": {"pattern": r"\S"}}, "required": ["prompt"]}
SHOTS = {
    "properties": {
        "extra_body": {
            "properties": {"multi_prompt": {"minItems": 1}},
            "required": ["multi_prompt"],
        }
    },
    "required": ["extra_body"],
}


@rule(
    "prompt is required, unless extra_body.multi_prompt is given.",
    fields=("prompt", "extra_body.multi_prompt"),
    source=OVERVIEW,
    schema={"anyOf": [PROMPT, SHOTS]},
)
def prompt_or_shots(payload: Any) -> bool | list[Problem]:
    """Require a prompt unless shots replace it."""
    if payload.prompt.strip() or payload.extra_body.get("multi_prompt"):
        return True
    message = "is required and must not be blank, unless extra_body.multi_prompt is given"
    return [Problem(path="prompt", code="prompt_or_shots", message=message)]


@rule(
    "prompt and extra_body.multi_prompt must not be given together.",
    fields=("prompt", "extra_body.multi_prompt"),
    source=OVERVIEW,
    schema={"not": {"allOf": [PROMPT, SHOTS]}},
)
def prompt_not_with_shots(payload: Any) -> bool | list[Problem]:
    """Refuse two prompts for one video."""
    if not payload.prompt.strip() or not payload.extra_body.get("multi_prompt"):
        return True
    message = "is not accepted together with extra_body.multi_prompt; give one of the two"
    return [Problem(path="prompt", code="prompt_not_with_shots", message=message)]


@rule(
    "extra_body.multi_prompt needs an image.",
    fields=("image", "extra_body.multi_prompt"),
    source=PAGE,
    schema={"if": SHOTS, "then": {"required": ["image"]}},
)
def shots_need_image(payload: Any) -> bool | list[Problem]:
    """Accept shots only for image-to-video, as on the page."""
    if payload.image or not payload.extra_body.get("multi_prompt"):
        return True
    message = "is accepted for image-to-video only; also give an image"
    return [Problem(path="extra_body.multi_prompt", code="shots_need_image", message=message)]


@rule(
    "last_image needs image.",
    fields=("image", "last_image"),
    source=OVERVIEW,
    schema={"dependentRequired": {"last_image": ["image"]}},
)
def last_image_needs_image(payload: Any) -> bool | list[Problem]:
    """Refuse a last frame without a first."""
    if payload.image or not payload.last_image:
        return True
    message = "is given without image, the first frame; give both, or the first alone"
    return [Problem(path="last_image", code="last_image_needs_image", message=message)]


@rule(
    "aspect_ratio is not guaranteed with an image.",
    fields=("aspect_ratio", "image"),
    source=PAGE,
    notes=True,
)
def image_may_set_the_ratio(payload: Any) -> bool | list[Note]:
    """Point out that the requested ratio may not be delivered."""
    if not payload.image:
        return True
    message = "with an image, the ratio of the video may be the image's own"
    return [Note(path="aspect_ratio", code="image_may_set_the_ratio", message=message)]


@rule(
    "extra_body.element_list is passed on unchanged.",
    fields=("extra_body.element_list",),
    source=OVERVIEW,
    notes=True,
)
def subjects_pass_unchecked(payload: Any) -> bool | list[Note]:
    """Point out that the page does not describe a subject's structure."""
    if not payload.extra_body.get("element_list"):
        return True
    message = "the page does not describe the structure of an element; it is passed on unchecked"
    return [Note(path="extra_body.element_list", code="subjects_pass_unchecked", message=message)]


RULES = (
    prompt_or_shots,
    prompt_not_with_shots,
    shots_need_image,
    last_image_needs_image,
    image_may_set_the_ratio,
    subjects_pass_unchecked,
)
