"""A made-up provider of middling oddness, written as an outside author would: two models.

Sizes and frames, limits in bytes, a signature over the bytes and the time, a region in every
address, errors inside HTTP 200, uploads in two steps to handles, and the link in a second answer.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct
from rushes import (
    Answer,
    Answers,
    Call,
    Cancel,
    Codes,
    LocalFile,
    Polling,
    Provider,
    PublicURL,
    Receipt,
    Source,
    Steps,
    Text,
    To,
    Together,
    Uploads,
    Variant,
    absent,
    hookimpl,
    max_bytes,
    pick,
    pick_text,
    rule,
    steps_of,
)
from rushes.rules import Rule
from rushes.vocabulary import (
    accepts,
    by_default,
    equals,
    given,
    image_may_set_ratio,
    needs,
    not_together,
)

BASE = "https://api.oddity.example"


@hookimpl
def poll(variant: Variant, receipt: Receipt) -> Steps[Answer]:
    """Ask for the phase; once the clip is made, also for its film, put beside the phase."""
    place = {"id": receipt.remote_id, **(receipt.memo or {})}
    answer = yield Call.get(variant.url(variant.status_path, **place))
    body = answer.json()
    if pick(body, "data", "phase") != "made":
        return answer
    film = yield Call.get(variant.url("/v3/{region}/clips/{id}/film", **place))
    found = pick(film.json(), "data", "film")
    if not isinstance(found, dict):
        return film
    merged = {**body, "data": {**body["data"], "film": found}}
    return answer.with_json(merged)


@hookimpl
def upload(variant: Variant, file: LocalFile) -> Steps[str | None]:
    """Reserve a place, PUT the bytes there, and send the handle of the place."""
    size = {"type": file.type, "bytes": len(file.content)}
    begun = yield Call.post_json(variant.url("/v3/files"), size)
    place, handle = (pick_text(begun.json(), "data", name) for name in ("put", "handle"))
    if not place or not handle:
        return None
    headers = {"Content-Type": file.type}
    yield Call(method="PUT", url=place, headers=headers, body=file.content)
    return handle


@hookimpl
def authorize(call: Call, secrets: Mapping[str, str], now: float) -> Mapping[str, str]:
    """Sign the method, the path, the time and the bytes."""
    time = str(int(now))
    head = "\n".join((call.method, urlsplit(call.url).path, time, ""))
    signed = hmac.new(
        secrets["secret_key"].encode(), head.encode() + (call.body or b""), hashlib.sha256
    )
    return {"X-Odd-Time": time, "X-Odd-Sign": f"{secrets['access_key']}:{signed.hexdigest()}"}


oddity = Provider(
    spec=2,
    id="oddity",
    base_url=BASE,
    submit_path="/v3/clips",
    status_path="/v3/{region}/clips/{id}",
    secrets=(("access_key", "secret_key"),),
    answers=Answers(
        task_id=("data.clip",),
        keep={"region": "data.region"},
        task="data",
        own_id=("clip",),
        status="phase",
        words={
            "waiting": "queued",
            "drawing": "in_progress",
            "made": "completed",
            "spoilt": "failed",
            "stopped": "cancelled",
        },
        videos=("film.link",),
        expires_at="film.until",
        progress="done",
        progress_of=1,
        reason=("why",),
        error=("note",),
        codes=Codes(
            path="code",
            means={4001: "refused", 4003: "content", 4020: "balance", 4010: "key", 4290: "wait"},
            success=(0,),
            otherwise="refused",
        ),
    ),
    cancel=Cancel(path="/v3/{region}/clips/{id}/stop", while_queued=True),
    polling=Polling(first=8, every=4, at_most=1200),
    uploads=Uploads(types=("image/png", "image/jpeg"), max_bytes=5_000_000, handle="oddity://"),
    hooks=(poll, upload, authorize),
)


class Camera(Struct, kw_only=True, forbid_unknown_fields=True):
    """How the camera moves."""

    move: Literal["still", "pan", "orbit"] = absent("still")
    turns: Annotated[int, Meta(ge=1, le=4)] = absent(1)
    subject: Annotated[Text, max_bytes(60)] = absent("")


class Look(Struct, kw_only=True, forbid_unknown_fields=True):
    """One picture to take the look from."""

    at: PublicURL
    weight: Annotated[float, Meta(ge=0, le=2)] = absent(1.0)


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /v3/turbo/clips; the address names the model."""

    text: Annotated[Text, max_bytes(600)]
    avoid: Annotated[str, max_bytes(200)] = absent("")
    frames: Annotated[int, Meta(ge=25, le=121), steps_of(8, plus=1)] = absent(73)
    size: Literal["1280x720", "720x1280", "1920x1080"] = absent("1280x720")
    sound: bool = absent(True)
    opening: PublicURL = absent("")
    closing: PublicURL = absent("")
    looks: Annotated[list[Look], Meta(max_length=3)] = absent([])
    camera: Camera = absent(Camera())
    seed: Annotated[int, Meta(ge=0, le=4294967295)] = absent()


class Drift(Payload, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /v3/clips."""

    model: str
    frames: Annotated[int, Meta(ge=25, le=241), steps_of(8, plus=1)] = absent(121)


@rule("Each turn of an orbit takes at least 48 frames.", fields=("camera.turns", "frames"))
def turns_take_time(clip: Payload) -> bool:
    """Refuse an orbit that is too quick."""
    return clip.camera.move != "orbit" or clip.frames > 48 * clip.camera.turns


SIZE = Together(
    ("aspect_ratio", "resolution"),
    "size",
    {
        ("16:9", "720p"): "1280x720",
        ("9:16", "720p"): "720x1280",
        ("16:9", "1080p"): "1920x1080",
    },
)


def model(
    name: str,
    payload: type[Payload],
    path: str,
    *,
    seconds: int,
    usd: float,
    rules: tuple[Rule, ...] = (),
) -> Variant:
    """Declare one model; they differ in their length, their price and their address."""
    return oddity.variant(
        name,
        page=Source("Oddity, Clips", "https://docs.oddity.example/clips"),
        payload=payload,
        submit_path=path,
        fields={
            "prompt": To("text"),
            "negative_prompt": To("avoid"),
            "duration": To(
                "frames",
                accepts=Annotated[int, Meta(ge=1, le=seconds)],
                form=lambda seconds: 24 * seconds + 1,
                back=lambda frames: (frames - 1) / 24,
            ),
            "aspect_ratio": SIZE,
            "resolution": SIZE,
            "images.first_frame": To("opening"),
            "images.last_frame": To("closing"),
            "images.reference": To("looks[]", form=lambda url: {"at": url}),
            "audio": To("sound"),
            "seed": To("seed"),
        },
        rules=(
            needs("closing", "opening"),
            not_together("looks", given("opening", "closing")),
            needs("camera.turns", equals("camera.move", "orbit")),
            turns_take_time,
            by_default("sound", "the video has sound"),
            image_may_set_ratio("size", "opening"),
            *rules,
        ),
        cost=lambda clip: usd * (clip.frames - 1) / 24,
        input_mode=lambda clip: "image" if clip.opening or clip.looks else "text",
    )


drift = model(
    "drift-2",
    Drift,
    "/v3/clips",
    seconds=10,
    usd=0.05,
    rules=(accepts("frames", range(25, 122, 8), when=equals("size", "1920x1080")),),
)
turbo = model("drift-2-turbo", Payload, "/v3/turbo/clips", seconds=5, usd=0.02)
