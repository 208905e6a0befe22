"""What was requested, in common vocabulary, from wherever it was set.

The request's own fields come first; then payload fields that the gateways share: `duration`,
`aspect_ratio`, `audio`, Kling's `mode` and `multi_prompt`; then what the variant declares to
always deliver. What none of them sets was not requested, and cannot be broken.
"""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

T = TypeVar("T")

_MODES = {"std": "720p", "pro": "1080p", "4k": "4k"}
_DAY = 86_400


class RequestedFields:
    """What was requested, in common vocabulary.

    `always` is what the variant declares that it always delivers, by common field; `implied` names
    the fields that come from there alone.
    """

    def __init__(
        self,
        request: Mapping[str, Any],
        payload: Mapping[str, Any],
        always: Mapping[str, Any] | None = None,
    ) -> None:
        always = always or {}
        self.implied: set[str] = set()
        more = payload.get("extra_body")
        native = {**(more if isinstance(more, Mapping) else {}), **payload}
        mode = native.get("mode")
        self.resolution = (
            _text(request, "resolution")
            or (_MODES.get(mode) if isinstance(mode, str) else None)
            or self._implied("resolution", _text(always, "resolution"))
        )
        self.aspect_ratio = (
            _text(request, "aspect_ratio")
            or _text(native, "aspect_ratio")
            or self._implied("aspect_ratio", _text(always, "aspect_ratio"))
        )
        self.shots = _list(request, "shots") or _list(native, "multi_prompt")
        self.duration = (
            _seconds(request.get("duration"))
            or _seconds(native.get("duration"))
            or _sum_of_shots(self.shots)
            or self._implied("duration", _seconds(always.get("duration")))
        )
        sound = _flag(request.get("audio"), native.get("audio"))
        self.audio = self._implied("audio", _flag(always.get("audio"))) if sound is None else sound
        self.images = [image for image in _list(request, "images") if isinstance(image, Mapping)]

    def _implied(self, name: str, value: T | None) -> T | None:
        """Add what the variant declares that it always delivers."""
        if value is not None:
            self.implied.add(name)
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
    return float(value) if number and 0 < value <= _DAY else None


def lengths_of_shots(shots: list[Any]) -> list[float]:
    """Return how long each shot lasts, in seconds; nothing unless all are known."""
    lasting = [_seconds(shot.get("duration")) if isinstance(shot, Mapping) else None
               for shot in shots]  # fmt: skip
    known = [seconds for seconds in lasting if seconds is not None]
    return known if len(known) == len(lasting) else []


def _sum_of_shots(shots: list[Any]) -> float | None:
    return sum(lengths_of_shots(shots)) or None
