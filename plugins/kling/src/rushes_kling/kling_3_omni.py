"""Kling 3.0 Omni in the newer generation of Kling's API: images, elements and a video at once."""

from collections import Counter
from typing import Annotated, Literal

from msgspec import Meta, Struct
from rushes import (
    Always,
    Built,
    Draft,
    Finding,
    PublicURL,
    Request,
    Source,
    To,
    Variant,
    absent,
    hookimpl,
    pick,
    rule,
)
from rushes.vocabulary import accepts, at_most, equals, has, needs, not_together

from rushes_kling.current import (
    CITED,
    COMPLETE,
    CONTENTS_NEED_A_PROMPT,
    MAX_PROMPT,
    MULTI_SHOT,
    PROMPT,
    VIDEO_PAGES,
    WATERMARK,
    Options,
    content,
    current,
    ids_differ,
    shots_as_text,
)

NAMED = {"refer_image": "image", "feature_video": "video", "base_video": "video"}
"""The word for each kind of content in a prompt, before its number: @image_1."""
PRICES = {"720p": (0.084, 0.112), "1080p": (0.112, 0.14), "4k": (0.42, 0.42)}
"""USD per second by resolution, without and with sound."""
WITH_VIDEO = {"720p": 0.126, "1080p": 0.168, "4k": 0.42}
"""USD per second by resolution, with a video among the inputs."""


MODES = {
    "video edit": {"base_video"},
    "video reference": {"feature_video"},
    "frame control": {"first_frame"},
    "reference": {"refer_image", "element"},
}
"""The input modes by the types of content that decide them; the first that is there counts."""


class Content(Struct, kw_only=True, forbid_unknown_fields=True):
    """One input, by its type."""

    type: Literal[
        "prompt", "first_frame", "last_frame", "refer_image", "feature_video", "base_video",
        "element",
    ]  # fmt: skip
    text: Annotated[str, Meta(max_length=MAX_PROMPT)] = absent("")
    url: PublicURL = absent("")
    element_id: str = absent("")
    id: str = absent("")


class Settings(Struct, kw_only=True, forbid_unknown_fields=True):
    """How the video is made."""

    multi_shot: bool = absent(True)
    audio: Literal["native", "original", "off"] = absent("off")
    resolution: Literal["720p", "1080p", "4k"] = absent("720p")
    aspect_ratio: Literal["16:9", "9:16", "1:1"] = absent("16:9")
    duration: Annotated[int, Meta(ge=3, le=15)] = absent(5)


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /omni-video/kling-3.0-omni."""

    contents: list[Content]
    settings: Settings = absent(Settings())
    options: Options = absent(Options())


@rule(
    "At most 7 images and elements, 4 beside a video; beside frames, at most 3 elements.",
    fields=("contents",),
)
def not_too_many(payload: Payload) -> list[Finding]:
    """Count them."""
    number = Counter(item.type for item in payload.contents)
    most = 4 if number["feature_video"] or number["base_video"] else 7
    several = number["refer_image"] + number["element"]
    found = []
    if several > most:
        message = f"has {several} images and elements; at most {most} are accepted"
        found.append(Finding("contents", message))
    if number["element"] > 3 and (number["first_frame"] or number["last_frame"]):
        message = f"has {number['element']} elements; at most 3 are accepted beside frames"
        found.append(Finding("contents", message))
    return found


@hookimpl
def build_payload(variant: Variant, request: Request) -> Draft:
    """Add the shots as a prompt, and number the images and the video, to be cited."""
    draft = Draft(variant, request)
    text = shots_as_text(draft, request)
    if text is not None:
        path = draft.put("contents[]", {"type": "prompt", "text": text}, "shots")
        draft.origins[f"{path}.text"] = "shots"
    if draft.native:
        return draft
    contents, number = draft.body.get("contents", ()), Counter[str]()
    for place, item in enumerate(contents):
        origin = draft.origins[f"contents[{place}]"]
        draft.origins[f"contents[{place}].type"] = origin.replace(".url", ".role")
        if name := NAMED.get(item["type"]):
            number[name] += 1
            item["id"] = f"{name}_{number[name]}"
            draft.origins[f"contents[{place}].id"] = origin
    if any(item["type"] == "base_video" for item in contents) and text is None:
        _one_shot(draft, request)
    return draft


def _one_shot(draft: Draft, request: Request) -> None:
    """Switch off what is on by default, and is not accepted beside a video to edit."""
    if pick(request.extra, "settings", "multi_shot") is None:
        draft.put("settings.multi_shot", False, "videos")
        message = "settings.multi_shot false is sent: an edited video has no shots of its own"
        draft.note("videos", "one_shot", message)


def input_mode(payload: Payload) -> str:
    """Return the input mode: by what the video is made from, apart from the prompt."""
    types = {item.type for item in payload.contents}
    for mode, those in MODES.items():
        if types & those:
            return mode
    return "text"


def cost(payload: Payload) -> float | None:
    """Estimate USD; the length of a video that is edited is its own, which is not known here."""
    types, settings = {item.type for item in payload.contents}, payload.settings
    if "base_video" in types:
        return None
    silent, sound = PRICES[settings.resolution]
    price = silent if settings.audio == "off" else sound
    if "feature_video" in types:
        price = WITH_VIDEO[settings.resolution]
    return round(price * settings.duration, 4)


FIRST, LAST, FEATURE, BASE = (
    has("contents", "type", name)
    for name in ("first_frame", "last_frame", "feature_video", "base_video")
)
plugin = current.variant(
    "kling-3.0-omni",
    page=Source("Kling, 3.0 Omni video", f"{VIDEO_PAGES}/video-omni"),
    payload=Payload,
    submit_path="/omni-video/kling-3.0-omni",
    fields={
        "duration": To("settings.duration"),
        "aspect_ratio": To("settings.aspect_ratio"),
        "resolution": To("settings.resolution"),
        "images.first_frame": To("contents[]", form=content("first_frame")),
        "images.last_frame": To("contents[]", form=content("last_frame")),
        "images.reference": To("contents[]", form=content("refer_image")),
        "videos.reference": To("contents[]", form=content("feature_video")),
        "videos.edit": To("contents[]", form=content("base_video")),
        "shots": Built("contents[]", also=("settings.multi_shot",)),
        "prompt": To(
            "contents[]",
            form=lambda text: {"type": "prompt", "text": text},
            accepts=Annotated[str, Meta(max_length=MAX_PROMPT)],
        ),
        "audio": To("settings.audio", values={True: "native", False: "off"}),
        "watermark": Always(False),
    },
    rules=(
        CONTENTS_NEED_A_PROMPT,
        at_most(1, PROMPT, FIRST, LAST, FEATURE, BASE, name="one_of_each"),
        needs(LAST, FIRST, name="last_frame_needs_first"),
        not_together(BASE, FIRST, name="edits_take_no_frames"),
        # Together, the next two also refuse a feature_video beside a base_video.
        accepts("settings.multi_shot", (True,), when=FEATURE, name="references_have_shots"),
        accepts("settings.multi_shot", (False,), when=BASE, name="edits_have_no_shots"),
        accepts("settings.audio", ("off",), when=FEATURE, name="references_are_silent"),
        accepts("settings.audio", ("off", "original"), when=BASE, name="edits_keep_their_sound"),
        needs(equals("settings.audio", "original"), BASE, name="original_sound_of_an_edit"),
        not_too_many,
        *COMPLETE,
        ids_differ,
        CITED,
        WATERMARK,
        MULTI_SHOT,
    ),
    cost=cost,
    input_mode=input_mode,
    facts=(
        *current.facts,
        "USD per second in 2026-09, silent and with sound: 0.084 and 0.112 in 720p, 0.112 and "
        "0.14 in 1080p, 0.42 in 4k; with a video among the inputs 0.126, 0.168 and 0.42.",
        "aspect_ratio: the page calls it required without a first frame or video, and leaves it "
        "out in an example of its own; it is not checked.",
    ),
    hooks=(build_payload,),
)
