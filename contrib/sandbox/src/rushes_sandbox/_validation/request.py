"""Validates request bodies by this package's own reading of the gateways' pages."""

from collections.abc import Callable, Mapping
from typing import Any

from rushes_sandbox._validation import apimart, toapis, uniall
from rushes_sandbox._validation.validation import Validation, Violation

_Validator = Callable[[Mapping[str, Any], Validation], None]

_VALIDATORS: dict[str, dict[str, _Validator]] = {
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
MODELS: dict[str, tuple[str, ...]] = {
    gateway: tuple(models) for gateway, models in _VALIDATORS.items()
}


def validate_request(
    gateway: str, model: object, body: object, *, loopback: bool
) -> list[Violation]:
    """List everything that a gateway rejects in a request body; an empty list means accepted.

    `body` is any parsed JSON value; none makes this raise. `model` is the model asked for,
    normally the body's own. With `loopback` (the gateway runs on this machine) image URLs may have
    literal private or loopback addresses.
    """
    validation = Validation(loopback=loopback)
    if not isinstance(body, Mapping):
        validation.add("", "the body must be a JSON object")
        return validation.violations
    validators = _VALIDATORS[gateway]
    named = body.get("model")
    if not isinstance(model, str) or model not in validators:
        validation.add("model", f"must be one of {', '.join(validators)}")
    elif named != model:
        validation.add("model", f"must be {model}")
    else:
        validators[model](body, validation)
    return validation.violations
