"""The rules across fields on APIMart's page: prompts, shots, subjects, frames."""

import re
from typing import Any

from rushes import Note, Problem, Source, rule
from rushes.problems import show

PAGE = Source(
    "APIMart, Kling v3", "https://docs.apimart.ai/en/api-reference/videos/kling-v3/generation"
)

MOST_SHOTS = 6
SHORTEST, LONGEST = 3, 15  # seconds
# JSON Schema shared by several rules. An empty list and a blank prompt count as absent.
PROMPT = {"properties": {"prompt": {"pattern": r"\S"}}, "required": ["prompt"]}
MULTI_SHOT = {"properties": {"multi_shot": {"const": True}}, "required": ["multi_shot"]}


def _split(shot_type: str) -> dict[str, Any]:
    """Return the JSON Schema of several shots with this shot_type."""
    return {
        "properties": {"multi_shot": {"const": True}, "shot_type": {"const": shot_type}},
        "required": ["multi_shot", "shot_type"],
    }


@rule(
    "prompt is required, unless multi_shot is true.",
    fields=("prompt", "multi_shot"),
    source=PAGE,
    schema={"anyOf": [MULTI_SHOT, PROMPT]},
)
def prompt_unless_multi_shot(payload: Any) -> bool | list[Problem]:
    """Require a prompt unless shots replace it."""
    if payload.multi_shot or payload.prompt.strip():
        return True
    message = "is required and must not be blank, unless multi_shot is true"
    return [Problem(path="prompt", code="prompt_unless_multi_shot", message=message)]


@rule(
    "multi_shot needs a shot_type.",
    fields=("multi_shot", "shot_type"),
    source=PAGE,
    schema={"if": MULTI_SHOT, "then": {"required": ["shot_type"]}},
)
def multi_shot_needs_type(payload: Any) -> bool | list[Problem]:
    """Require a shot_type."""
    if payload.shot_type or not payload.multi_shot:
        return True
    return [
        Problem(
            path="shot_type",
            code="multi_shot_needs_type",
            message="is required when multi_shot is true; accepted: customize, intelligence",
            accepted=["customize", "intelligence"],
        )
    ]


@rule(
    "shot_type and multi_prompt are accepted only with multi_shot true.",
    fields=("multi_shot", "shot_type", "multi_prompt"),
    source=PAGE,
    schema={
        "if": MULTI_SHOT,
        "else": {"properties": {"shot_type": False, "multi_prompt": {"maxItems": 0}}},
    },
)
def shots_need_multi_shot(payload: Any) -> bool | list[Problem]:
    """Refuse fields that the gateway would silently ignore."""
    if payload.multi_shot:
        return True
    message = "is accepted only with multi_shot true; without it, it would be ignored"
    return [
        Problem(path=name, code="shots_need_multi_shot", message=message)
        for name in ("shot_type", "multi_prompt")
        if getattr(payload, name)
    ]


@rule(
    "shot_type customize needs multi_prompt: 1 to 6 shots.",
    fields=("multi_shot", "shot_type", "multi_prompt"),
    source=PAGE,
    schema={
        "if": _split("customize"),
        "then": {"properties": {"multi_prompt": {"minItems": 1}}, "required": ["multi_prompt"]},
    },
)
def customize_needs_shots(payload: Any) -> bool | list[Problem]:
    """Require the shots if the caller is to define them."""
    if payload.multi_prompt or not payload.multi_shot or payload.shot_type != "customize":
        return True
    message = "is required when shot_type is customize: 1 to 6 shots"
    return [Problem(path="multi_prompt", code="customize_needs_shots", message=message)]


@rule(
    "shot_type intelligence needs a prompt.",
    fields=("multi_shot", "shot_type", "prompt"),
    source=PAGE,
    schema={"if": _split("intelligence"), "then": PROMPT},
)
def intelligence_needs_prompt(payload: Any) -> bool | list[Problem]:
    """Require the prompt from which the model makes the shots (Kling's own rule)."""
    if not payload.multi_shot or payload.shot_type != "intelligence" or payload.prompt.strip():
        return True
    message = "is required and must not be blank when shot_type is intelligence"
    return [Problem(path="prompt", code="intelligence_needs_prompt", message=message)]


@rule(
    "shot_type intelligence does not accept multi_prompt.",
    fields=("multi_shot", "shot_type", "multi_prompt"),
    source=PAGE,
    schema={
        "if": _split("intelligence"),
        "then": {"properties": {"multi_prompt": {"maxItems": 0}}},
    },
)
def intelligence_takes_no_shots(payload: Any) -> bool | list[Problem]:
    """Refuse shots if the model makes them."""
    if not payload.multi_shot or payload.shot_type != "intelligence" or not payload.multi_prompt:
        return True
    message = "is not accepted when shot_type is intelligence; use customize, or leave it out"
    return [Problem(path="multi_prompt", code="intelligence_takes_no_shots", message=message)]


@rule(
    "index must count the shots: 1, 2, 3…",
    fields=("multi_prompt",),
    source=PAGE,
    schema={
        "properties": {
            "multi_prompt": {
                "prefixItems": [
                    {"properties": {"index": {"const": place + 1}}} for place in range(MOST_SHOTS)
                ]
            }
        }
    },
)
def indexes_count_from_one(payload: Any) -> bool | list[Problem]:
    """Compare each index with its position."""
    indexes = [shot.index for shot in payload.multi_prompt]
    if indexes == [*range(1, len(indexes) + 1)]:
        return True
    return [
        Problem(
            path=f"multi_prompt[{place}].index",
            code="indexes_count_from_one",
            message=f"{index} is not accepted; this shot's index must be {place + 1}",
            accepted=[place + 1],
        )
        for place, index in enumerate(indexes)
        if index != place + 1
    ]


@rule(
    "The shot durations must add up to duration.",
    fields=("multi_shot", "shot_type", "multi_prompt", "duration"),
    source=PAGE,
)
def shots_fill_the_duration(payload: Any) -> bool | list[Problem]:
    """Compare the sum of the shots with the total duration."""
    total = 0
    for shot in payload.multi_prompt:
        total += shot.duration
    if total == payload.duration or not payload.multi_prompt or not payload.multi_shot:
        return True
    code = "shots_fill_the_duration"
    if not SHORTEST <= total <= LONGEST:
        message = f"the shots add up to {total} seconds; accepted: {SHORTEST} to {LONGEST}"
        return [Problem(path="multi_prompt", code=code, message=message)]
    message = f"is {payload.duration}, but the shots add up to {total}; they must be equal"
    return [Problem(path="duration", code=code, message=message, accepted=[total])]


@rule(
    "A subject should be cited as @name in the prompt or in a shot.",
    fields=("element_list", "prompt", "multi_prompt"),
    source=PAGE,
    notes=True,
)
def subjects_are_cited(payload: Any) -> bool | list[Note]:
    """Point out a subject that is paid for, but never mentioned."""
    if not payload.element_list:
        return True
    notes = []
    texts = [payload.prompt, *(shot.prompt for shot in payload.multi_prompt)]
    for place, element in enumerate(payload.element_list):
        cited = re.compile(rf"@{re.escape(element.name)}(?!\w)")
        if not any(cited.search(text) for text in texts):
            message = f"no prompt cites {show(f'@{element.name}')}; the subject may not appear"
            path = f"element_list[{place}].name"
            notes.append(Note(path=path, code="subjects_are_cited", message=message))
    return notes


@rule(
    "aspect_ratio may be overridden by the ratio of an input image.",
    fields=("aspect_ratio", "image_urls"),
    source=PAGE,
    notes=True,
)
def image_may_set_the_ratio(payload: Any) -> bool | list[Note]:
    """Point out that the requested ratio may not be delivered."""
    if not payload.image_urls:
        return True
    message = "with an image, the ratio of the video may be the image's own"
    return [Note(path="aspect_ratio", code="image_may_set_the_ratio", message=message)]


RULES = (
    prompt_unless_multi_shot,
    multi_shot_needs_type,
    shots_need_multi_shot,
    customize_needs_shots,
    intelligence_needs_prompt,
    intelligence_takes_no_shots,
    indexes_count_from_one,
    shots_fill_the_duration,
    subjects_are_cited,
    image_may_set_the_ratio,
)
