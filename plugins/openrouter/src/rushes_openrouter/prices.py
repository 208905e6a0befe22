"""What a video costs by the prices in the list, as far as their names are understood.

The names are not documented; these are the ones that the snapshot's models have. Prices per second
are by sound, resolution and kind of input; tokens are width x height x 24 x seconds / 1,024.
"""

import re
from collections.abc import Iterator, Mapping

UNDERSTOOD = ("duration_seconds", "text_to_video_", "image_to_video_", "video_tokens")
"""How the names of understood prices begin; one that is not may change any estimate."""
AMOUNT = re.compile(r"[0-9]+(\.[0-9]+)?")


def estimate(
    prices: Mapping[str, str],
    *,
    seconds: int,
    size: str | None,
    resolution: str,
    sound: bool,
    mode: str,
) -> float | None:
    """Return USD, or None if the prices do not say it.

    `size` is "1280x720" if it is known; `mode` is `text`, `frame control` or `reference`.
    """
    if not all(
        name.startswith(UNDERSTOOD) and AMOUNT.fullmatch(price) for name, price in prices.items()
    ):
        return None
    names = _by_second(resolution.lower(), sound, mode)
    price = next((prices[name] for name in names if name in prices), None)
    if price is not None:
        return round(float(price) * seconds, 6)
    names = _by_token(resolution.lower(), sound)
    price = next((prices[name] for name in names if name in prices), None)
    if price is None or size is None:
        return None
    width, height = map(int, size.split("x"))
    return round(float(price) * width * height * 24 * seconds / 1024, 6)


def _by_second(resolution: str, sound: bool, mode: str) -> Iterator[str]:
    """Yield the names of prices that may apply, the one that says most first."""
    heard = "with_audio" if sound else "without_audio"
    yield f"duration_seconds_{heard}_{resolution}"
    yield f"duration_seconds_{heard}"
    made = "text_to_video" if mode == "text" else "image_to_video"
    yield f"{made}_duration_seconds_{resolution}"
    yield f"duration_seconds_{resolution}"
    yield "duration_seconds"


def _by_token(resolution: str, sound: bool) -> Iterator[str]:
    yield f"video_tokens_{resolution}"
    if not sound:
        yield "video_tokens_without_audio"
    yield "video_tokens"
