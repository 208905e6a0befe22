"""Validates request bodies by the installed protocols: another reading of the providers' pages."""

from collections.abc import Callable, Mapping

from rushes_sandbox._protocols.installed import protocols
from rushes_sandbox._protocols.protocol import Submit
from rushes_sandbox._validation.validation import Validation, Violation


def validate_request(
    provider: str, model: object, body: object, *, loopback: bool
) -> list[Violation]:
    """List everything that a provider rejects in a request body; an empty list means accepted.

    `body` is any parsed JSON value; none makes this raise. `model` is the model asked for, normally
    the body's own. Where a model has several endpoints, the one that accepts most counts. With
    `loopback` (the provider runs on this machine) URLs of images may have literal private or
    loopback addresses.
    """
    protocol = protocols().by_id[provider]
    submits = [each for each in protocol.endpoints if isinstance(each, Submit)]
    fitting = [each for each in submits if isinstance(model, str) and model in each.models]
    found = [violations(each, model, body, loopback=loopback) for each in fitting or submits]
    return min(found, key=len)


def violations(submit: Submit, model: object, body: object, *, loopback: bool) -> list[Violation]:
    """List what one call rejects in a body."""
    validation = Validation(loopback=loopback)
    if not isinstance(body, Mapping):
        validation.add("", "the body must be a JSON object")
    elif not isinstance(model, str) or model not in submit.models:
        validation.add(submit.model_in or "", f"must be one of {', '.join(submit.models)}")
    elif submit.model_in is not None and body.get(submit.model_in) != model:
        validation.add(submit.model_in, f"must be {model}")
    else:
        submit.models[model](body, validation)
    return validation.violations


def validator_for(provider: str) -> Callable[..., list[Violation]] | None:
    """Return how the conformance kit validates bodies for a provider; None for an unknown one."""
    return validate_request if provider in protocols().by_id else None


def models() -> dict[str, tuple[str, ...]]:
    """Return the models of each provider, as installed protocols name them."""
    return {name: protocol.models for name, protocol in protocols().by_id.items()}
