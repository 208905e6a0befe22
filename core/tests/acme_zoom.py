"""A made-up provider's plugin, `acme/zoom`, with every kind of field that a payload can have."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from rushes import (
    SPEC,
    Always,
    Answer,
    Call,
    LocalFile,
    Note,
    Polling,
    Problem,
    PublicURL,
    Receipt,
    Result,
    Source,
    Status,
    Steps,
    Text,
    To,
    TransportText,
    Uploads,
    Variant,
    absent,
    hookimpl,
    pick,
    pick_number,
    pick_percent,
    pick_text,
    rule,
)

PAGE = Source("Acme, Zoom", "https://docs.acme.example/zoom")
WORDS: dict[str, Any] = {
    "waiting": "queued",
    "rendering": "in_progress",
    "ready": "completed",
    "broken": "failed",
    "stopped": "cancelled",
    "gone": "expired",
}


class Part(Struct, kw_only=True, forbid_unknown_fields=True):
    """One part of several."""

    prompt: Annotated[Text, Meta(max_length=20)]
    length: Annotated[int, Meta(ge=1, le=12)] = absent(3)


class Look(Struct, kw_only=True, forbid_unknown_fields=True):
    """An object with fields of its own."""

    tint: Literal["warm", "cold"] = absent("warm")
    strength: Annotated[float, Meta(ge=0, le=1)] = absent(0.5)


class Options(Struct):
    """The documented fields of an open object."""

    watermark: bool = absent(False)
    avoid: str = absent("")


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /v1/clips."""

    model: Literal["zoom"]
    text: Annotated[Text, Meta(max_length=100)]
    quality: Literal["low", "high"] = absent("low")
    seconds: Literal[5, 10, 15] = absent(5)
    fps: Annotated[int, Meta(ge=1, le=240)] = absent(24)
    zoom: Annotated[float, Meta(ge=0.5, le=4)] = absent(1.0)
    loud: bool = absent(False)
    pictures: Annotated[list[PublicURL], Meta(max_length=3)] = absent([])
    parts: list[Part] = absent([])
    look: Look = absent(Look())
    options: Annotated[dict[str, Any], Meta(extra={"known": Options})] = absent({})
    ticket: TransportText = absent()


@rule("loud needs quality high.", fields=("loud", "quality"), source=PAGE)
def loud_needs_high(payload: Payload) -> bool:
    """Allow sound only in high quality."""
    return not payload.loud or payload.quality == "high"


@rule("The parts fit into the seconds.", fields=("parts", "seconds"), source=PAGE)
def parts_fill_the_seconds(payload: Payload) -> Iterator[Problem]:
    """Point at the part that exceeds the seconds."""
    total = 0
    for index, part in enumerate(payload.parts):
        total += part.length
        if total > payload.seconds:
            yield Problem(path=f"parts[{index}].length", code="too_long", message="is too much")


@rule("High zoom is grainy.", fields=("zoom",))
def zoom_is_grainy(payload: Payload) -> Iterator[Note]:
    """Always note it; the core drops notes on fields that were not given."""
    yield Note(path="zoom", code="grain", message=f"{payload.zoom:g} may be grainy")


def price(payload: Payload) -> float:
    """Return what a clip costs."""
    return 0.1 * payload.seconds


class Zoom:
    """The plugin."""

    declaration = Variant(
        spec=SPEC,
        id="acme/zoom",
        model="zoom",
        page=PAGE,
        payload=Payload,
        base_url="https://api.acme.example",
        submit_path="/v1/clips",
        status_path="/v1/clips/{id}",
        client_id_field="ticket",
        polling=Polling(first=5, every=10, at_most=600),
        uploads=Uploads(types=("image/png",), max_bytes=1024 * 1024, source=PAGE),
        fields={
            "prompt": To("text"),
            "negative_prompt": To("options.avoid"),
            "duration": To("seconds"),
            "resolution": To("quality", values={"720p": "low", "1080p": "high"}),
            "images.reference": To("pictures[]"),
            "shots": To("parts", form=lambda shots: [{"prompt": shot.prompt} for shot in shots]),
            "audio": To("loud"),
            "watermark": To("options.watermark"),
            "aspect_ratio": Always("16:9"),
        },
        rules=(loud_needs_high, parts_fill_the_seconds, zoom_is_grainy),
        cost=price,
        input_mode=lambda payload: "pictures" if payload.pictures else "text",
    )

    @hookimpl
    def variant(self) -> Variant:
        """Declare the variant."""
        return self.declaration

    @hookimpl
    def submit(self, variant: Variant, payload: Payload, client_id: str) -> Call:
        """POST the payload, with the client id in a header."""
        headers = {"X-Job": client_id}
        return Call.post_json(variant.url(variant.submit_path), payload, headers)

    @hookimpl
    def parse_submit(self, answer: Answer) -> Receipt | None:
        """Read the clip's id."""
        remote_id = pick_text(answer.json(), "clip", "ref")
        return Receipt(remote_id) if remote_id else None

    @hookimpl
    def parse_status(self, answer: Answer) -> Status | None:
        """Read the clip's stage."""
        clip = pick(answer.json(), "clip")
        state = WORDS.get(pick_text(clip, "stage") or "")
        if state is None:
            return None
        links = pick(clip, "links") or []
        kept = pick_text(clip, "kept")
        results = [Result(url=url) for url in links]
        if kept:
            results.append(Result(call=Call.get(kept)))
        films = enumerate(pick(clip, "films") or [], 1)
        results += [Result(url=url, video=number) for number, url in films]
        return Status(
            state=state,
            progress=pick_percent(clip, "done"),
            results=tuple(results),
            reason=pick_text(clip, "why"),
            cost=pick_number(clip, "billed"),
            remote_id=pick_text(clip, "ref"),
        )

    @hookimpl
    def upload(self, variant: Variant, file: LocalFile) -> Steps[str | None]:
        """POST one picture."""
        answer = yield Call.post_file(variant.url("/v1/pictures"), file)
        return pick_text(answer.json(), "at")

    @hookimpl
    def cancel(self, variant: Variant, receipt: Receipt) -> Steps[Answer]:
        """DELETE the clip."""
        url = variant.url("/v1/clips/{id}", id=receipt.remote_id)
        answer = yield Call(method="DELETE", url=url)
        return answer
