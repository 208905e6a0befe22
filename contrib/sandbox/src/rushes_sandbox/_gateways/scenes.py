"""From an accepted request body to the scene that its video shows."""

from collections.abc import Callable, Mapping
from typing import Any

from rushes_sandbox._rendering.scene import Picture, Scene, Shot
from rushes_sandbox._validation.toapis import prompt_with_citation

#: Returns what to show for an image, given its URL and a label for it.
FindPicture = Callable[[str, str], Picture]

_SHORT_SIDE = {"std": 720, "pro": 1080, "4k": 2160}
_RATIO = {"16:9": (16, 9), "9:16": (9, 16), "1:1": (1, 1)}


def scene_from_body(gateway: str, body: Mapping[str, Any], find: FindPicture) -> Scene:
    """Return the scene that an accepted body asks for."""
    return {"toapis": _toapis, "apimart": _apimart, "uniall": _uniall}[gateway](body, find)


def _size(mode: str, ratio: str) -> tuple[int, int]:
    width, height = _RATIO[ratio]
    unit = _SHORT_SIDE[mode] // min(width, height)
    return width * unit, height * unit


def _toapis(body: Mapping[str, Any], find: FindPicture) -> Scene:
    omni = body["model"] == "kling-v3-omni"
    prompt = prompt_with_citation(body) if omni else body["prompt"]
    width, height = _size(body.get("mode", "std"), body.get("aspect_ratio", "16:9"))
    roles = body.get("image_with_roles", [])
    frames = {item["role"]: item["url"] for item in roles}
    references = [
        *body.get("image_urls", []),
        *body.get("reference_images", []),
        *(item["url"] for item in roles if item["role"] == "reference_image"),
    ]
    # The omni model declares nothing inside its metadata, so nothing there is used.
    more = {} if omni else {**body, **body.get("metadata", {})}
    return Scene(
        variant=f"toapis / {body['model']}",
        prompt=prompt,
        width=width,
        height=height,
        shots=(Shot(prompt, body.get("duration", 5)),),
        sound=body.get("audio", False),
        first=_optional(find, frames.get("first_frame"), "first frame"),
        last=_optional(find, frames.get("last_frame"), "last frame"),
        references=tuple(find(url, f"image {n}") for n, url in enumerate(references, 1)),
        negative_prompt=more.get("negative_prompt", ""),
        watermark=more.get("watermark", False),
    )


def _apimart(body: Mapping[str, Any], find: FindPicture) -> Scene:
    prompt = body.get("prompt", "")
    seconds = body.get("duration", 5)
    shots = [Shot(prompt, seconds)]
    if body.get("multi_shot") and body["shot_type"] == "customize":
        shots = [Shot(shot["prompt"], shot["duration"]) for shot in body["multi_prompt"]]
    elif body.get("multi_shot"):
        shots = _equal_shots(prompt, seconds, count=max(2, min(4, seconds // 3)))
    frames = [*body.get("image_urls", []), None, None]
    width, height = _size(body.get("mode", "std"), body.get("aspect_ratio", "16:9"))
    return Scene(
        variant=f"apimart / {body['model']}",
        prompt=prompt if prompt.strip() else shots[0].prompt,
        width=width,
        height=height,
        shots=tuple(shots),
        sound=body.get("audio", False),
        first=_optional(find, frames[0], "first frame"),
        last=_optional(find, frames[1], "last frame"),
        references=tuple(
            find(subject["element_input_urls"][0], f"@{subject['name']}")
            for subject in body.get("element_list", [])
        ),
        negative_prompt=body.get("negative_prompt", ""),
        watermark=body.get("watermark", False),
    )


def _uniall(body: Mapping[str, Any], find: FindPicture) -> Scene:
    _, _, mode, sound = body["model"].split("-")
    extra = body.get("extra_body", {})
    seconds = body.get("duration", 5)
    listed = [shot["prompt"] for shot in extra.get("multi_prompt", [])]
    shots = [Shot(prompt, seconds / len(listed)) for prompt in listed]
    prompt = listed[0] if listed else body["prompt"]
    width, height = _size(mode, body.get("aspect_ratio", "16:9"))
    return Scene(
        variant=f"uniall / {body['model']}",
        prompt=prompt,
        width=width,
        height=height,
        shots=tuple(shots) or (Shot(prompt, seconds),),
        sound=sound == "audio",
        first=_optional(find, body.get("image"), "first frame"),
        last=_optional(find, body.get("last_image"), "last frame"),
        negative_prompt=extra.get("negative_prompt", ""),
    )


def _equal_shots(prompt: str, seconds: float, count: int) -> list[Shot]:
    return [Shot(prompt, seconds / count)] * count


def _optional(find: FindPicture, url: str | None, label: str) -> Picture | None:
    return find(url, label) if url else None
