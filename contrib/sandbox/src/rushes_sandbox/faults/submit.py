"""Faults of the call that creates."""

from collections.abc import Callable, Iterator
from email.utils import formatdate
from typing import Any

from rushes_sandbox.faults import strikes
from rushes_sandbox.faults.anywhere import answering
from rushes_sandbox.faults.fault import Answer, Fault, Moment, Strike

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


def _in_seconds(_moment: Moment) -> dict[str, str]:
    return {"retry-after": "1"}


def _by_date(moment: Moment) -> dict[str, str]:
    # Dates have whole seconds: two from now are more than one.
    return {"retry-after": formatdate(moment.ledger.settings.clock() + 2, usegmt=True)}


def _in_an_hour(_moment: Moment) -> dict[str, str]:
    return {"retry-after": _HOUR}


def _redirect(http: int) -> Strike:
    async def strike(moment: Moment) -> Answer:
        return Answer(http, b"", {"location": moment.elsewhere})

    return strike


def _id(change: Callable[[dict[str, Any], str], None]) -> Strike:
    def edit(body: Any, moment: Moment) -> None:
        if moment.gateway.id == "apimart":
            change(body["data"][0], "task_id")
        else:
            change(body, "id")

    return strikes.edited(edit)


def _before() -> Iterator[Fault]:
    yield Fault(
        "reset-before-reading",
        "submit",
        "The connection is reset before the request was read; nothing is created.",
        strikes.reset,
        when="unread",
    )
    yield Fault(
        "stall-before-create",
        "submit",
        "Nothing happens unless a test releases it; only then the task is created.",
        strikes.stall,
        when="before",
    )
    for name, does, headers in (
        ("seconds", "`Retry-After: 1`", _in_seconds),
        ("date", "a date in `Retry-After`, two seconds from now", _by_date),
        ("hour", f"`Retry-After: {_HOUR}`", _in_an_hour),
    ):
        yield Fault(
            f"rate-limit-{name}",
            "submit",
            f"429 with {does}; nothing is created.",
            strikes.refused(429, "too many requests", headers),
            when="before",
        )
    for http, message in _REFUSALS.items():
        yield Fault(
            f"refuse-{http}",
            "submit",
            f"{http} in the gateway's own words; nothing is created.",
            strikes.refused(http, message),
            when="before",
        )
    yield Fault(
        "refuse-echoing-key",
        "submit",
        "401 with the key itself in the message; nothing is created.",
        strikes.refused(401, "the API key {key} is wrong"),
        when="before",
    )
    for http in (301, 302, 307, 308):
        yield Fault(
            f"redirect-{http}",
            "submit",
            f"{http} to another origin; nothing is created unless the client goes there.",
            _redirect(http),
            when="before",
        )


def _after() -> Iterator[Fault]:
    done = "The task is created"
    yield from answering("submit", lambda what: f"{what}-after-create", done)
    for http, message in _UNCLEAR.items():
        yield Fault(
            f"{http}-after-create",
            "submit",
            f"{done}, but the answer is a {http}.",
            strikes.refused(http, message),
        )
    for http in (400, 409, 429, 500):
        yield Fault(
            f"{http}-naming-the-task",
            "submit",
            f"{done}, and the answer names it, but is a {http} with an error in it.",
            strikes.named(http, "this was not expected"),
        )
    for name, does, change in (
        ("dots-id", "has `..` as the id", lambda holder, key: holder.update({key: ".."})),
        ("long-id", "has an id of 1 MB", lambda holder, key: holder.update({key: "x" * 2**20})),
        ("no-id", "has no id", lambda holder, key: holder.pop(key)),
        ("null-id", "has null as the id", lambda holder, key: holder.update({key: None})),
        ("wrong-id", "has a number as the id", lambda holder, key: holder.update({key: 7})),
    ):
        yield Fault(
            f"{name}-after-create", "submit", f"{done}, but the answer {does}.", _id(change)
        )


FAULTS = (*_before(), *_after())
