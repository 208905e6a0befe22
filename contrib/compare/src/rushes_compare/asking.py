"""What was asked for, wherever it was said.

The request's common words count; where it is silent, what the payload says in words that gateways
share: `duration`, `aspect_ratio`, `audio`, Kling's `mode` and `multi_prompt`. What neither says was
not asked for, and nobody can break it.
"""

import re
from collections.abc import Mapping
from typing import Any

_MODES = {"std": "720p", "pro": "1080p", "4k": "4k"}
_A_DAY = 86_400


class Asked:
    """What was asked for, in common words, wherever it was said."""

    def __init__(self, request: Mapping[str, Any], payload: Mapping[str, Any]) -> None:
        more = payload.get("extra_body")
        native = {**(more if isinstance(more, Mapping) else {}), **payload}
        mode = native.get("mode")
        self.resolution = _text(request, "resolution") or (
            _MODES.get(mode) if isinstance(mode, str) else None
        )
        self.aspect_ratio = _text(request, "aspect_ratio") or _text(native, "aspect_ratio")
        self.shots = _list(request, "shots") or _list(native, "multi_prompt")
        self.duration = (
            _seconds(request.get("duration"))
            or _seconds(native.get("duration"))
            or _together(self.shots)
        )
        sound = request.get("audio")
        sound = native.get("audio") if sound is None else sound
        self.audio = sound if isinstance(sound, bool) else None
        self.images = [image for image in _list(request, "images") if isinstance(image, Mapping)]


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    return value.strip() if isinstance(value, str) and value.strip() else None


def _list(fields: Mapping[str, Any], name: str) -> list[Any]:
    value = fields.get(name)
    return list(value) if isinstance(value, (list, tuple)) else []


def _seconds(value: Any) -> float | None:
    if isinstance(value, str) and re.fullmatch(r"\d{1,6}(\.\d{1,6})?", value):
        value = float(value)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if number and 0 < value <= _A_DAY else None


def _together(shots: list[Any]) -> float | None:
    lasting = [_seconds(shot.get("duration")) if isinstance(shot, Mapping) else None
               for shot in shots]  # fmt: skip
    known = [seconds for seconds in lasting if seconds is not None]
    return sum(known) if known and len(known) == len(lasting) else None
