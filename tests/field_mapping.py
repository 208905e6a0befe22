"""An independent implementation of the table "Request → variant": how each variant maps a request.

It shares nothing with the core or the plugins. Each variant is a column of the table, which says
where each common field goes; a field that a column lacks is refused. The payload is then checked by
the sandbox, another independent reading of the pages.
"""

import copy
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from payloads import FIELDS
from rushes_sandbox import validate_request

PICTURE = "https://pictures.example.com/uploaded.png"
"""The address of a local file, for the sandbox's validation."""
FRAMES = ("first_frame", "last_frame")


@dataclass
class MappedRequest:
    """The wire body, with the paths of local files in place of addresses, and the refused paths."""

    body: dict[str, Any]
    refused: list[str] = field(default_factory=list)


# What a request may contain, in its own terms.


def text(value: Any) -> bool:
    return isinstance(value, str)


def number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def whole(value: Any) -> bool:
    return number(value) and value == int(value)


WORDS: dict[str, Callable[[Any], bool]] = {
    "prompt": text,
    "negative_prompt": text,
    "duration": number,
    "aspect_ratio": text,
    "resolution": text,
    "audio": lambda value: type(value) is bool,
    "watermark": lambda value: type(value) is bool,
    "guidance": lambda value: number(value) and 0 <= value <= 1,
    "seed": whole,
}
ITEMS: dict[str, dict[str, Callable[[Any], bool]]] = {
    "images": {"url": text, "role": lambda value: value in (*FRAMES, "reference")},
    "shots": {"prompt": text, "duration": number},
    "subjects": {
        "name": text,
        "description": text,
        "images": lambda value: (
            isinstance(value, list) and all(text(item) and item for item in value)
        ),
    },
}
REQUIRED = {"images": ("url", "role"), "shots": ("prompt",), "subjects": ("name",)}


def absent(name: str, value: Any) -> bool:
    return value in (None, "", []) or (name == "prompt" and text(value) and not value.strip())


def malformed(request: Mapping[str, Any]) -> Iterator[str]:
    """Yield the path of everything malformed in a request, item by item."""
    for name, value in request.items():
        if name in WORDS:
            if not WORDS[name](value):
                yield name
        elif name in ITEMS:
            yield from malformed_items(name, value)
        elif name != "extra" or not isinstance(value, dict):
            yield name


def malformed_items(name: str, items: Any) -> Iterator[str]:
    if not isinstance(items, list):
        yield name
        return
    once: set[str] = set()
    key = {"images": "role", "subjects": "name"}.get(name)
    for index, item in enumerate(items):
        at = f"{name}[{index}]"
        if not isinstance(item, dict):
            yield at
            continue
        given = {part: value for part, value in item.items() if value not in (None, "", [])}
        yield from (f"{at}.{part}" for part in REQUIRED[name] if part not in given)
        yield from (f"{at}.{part}" for part in item if part not in ITEMS[name])
        for part, value in given.items():
            if part in ITEMS[name] and not ITEMS[name][part](value):
                yield from deep(at, part, value)
        mine = given.get(key or "")
        if isinstance(mine, str) and mine != "reference" and ITEMS[name][key or ""](mine):
            if mine in once:
                yield f"{at}.{key}"
            once.add(mine)


def deep(at: str, part: str, value: Any) -> Iterator[str]:
    """Yield the path of a bad value, or of each bad item if it is a list."""
    if not isinstance(value, list) or part != "images":
        yield f"{at}.{part}"
        return
    for index, item in enumerate(value):
        if not text(item) or not item:
            yield f"{at}.{part}[{index}]"


# Where a field goes.

Column = Callable[[MappedRequest, Any], None]


class Local(str):
    """The path of a local file, which is uploaded first."""


def place(url: str) -> str:
    has_scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", url) or "://" in url
    return url if has_scheme else Local(url)


def put(*names: str) -> Column:
    def column(mapped: MappedRequest, value: Any) -> None:
        target = mapped.body
        for name in names[:-1]:
            target = target.setdefault(name, {})
        target[names[-1]] = value

    return column


def mode(words: Mapping[str, str]) -> Column:
    def column(mapped: MappedRequest, value: Any) -> None:
        if value in words:
            mapped.body["mode"] = words[value]
        else:
            mapped.refused.append("resolution")

    return column


def always(name: str, value: Any) -> Column:
    def column(mapped: MappedRequest, asked: Any) -> None:
        if asked != value:
            mapped.refused.append(name)

    return column


def one_by_one(roles: Mapping[str, Callable[[dict[str, Any], str], None]]) -> Column:
    """Map images in order; a role that the column lacks is refused."""

    def column(mapped: MappedRequest, images: list[dict[str, Any]]) -> None:
        for index, image in enumerate(images):
            if image["role"] in roles:
                roles[image["role"]](mapped.body, image["url"])
            else:
                mapped.refused.append(f"images[{index}].role")

    return column


def in_list(name: str, role: str = "") -> Callable[[dict[str, Any], str], None]:
    def carry(body: dict[str, Any], url: str) -> None:
        body.setdefault(name, []).append({"url": url, "role": role} if role else url)

    return carry


def alone(name: str) -> Callable[[dict[str, Any], str], None]:
    def carry(body: dict[str, Any], url: str) -> None:
        body[name] = url

    return carry


def apimart_images(mapped: MappedRequest, images: list[dict[str, Any]]) -> None:
    """`image_urls`: first frame, then last; a last frame needs a first."""
    ordered = sorted(images, key=lambda image: str(image["role"]))  # first_frame, last_frame
    one_by_one(dict.fromkeys(FRAMES, in_list("image_urls")))(MappedRequest(mapped.body), ordered)
    roles = [image["role"] for image in images]
    mapped.refused += [
        f"images[{index}].role"
        for index, role in enumerate(roles)
        if role == "reference" or (role == "last_frame" and "first_frame" not in roles)
    ]


def apimart_shots(mapped: MappedRequest, shots: list[dict[str, Any]]) -> None:
    """`multi_shot`, customize, indexes added."""
    numbered = [{"index": place, **shot} for place, shot in enumerate(shots, 1)]
    mapped.body |= {"multi_shot": True, "shot_type": "customize", "multi_prompt": numbered}


def apimart_subjects(mapped: MappedRequest, subjects: list[dict[str, Any]]) -> None:
    for subject in subjects:
        element = {**subject, "element_input_urls": subject.get("images", [])}
        element.pop("images", None)
        mapped.body.setdefault("element_list", []).append(element)


def uniall_shots(mapped: MappedRequest, shots: list[dict[str, Any]]) -> None:
    """`multi_prompt`; a shot's duration is refused."""
    put("extra_body", "multi_prompt")(mapped, [{"prompt": shot["prompt"]} for shot in shots])
    mapped.refused += [
        f"shots[{index}].duration" for index, shot in enumerate(shots) if "duration" in shot
    ]


SAME = {name: put(name) for name in ("prompt", "duration", "aspect_ratio")}
STD_PRO = {"resolution": mode({"720p": "std", "1080p": "pro"})}
BY_ROLE = {
    "images": one_by_one(
        {
            "first_frame": in_list("image_with_roles", "first_frame"),
            "last_frame": in_list("image_with_roles", "last_frame"),
            "reference": in_list("reference_images"),
        }
    )
}
PLAIN = {name: put(name) for name in ("negative_prompt", "audio", "watermark")}
TABLE: dict[str, dict[str, Column]] = {
    "toapis/kling-v3": {
        **SAME,
        **STD_PRO,
        **BY_ROLE,
        "audio": put("audio"),
        "negative_prompt": put("metadata", "negative_prompt"),
        "watermark": put("metadata", "watermark"),
    },
    "toapis/kling-v2-6": {**SAME, **STD_PRO, **BY_ROLE, **PLAIN},
    "toapis/kling-v3-omni": {
        **SAME,
        **STD_PRO,
        "images": one_by_one({"reference": in_list("image_urls")}),
        "audio": always("audio", False),
    },
    "apimart/kling-v3": {
        **SAME,
        **PLAIN,
        "resolution": mode({"720p": "std", "1080p": "pro", "4k": "4k"}),
        "images": apimart_images,
        "shots": apimart_shots,
        "subjects": apimart_subjects,
    },
    **{
        f"uniall/kling-v3-{quality}-{sound}": {
            **SAME,
            "resolution": always("resolution", size),
            "audio": always("audio", sound == "audio"),
            "images": one_by_one(
                {"first_frame": alone("image"), "last_frame": alone("last_image")}
            ),
            "shots": uniall_shots,
            "negative_prompt": put("extra_body", "negative_prompt"),
            "guidance": put("extra_body", "cfg_scale"),
        }
        for quality, size in (("std", "720p"), ("pro", "1080p"))
        for sound in ("silent", "audio")
    },
}
DELIVERY = {"toapis": ("client_business_id", "callback_url"), "apimart": ("webhook",)}
OPEN = {
    "toapis/kling-v3": ("metadata", ("negative_prompt", "watermark")),
    **{
        variant: (
            "extra_body",
            ("cfg_scale", "shot_type", "negative_prompt", "multi_prompt", "element_list"),
        )
        for variant in TABLE
        if variant.startswith("uniall/")
    },
}
"""The open object of a variant, and its documented fields."""


def read(variant: str, request: Mapping[str, Any]) -> MappedRequest:
    """Return what a variant makes of a request that is given as JSON."""
    gateway, _, model = variant.partition("/")
    given = {name: value for name, value in request.items() if not absent(name, value)}
    extra = given.pop("extra", None) or {}
    if not given and isinstance(extra, dict) and extra:  # a native payload, sent as it is
        return with_sandbox_violations(
            gateway, model, tagged(variant, MappedRequest(copy.deepcopy(extra)))
        )
    mapped = MappedRequest({"model": model}, [*malformed({**given, "extra": extra})])
    if mapped.refused:
        mapped.refused += [name for name in WORDS if name in given and name not in TABLE[variant]]
        return mapped
    for name, value in plain(given).items():
        if name in TABLE[variant]:
            TABLE[variant][name](mapped, value)
        else:
            mapped.refused.append(name)
    if gateway == "uniall":
        mapped.refused += [
            f"images[{index}].url"
            for index, image in enumerate(given.get("images", ()))
            if isinstance(place(image["url"]), Local)
        ]
    fill_in_the_duration(mapped, extra)
    add(mapped, filled(variant, extra), "extra")
    return with_sandbox_violations(gateway, model, tagged(variant, mapped))


def plain(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields with 5.0 as 5, local files marked, and items without empty values."""
    made: dict[str, Any] = {}
    for name, value in given.items():
        if name in ITEMS:
            made[name] = [
                {part: plain_part(part, v) for part, v in item.items() if v not in (None, "", [])}
                for item in value
            ]
        else:
            made[name] = plain_part(name, value)
    return made


def plain_part(name: str, value: Any) -> Any:
    if name in ("duration", "seed") and value == int(value):
        return int(value)
    if name == "images":
        return [place(url) for url in value]
    return place(value) if name == "url" else value


def fill_in_the_duration(mapped: MappedRequest, extra: Mapping[str, Any]) -> None:
    """Fill in a missing duration with the sum of the shots, if that is an allowed duration."""
    shots = mapped.body.get("multi_prompt", [])
    if shots and "duration" not in mapped.body and absent("", extra.get("duration")):
        lengths = [shot.get("duration") for shot in shots]
        if all(type(length) is int for length in lengths) and 3 <= sum(lengths) <= 15:
            mapped.body["duration"] = sum(lengths)


def filled(variant: str, extra: Mapping[str, Any]) -> dict[str, Any]:
    """Return native fields without empty ones, which count as absent."""
    names = (*FIELDS[variant], *DELIVERY.get(variant.partition("/")[0], ()))
    kept = {n: v for n, v in extra.items() if n not in names or v not in ("", [])}
    inner, known = OPEN.get(variant, ("", ()))
    if isinstance(kept.get(inner), dict) and kept[inner]:
        kept[inner] = {n: v for n, v in kept[inner].items() if n not in known or v not in ("", [])}
        if not kept[inner]:
            del kept[inner]
    return kept


def add(mapped: MappedRequest, extra: Mapping[str, Any], path: str) -> None:
    """Add native fields; one that a common field has already set is refused."""
    target: Any = mapped.body
    for name in path.split(".")[1:]:
        target = target[name]
    for name, value in extra.items():
        if name not in target:
            target[name] = copy.deepcopy(value)
        elif isinstance(target[name], dict) and isinstance(value, dict):
            add(mapped, value, f"{path}.{name}")
        elif (path, name) != ("extra", "model") or value != target[name]:
            mapped.refused.append(f"{path}.{name}")


def tagged(variant: str, mapped: MappedRequest) -> MappedRequest:
    """Prepend the first image's tag to an omni prompt that cites none; `01` is not a number."""
    prompt, images = (mapped.body.get(name) for name in ("prompt", "image_urls"))
    if variant == "toapis/kling-v3-omni" and isinstance(prompt, str) and prompt.strip():
        cites = re.search(r"<<<image_(0|[1-9][0-9]*)>>>", prompt)
        if isinstance(images, list) and images and not cites:
            mapped.body["prompt"] = f"<<<image_1>>> {prompt}"
    return mapped


def with_sandbox_violations(gateway: str, model: str, mapped: MappedRequest) -> MappedRequest:
    """Add what the sandbox refuses in the body, with addresses for local files."""
    if not mapped.refused:
        violations = validate_request(gateway, model, uploaded(mapped.body), loopback=False)
        mapped.refused += [f"wire {violation}" for violation in violations]
    return mapped


def uploaded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: uploaded(item) for name, item in value.items()}
    if isinstance(value, list):
        return [uploaded(item) for item in value]
    return PICTURE if isinstance(value, Local) else value
