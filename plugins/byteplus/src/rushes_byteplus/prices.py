"""What a video costs: tokens by its size and length, at a rate by model and request.

Sizes: https://docs.byteplus.com/en/docs/ModelArk/1520757; rates:
https://docs.byteplus.com/en/docs/ModelArk/1544106.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from rushes import Answer, Status, Task, hookimpl, pick, pick_number

READ = "2026-09-02"
"""The date of the page of rates."""

SIZES: Mapping[str, Mapping[str, tuple[int, int]]] = {
    "480p": {
        "16:9": (864, 496),
        "4:3": (752, 560),
        "1:1": (640, 640),
        "3:4": (560, 752),
        "9:16": (496, 864),
        "21:9": (992, 432),
    },
    "720p": {
        "16:9": (1280, 720),
        "4:3": (1112, 834),
        "1:1": (960, 960),
        "3:4": (834, 1112),
        "9:16": (720, 1280),
        "21:9": (1470, 630),
    },
    "1080p": {
        "16:9": (1920, 1080),
        "4:3": (1664, 1248),
        "1:1": (1440, 1440),
        "3:4": (1248, 1664),
        "9:16": (1080, 1920),
        "21:9": (2206, 946),
    },
    "4k": {
        "16:9": (3840, 2160),
        "4:3": (3326, 2494),
        "1:1": (2880, 2880),
        "3:4": (2494, 3326),
        "9:16": (2160, 3840),
        "21:9": (4398, 1886),
    },
}
"""Width and height by resolution and ratio, of both models."""


def tokens(resolution: str, ratio: str, seconds: int) -> float:
    """Return the tokens that a video takes; of an unknown ratio, those of the largest size.

    The page's formula leaves out the last frame, which recorded bills include.
    """
    sizes = SIZES[resolution]
    known = [sizes[ratio]] if ratio in sizes else sizes.values()
    pixels = max(width * height for width, height in known)
    return pixels * (24 * seconds + 1) / 1024


def usd(token_count: float, rate: float) -> float:
    """Return the price of tokens at a rate in USD per million."""
    return round(token_count * rate / 1_000_000, 6)


Rate = Callable[[Mapping[str, Any]], float]
"""USD per million tokens for a body as it was sent; absent fields count as their defaults."""


def cost_by_tokens(rate: Rate) -> Any:
    """Return a hook that adds to a status what the tokens in it cost."""

    @hookimpl(wrapper=True)
    def parse_status(answer: Answer, task: Task) -> Any:
        """Read the status as declared; the bill is for the tokens that the answer counts."""
        status: Status | None = yield
        used = pick_number(answer.json(), "usage", "completion_tokens")
        body = task.call.json() if task.call else None
        if status is None or used is None or not isinstance(body, dict):
            return status
        sound = pick(answer.json(), "generate_audio")
        made = {**body, "generate_audio": sound} if isinstance(sound, bool) else body
        return msgspec.structs.replace(status, cost=usd(used, rate(made)))

    return parse_status
