"""What was asked for, wherever it was said.

The request's common words count; where it is silent, what the payload says in words that gateways
share: `duration`, `aspect_ratio`, `audio`, Kling's `mode` and `multi_prompt`; where both are
silent, what the variant says of itself that it always makes. What none of them says was not asked
for, and nobody can break it.
"""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

T = TypeVar("T")

_MODES = {"std": "720p", "pro": "1080p", "4k": "4k"}
_A_DAY = 86_400


class Asked:
    """What was asked for, in common words, wherever it was said.

    `always` is what the variant always makes, by common field; `unasked` names the fields of which
    nothing else speaks.
    """

    def __init__(
        self,
        request: Mapping[str, Any],
        payload: Mapping[str, Any],
        always: Mapping[str, Any] | None = None,
    ) -> None:
        always = always or {}
        self.unasked: set[str] = set()
        more = payload.get("extra_body")
        native = {**(more if isinstance(more, Mapping) else {}), **payload}
        mode = native.get("mode")
        self.resolution = (
            _text(request, "resolution")
            or (_MODES.get(mode) if isinstance(mode, str) else None)
            or self._unasked("resolution", _text(always, "resolution"))
        )
        self.aspect_ratio = (
            _text(request, "aspect_ratio")
            or _text(native, "aspect_ratio")
            or self._unasked("aspect_ratio", _text(always, "aspect_ratio"))
        )
        self.shots = _list(request, "shots") or _list(native, "multi_prompt")
        self.duration = (
            _seconds(request.get("duration"))
            or _seconds(native.get("duration"))
            or _together(self.shots)
            or self._unasked("duration", _seconds(always.get("duration")))
        )
        sound = _flag(request.get("audio"), native.get("audio"))
        self.audio = self._unasked("audio", _flag(always.get("audio"))) if sound is None else sound
        self.images = [image for image in _list(request, "images") if isinstance(image, Mapping)]

    def _unasked(self, name: str, value: T | None) -> T | None:
        """Take what the variant says of itself, if it does."""
        if value is not None:
            self.unasked.add(name)
        return value


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    return value.strip() if isinstance(value, str) and value.strip() else None


def _flag(*values: Any) -> bool | None:
    """Return the first value that is given, if it is true or false."""
    value = next((value for value in values if value is not None), None)
    return value if isinstance(value, bool) else None


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
