"""A small correct plugin, its conformance kit, and helpers to break either."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pytest
from hypothesis import Phase, settings
from msgspec import Meta, Struct
from rushes import (
    SPEC,
    Always,
    Answer,
    Built,
    Call,
    Draft,
    LocalFile,
    Note,
    PublicURL,
    Receipt,
    Refusal,
    Request,
    Result,
    Source,
    Status,
    Steps,
    Text,
    To,
    Uploads,
    Variant,
    absent,
    hookimpl,
    pick,
    pick_percent,
    pick_text,
    rule,
)
from rushes.testing import VariantConformance

PAGE = Source("Toy, Clips", "https://docs.toy.example/clips")
URL = "https://pictures.example.com/a.png"
WORDS: dict[str, Any] = {"waiting": "queued", "done": "completed", "error": "failed"}


class Scene(Struct, kw_only=True, forbid_unknown_fields=True):
    """One of several scenes."""

    prompt: Text
    seconds: Annotated[int, Meta(ge=1)] = absent(1)


class Options(Struct):
    """The documented fields of an open object."""

    avoid: str = absent("")


class Payload(Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /v2/clips."""

    model: Literal["toy"]
    prompt: Annotated[Text, Meta(max_length=40)]
    seconds: Annotated[int, Meta(ge=2, le=12)] = absent(4)
    quality: Literal["fast", "fine"] = absent("fast")
    loop: bool = absent(False)
    strength: Annotated[float, Meta(gt=0, lt=1)] = absent(0.5)
    start: PublicURL = absent("")
    scenes: Annotated[list[Scene], Meta(max_length=3)] = absent([])
    options: Annotated[dict[str, Any], Meta(extra={"known": Options})] = absent({})


@rule("Fine quality takes at most 8 seconds.", fields=("quality", "seconds"), source=PAGE)
def fine_is_short(payload: Payload) -> bool:
    return payload.quality == "fast" or payload.seconds <= 8


@rule("A loop takes no scenes.", fields=("loop", "scenes"), source=PAGE)
def loop_without_scenes(payload: Payload) -> bool:
    return not (payload.loop and payload.scenes)


@rule("A long clip may drift.", fields=("seconds",), source=PAGE)
def long_may_drift(payload: Payload) -> Iterator[Note]:
    if payload.seconds > 10:
        yield Note(path="seconds", code="long_may_drift", message="may drift after 10 seconds")


DECLARED: dict[str, Any] = {
    "spec": SPEC,
    "id": "toy/clips",
    "model": "toy",
    "page": PAGE,
    "payload": Payload,
    "base_url": "https://api.toy.example",
    "submit_path": "/v2/clips",
    "status_path": "/v2/clips/{id}",
    "idempotency": "replay",
    "uploads": Uploads(types=("image/png",), max_bytes=1024, source=PAGE),
    "rules": (fine_is_short, loop_without_scenes, long_may_drift),
    "fields": {
        "prompt": To("prompt"),
        "negative_prompt": To("options.avoid"),
        "duration": To("seconds"),
        "resolution": To("quality", values={"720p": "fast", "1080p": "fine"}),
        "images.first_frame": To("start"),
        "shots": Built("scenes[]"),
        "audio": Always(False),
    },
}


class Toy:
    """The plugin; arguments replace parts of its declaration."""

    def __init__(self, **changes: Any) -> None:
        self.declaration = Variant(**{**DECLARED, **changes})

    @hookimpl
    def variant(self) -> Variant:
        return self.declaration

    @hookimpl
    def build_payload(self, variant: Variant, request: Request) -> Draft:
        draft = Draft(variant, request)
        for index, shot in enumerate(draft.take("shots") or ()):
            scene = {"prompt": shot.prompt}
            if shot.duration is not None:
                scene["seconds"] = shot.duration
            draft.put("scenes[]", scene, f"shots[{index}]")
        return draft

    @hookimpl
    def submit(self, variant: Variant, payload: Struct, client_id: str) -> Call:
        return Call.post_json(variant.url(variant.submit_path), payload, {"X-Key": client_id})

    @hookimpl
    def parse_submit(self, answer: Answer) -> Receipt | Refusal | None:
        remote_id = pick_text(answer.json(), "clip", "id")
        return Receipt(remote_id, memo={"kind": "clip"}) if remote_id else None

    @hookimpl
    def poll(self, variant: Variant, receipt: Receipt) -> Steps[Answer]:
        assert receipt.memo["kind"] == "clip"
        answer = yield Call.get(variant.url(variant.status_path, id=receipt.remote_id))
        return answer

    @hookimpl
    def parse_status(self, answer: Answer) -> Status | None:
        data = answer.json()
        state = WORDS.get(pick_text(data, "state") or "")
        if state is None:
            return None
        videos = pick(data, "videos")
        listed = videos if isinstance(videos, list) else []
        urls = [pick_text(video, "url") for video in listed]
        results = tuple(Result(url=url) for url in urls if url)
        return Status(state=state, progress=pick_percent(data, "percent"), results=results)

    @hookimpl
    def upload(self, variant: Variant, file: LocalFile) -> Steps[str | None]:
        answer = yield Call.post_file(variant.url("/v2/files"), file)
        return pick_text(answer.json(), "url")

    @hookimpl
    def cancel(self, variant: Variant, receipt: Receipt) -> Steps[Answer]:
        url = variant.url("/v2/clips/{id}", id=receipt.remote_id)
        answer = yield Call(method="DELETE", url=url)
        return answer


class ToyKit(VariantConformance):
    """The kit as the plugin's author would write it."""

    __test__ = False
    plugin = Toy()
    accepted: ClassVar[Any] = [
        {"model": "toy", "prompt": "k"},
        {"model": "toy", "prompt": "k", "options": {"avoid": "fog", "grain": [1]}},
        {"model": "toy", "prompt": "k", "scenes": [{"prompt": "l"}], "start": URL},
        Request("k", duration=8, resolution="1080p", negative_prompt="blur"),
    ]
    rejected: ClassVar[Any] = {
        "fine_is_short": {"model": "toy", "prompt": "k", "quality": "fine", "seconds": 9},
        "loop_without_scenes": {"model": "toy", "prompt": "k", "loop": True,
                                "scenes": [{"prompt": "l"}]},
    }  # fmt: skip
    noted: ClassVar[Any] = {"long_may_drift": {"model": "toy", "prompt": "k", "seconds": 12}}
    receipts: ClassVar[Any] = [({"clip": {"id": "c1"}}, "c1")]
    words, word_at = "waiting:queued done:completed error:failed", "state"
    statuses: ClassVar[Any] = [
        ({"state": "done", "percent": "90%", "videos": [{"url": URL}]},
         Status(state="completed", progress=90, results=(Result(url=URL),))),
    ]  # fmt: skip
    look_ups: ClassVar[Any] = [({"id": "k1"}, ["k1"]), ({"error": "busy"}, None)]
    refusals: ClassVar[Any] = [(402, {"error": {"message": "no money"}}, "balance")]
    snapshots: Path

    def snapshot_path(self) -> Path:
        return self.snapshots / "toy-clips.json"

    def validator(self) -> Any:
        toy = ToyKit()

        def validate(provider: str, model: str, body: Any, *, loopback: bool) -> Any:
            return toy.check(body, LOCAL if loopback else PUBLIC).problems

        return validate


LOCAL, PUBLIC = "http://127.0.0.1:9", "https://gateway.example.com"
TESTS = sorted(name for name in dir(VariantConformance) if name.startswith("test_"))
Kit = Callable[..., VariantConformance]


def kit(folder: Path, plugin: Any = None, **parts: Any) -> VariantConformance:
    """Return a kit for a plugin, the toy by default, with some of its tables replaced."""
    given = {"plugin": plugin or Toy(), "snapshots": folder, "__test__": False, **parts}
    made: VariantConformance = type("BrokenKit", (ToyKit,), given)()
    return made


def failures(kit: VariantConformance, *tests: str) -> dict[str, str]:
    """Run the kit's tests, all by default; return the message of each that fails."""
    found = {}
    for name in tests or TESTS:
        test = getattr(kit, name)
        shrinking = getattr(test, "_hypothesis_internal_use_settings", None)
        if shrinking:
            quick = settings(shrinking, phases=[Phase.generate])
            test.__func__._hypothesis_internal_use_settings = quick
        try:
            test()
        except Exception as error:  # noqa: BLE001 - its message is what is tested
            parts = getattr(error, "exceptions", (error,))
            found[name] = "\n".join(f"{type(part).__name__}: {part}" for part in parts)
        finally:
            if shrinking:
                test.__func__._hypothesis_internal_use_settings = shrinking
    return found


def write_snapshot(monkeypatch: pytest.MonkeyPatch, kit: VariantConformance) -> None:
    """Write the snapshot of a kit."""
    monkeypatch.setenv("RUSHES_SNAPSHOT", "write")
    kit.test_the_snapshot_matches()
    monkeypatch.delenv("RUSHES_SNAPSHOT")
