"""How long a check takes, compared with pydantic for an equivalent model, in one run.

A full multi-shot request goes through the whole check of apimart/kling-v3, its hooks, its rules and
the encoding; pydantic validates the same payload with the same rules and dumps it. They take turns,
so that the machine's noise affects both, and the shortest time of many rounds counts.
Usage: python benchmarks/check_speed.py
"""

import sys
import timeit
from typing import Annotated, Any, Literal

import msgspec
import pydantic
from pydantic import BaseModel, ConfigDict, Field
from rushes import Client, Request, Shot

VARIANT = "apimart/kling-v3"
SHOTS = [{"index": n + 1, "prompt": f"Shot {n + 1}: a red kite", "duration": 5} for n in range(3)]
PAYLOAD: dict[str, Any] = {
    "model": "kling-v3",
    "mode": "pro",
    "duration": 15,
    "aspect_ratio": "9:16",
    "negative_prompt": "blurry",
    "audio": True,
    "multi_shot": True,
    "shot_type": "customize",
    "multi_prompt": SHOTS,
}
REQUEST = Request(
    negative_prompt="blurry",
    duration=15,
    aspect_ratio="9:16",
    resolution="1080p",
    audio=True,
    shots=[Shot(str(shot["prompt"]), 5) for shot in SHOTS],
)

MOST = {"rushes, payload": 1.0, "rushes, request": 1.75}
"""How much of pydantic's time our checks may take."""


class ShotModel(BaseModel):
    """One shot."""

    model_config = ConfigDict(extra="forbid", strict=True)
    index: Annotated[int, Field(ge=1)]
    prompt: Annotated[str, Field(min_length=1, max_length=512, pattern=r"\S")]
    duration: Annotated[int, Field(ge=1)]


class ElementModel(BaseModel):
    """One subject."""

    model_config = ConfigDict(extra="forbid", strict=True)
    name: Annotated[str, Field(min_length=1, pattern=r"\S")]
    description: Annotated[str, Field(min_length=1, pattern=r"\S")]
    element_input_urls: Annotated[list[str], Field(min_length=2, max_length=4)]


class PayloadModel(BaseModel):
    """The same body, the same rules."""

    model_config = ConfigDict(extra="forbid", strict=True)
    model: Literal["kling-v3"]
    prompt: str | None = None
    mode: Literal["std", "pro", "4k"] | None = None
    duration: Annotated[int, Field(ge=3, le=15)] | None = None
    aspect_ratio: Literal["16:9", "9:16", "1:1"] | None = None
    negative_prompt: str | None = None
    image_urls: Annotated[list[str], Field(max_length=2)] | None = None
    watermark: bool | None = None
    audio: bool | None = None
    multi_shot: bool | None = None
    shot_type: Literal["customize", "intelligence"] | None = None
    multi_prompt: Annotated[list[ShotModel], Field(max_length=6)] | None = None
    element_list: Annotated[list[ElementModel], Field(max_length=3)] | None = None
    webhook: str | None = None

    @pydantic.model_validator(mode="after")
    def rules(self) -> "PayloadModel":
        """Enforce the rules across fields."""
        shots = self.multi_prompt or []
        prompt = (self.prompt or "").strip()
        if not self.multi_shot:
            if not prompt or self.shot_type or shots:
                raise ValueError("a prompt, and no shots, without multi_shot")
            return self
        if self.shot_type is None:
            raise ValueError("multi_shot needs a shot_type")
        if self.shot_type == "customize" and not shots:
            raise ValueError("customize needs shots")
        if self.shot_type == "intelligence" and (shots or not prompt):
            raise ValueError("intelligence needs a prompt and takes no shots")
        if any(shot.index != place + 1 for place, shot in enumerate(shots)):
            raise ValueError("index counts from 1")
        if shots and sum(shot.duration for shot in shots) != (self.duration or 5):
            raise ValueError("the shots fill the duration")
        return self


def least_seconds(rounds: int = 300) -> dict[str, float]:
    """Return the seconds that each way takes, the shortest of the rounds."""
    client = Client()

    def ours() -> bytes:
        return msgspec.json.encode(client.check_payload(VARIANT, PAYLOAD).payload)

    def portable() -> bytes:
        return msgspec.json.encode(client.check(VARIANT, REQUEST).payload)

    def theirs() -> str:
        return PayloadModel.model_validate(PAYLOAD).model_dump_json(exclude_none=True)

    assert msgspec.json.decode(ours()) == msgspec.json.decode(theirs()) == PAYLOAD
    assert msgspec.json.decode(portable()) == PAYLOAD
    ways = {"pydantic": theirs, "rushes, payload": ours, "rushes, request": portable}
    least = dict.fromkeys(ways, float("inf"))
    for _ in range(rounds):
        for name, work in ways.items():
            least[name] = min(least[name], timeit.timeit(work, number=100) / 100)
    return least


def main() -> int:
    """Measure and print; fail if a check takes more of pydantic's time than `MOST` says."""
    least, slow = least_seconds(), False
    for name, seconds in least.items():
        ratio, most = seconds / least["pydantic"], MOST.get(name, 1)
        print(f"{name:18} {seconds * 1e6:7.1f} µs  {ratio:5.2f}  at most {most:.2f}")
        slow = slow or ratio > most
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
