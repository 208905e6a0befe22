"""Faults of the request that creates a task."""

from collections.abc import Iterator
from email.utils import formatdate
from typing import Any

from rushes_sandbox._faults import effects
from rushes_sandbox._faults.fault import Effect, Fault, FaultContext
from rushes_sandbox._faults.json_responses import json_faults
from rushes_sandbox._faults.paths import put, remove
from rushes_sandbox._http.exchange import BufferedResponse
from rushes_sandbox._protocols.protocol import Submit

_REFUSALS = {
    400: "the request is invalid",
    401: "the API key is wrong",
    402: "the balance is too low",
    403: "the API key may not do this",
    404: "there is no such model",
    413: "the request is too large",
    422: "the prompt violates the content policy",
}
_UNCLEAR = {
    502: "bad gateway",
    503: "the service is unavailable",
    504: "the gateway timed out",
    408: "the request took too long",
    409: "the request conflicts with another one",
    425: "the request came too early",
}

_HOUR = "3600"


def _in_seconds(_context: FaultContext) -> dict[str, str]:
    return {"retry-after": "1"}


def _by_date(context: FaultContext) -> dict[str, str]:
    # HTTP dates have whole seconds: two from now is more than one.
    return {"retry-after": formatdate(context.state.settings.clock() + 2, usegmt=True)}


def _in_an_hour(_context: FaultContext) -> dict[str, str]:
    return {"retry-after": _HOUR}


def _redirect(status: int) -> Effect:
    async def effect(context: FaultContext) -> BufferedResponse:
        return BufferedResponse(status, b"", {"location": context.url_at_other_origin})

    return effect


def _with_id(value: Any) -> Effect:
    return effects.edited(lambda body, context: put(body, _place(context), value))


def _without_id() -> Effect:
    return effects.edited(lambda body, context: remove(body, _place(context)))


def _place(context: FaultContext) -> str:
    """Return where the answer to a submit has the id."""
    assert isinstance(context.endpoint, Submit)  # noqa: S101 - these faults hit submits only
    return context.endpoint.task_id


def _before_create() -> Iterator[Fault]:
    def fault(name: str, does: str, effect: Effect) -> Fault:
        return Fault(name, "submit", f"{does}.", effect, phase="before_handling")

    yield Fault(
        "reset-before-reading",
        "submit",
        "The connection is reset before the request is read; nothing is created.",
        effects.reset,
        phase="before_reading",
    )
    held = "The request hangs, and nothing is created unless a test releases it"
    yield fault("stall-before-create", held, effects.stall)
    for name, header, headers in (
        ("seconds", "`Retry-After: 1`", _in_seconds),
        ("date", "a date in `Retry-After`, two seconds from now", _by_date),
        ("hour", f"`Retry-After: {_HOUR}`", _in_an_hour),
    ):
        busy = effects.error(429, "too many requests", headers)
        yield fault(f"rate-limit-{name}", f"429 with {header}; nothing is created", busy)
    for status, message in _REFUSALS.items():
        does = f"{status} in the gateway's own error format; nothing is created"
        yield fault(f"refuse-{status}", does, effects.error(status, message))
    echo = "401 with the key itself in the message; nothing is created"
    yield fault("refuse-echoing-key", echo, effects.error(401, "the API key {key} is wrong"))
    for status in (301, 302, 307, 308):
        does = f"{status} to another origin; nothing is created unless the client goes there"
        yield fault(f"redirect-{status}", does, _redirect(status))


_ENCODED = "%2e%2e%2fx"
"""`../x`, as it is written in an address."""


def _after_create() -> Iterator[Fault]:
    created = "The task is created"

    def fault(name: str, does: str, effect: Effect) -> Fault:
        return Fault(name, "submit", f"{created}, {does}.", effect)

    yield from json_faults("submit", lambda what: f"{what}-after-create", created)
    for status, message in _UNCLEAR.items():
        does = f"but the answer is a {status}"
        yield fault(f"{status}-after-create", does, effects.error(status, message))
    for status in (400, 409, 429, 500):
        does = f"and the answer names it, but is a {status} with an error in it"
        effect = effects.error_with_real_fields(status, "this was not expected")
        yield fault(f"{status}-naming-the-task", does, effect)
    for name, has, effect in (
        ("dots-id", "`..` as the id", _with_id("..")),
        ("slash-id", "`../x/y` as the id", _with_id("../x/y")),
        ("percent-id", "`%2e%2e%2fx` as the id", _with_id(_ENCODED)),
        ("long-id", "an id of 1 MB", _with_id("x" * 2**20)),
        ("no-id", "no id", _without_id()),
        ("null-id", "null as the id", _with_id(None)),
        ("wrong-id", "a number as the id", _with_id(7)),
    ):
        yield fault(f"{name}-after-create", f"but the answer has {has}", effect)


FAULTS = (*_before_create(), *_after_create())
