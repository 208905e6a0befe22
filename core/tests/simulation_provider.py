"""The simulated provider: it bills, and its answers are documented and true."""

import re
from collections.abc import Callable
from typing import Any

import msgspec
from acme_server import VIDEO, box
from acme_zoom import Zoom
from rushes import Answer, Call, Receipt, Steps, Variant, hookimpl, pick
from rushes._plugins.registry import Registry
from rushes._submit.reconciling import REPLAYED_FOR

API, FILES = "https://api.acme.example", "https://files.acme.example"


class ProviderKind(Zoom):
    """The plugin of a provider that can replay, reject or look up a submit, or none of these."""

    def __init__(self, idempotency: Any, look_up: Any) -> None:
        self.declaration = msgspec.structs.replace(
            Zoom.declaration, idempotency=idempotency, look_up=look_up
        )
        self.replays, self.rejects = idempotency == "replay", idempotency == "reject"
        self.findable = look_up == "by_client_id"

    @hookimpl
    def look_up(self, variant: Variant, client_id: str) -> Steps[list[Receipt] | None] | None:
        """GET the clips of a job."""
        return _look_up(variant, client_id) if self.findable else None


def _look_up(variant: Variant, client_id: str) -> Steps[list[Receipt] | None]:
    answer = yield Call.get(variant.url("/v1/jobs/{id}", id=client_id))
    refs = pick(answer.json(), "refs")
    return [Receipt(ref) for ref in refs] if isinstance(refs, list) else None


KINDS = {
    "none": ProviderKind("none", "none"),
    "replay": ProviderKind("replay", "none"),
    "reject": ProviderKind("reject", "none"),
    "look-up": ProviderKind("none", "by_client_id"),
    "replay and look-up": ProviderKind("replay", "by_client_id"),
    "reject and look-up": ProviderKind("reject", "by_client_id"),
}
REGISTRIES = {name: Registry(plugins=[kind]) for name, kind in KINDS.items()}
for _registry in REGISTRIES.values():
    _registry.get("acme/zoom")  # so that the first world has no more effects than the others


class Clip(msgspec.Struct):
    """What the provider bills for; the third poll shows its final stage."""

    ref: str
    job: str
    born: float
    polls: int = 0
    end: str = "ready"

    @property
    def video(self) -> bytes:
        """Its video, unlike any other clip's."""
        return VIDEO + box(b"free", self.ref.encode())

    @property
    def link(self) -> str:
        """The address of its video, whatever its final stage."""
        return f"{FILES}/{self.ref}.mp4"

    def describe(self) -> dict[str, Any]:
        """Describe its stage."""
        self.polls += 1
        if self.polls <= 2:
            stage = ("waiting", "rendering")[self.polls - 1]
            return {"ref": self.ref, "stage": stage, "done": 40 * self.polls}
        links = [self.link] if self.end == "ready" else []
        return {"ref": self.ref, "stage": self.end, "links": links}


class Provider:
    """Keeps the clips. It bills nothing that it refuses."""

    def __init__(self, kind: ProviderKind, clock: Callable[[], float]) -> None:
        self._kind, self._clock = kind, clock
        self.clips: dict[str, Clip] = {}

    def of(self, job: str) -> list[Clip]:
        """Return the clips that a job was billed for."""
        return [clip for clip in self.clips.values() if clip.job == job]

    def answer(self, call: Call) -> Answer:
        """Perform a call and answer it."""
        if call.method == "POST":
            return self._created(call.headers["X-Job"])
        if found := re.fullmatch(rf"{API}/v1/clips/(.+)", call.url):
            return self._shown(call.method, found[1])
        if found := re.fullmatch(rf"{API}/v1/jobs/(.+)", call.url):
            return answered({"refs": [clip.ref for clip in self.of(found[1])]})
        found = re.fullmatch(rf"{FILES}/(.+)\.mp4", call.url)
        clip = self.clips.get(found[1]) if found else None
        return _film(call, clip.video) if clip else Answer(404)

    def _created(self, job: str) -> Answer:
        # Remembered a little longer than the client relies on: a call may be under way for a while.
        known = [clip for clip in self.of(job) if self._clock() - clip.born < REPLAYED_FOR + 600]
        if known and self._kind.rejects:
            return answered({"message": "this key was seen before"}, 400)
        if not known or not self._kind.replays:
            clip = Clip(f"c-{len(self.clips) + 1}", job, self._clock())
            self.clips[clip.ref] = clip
            known = [clip]
        return answered({"clip": {"ref": known[0].ref, "stage": "waiting"}}, 201)

    def _shown(self, method: str, ref: str) -> Answer:
        clip = self.clips.get(ref)
        if clip is None:
            return Answer(404)
        if method == "DELETE":
            if clip.polls < 2:
                clip.end, clip.polls = "stopped", 2
            return answered({})
        return answered({"clip": clip.describe()})


def answered(value: Any, status: int = 200, **headers: str) -> Answer:
    """Make an answer of JSON."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, named, msgspec.json.encode(value))


def _film(call: Call, video: bytes) -> Answer:
    """Send a video, or the rest of it (RFC 9110, 14)."""
    head = {"etag": '"v1"', "content-length": str(len(video))}
    asked = re.fullmatch(r"bytes=(\d+)-", call.headers.get("Range", ""))
    if not asked or call.headers.get("If-Range") != '"v1"':
        return Answer(200, head, video)
    start = int(asked[1])
    rest = {"content-range": f"bytes {start}-{len(video) - 1}/{len(video)}"}
    return Answer(206, {**head, **rest, "content-length": str(len(video) - start)}, video[start:])
