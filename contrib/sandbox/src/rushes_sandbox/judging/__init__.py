"""Judges request bodies by this package's own reading of the gateways' pages.

Nothing here knows HTTP, and nothing is shared with the plugins: two readings check each other.
"""

from collections.abc import Callable, Mapping
from typing import Any

from rushes_sandbox.judging import apimart, toapis, uniall
from rushes_sandbox.judging.inspection import Inspection, Refusal

__all__ = ["MODELS", "Refusal", "judge"]

_Judge = Callable[[Mapping[str, Any], Inspection], None]

_JUDGES: dict[str, dict[str, _Judge]] = {
    "toapis": {
        "kling-v3": toapis.kling_v3,
        "kling-v3-omni": toapis.kling_v3_omni,
        "kling-v2-6": toapis.kling_v2_6,
    },
    "apimart": {"kling-v3": apimart.kling_v3},
    "uniall": dict.fromkeys(
        (
            "kling-v3-std-silent",
            "kling-v3-std-audio",
            "kling-v3-pro-silent",
            "kling-v3-pro-audio",
        ),
        uniall.kling_v3,
    ),
}

#: The models of each gateway.
MODELS: dict[str, tuple[str, ...]] = {gateway: tuple(them) for gateway, them in _JUDGES.items()}


def judge(gateway: str, model: object, body: object, *, loopback: bool) -> list[Refusal]:
    """List everything a gateway refuses in a request body; an empty list means accepted.

    `body` is any parsed JSON value and this never raises for one. `model` is the model asked for,
    normally the body's own. With `loopback` (the gateway runs on this machine) image addresses
    may be literal private or loopback ones.
    """
    inspection = Inspection(loopback=loopback)
    if not isinstance(body, Mapping):
        inspection.refuse("", "the body must be a JSON object")
        return inspection.refusals
    known = _JUDGES[gateway]
    named = body.get("model")
    if not isinstance(model, str) or model not in known:
        inspection.refuse("model", f"must be one of {', '.join(known)}")
    elif named != model:
        inspection.refuse("model", f"must be {model}")
    else:
        known[model](body, inspection)
    return inspection.refusals
