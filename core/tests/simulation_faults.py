"""Faults of a call, by its kind. No fault refuses a call that is then billed."""

from collections.abc import Mapping
from typing import Any

from rushes import Answer
from rushes._flow import Interrupted, NotSent
from rushes.testing._answers import BODIES
from simulation_provider import FILES, answered
from simulation_world import Cut, Fault, Respond, World

UNCERTAIN = (408, 409, 425, 500, 502, 503, 504)
REFUSING = (400, 401, 402, 403, 404, 413, 422)
WAITS: Mapping[str, Mapping[str, str]] = {
    "": {},
    " at once": {"retry-after": "0"},
    " in 3 s": {"retry-after": "3"},
    " in 50 s": {"retry-after": "50"},
    " in an hour": {"retry-after": "3600"},
    " in 10 years": {"retry-after": "315360000"},
    " by a date": {
        "retry-after": "Wed, 21 Oct 2015 07:28:40 GMT",
        "date": "Wed, 21 Oct 2015 07:28:00 GMT",
    },
    " by the last day": {
        "retry-after": "Fri, 31 Dec 9999 23:59:59 GMT",
        "date": "Sat, 01 Jan 2000 00:00:00 GMT",
    },
    " in odd words": {"retry-after": "-5 soon"},
}


def well(world: World, respond: Respond) -> Answer:
    """Answer as documented; the next fault waits for a later call."""
    return respond()


def not_sent(world: World, respond: Respond) -> Answer:
    """Fail before anything is sent, and know it."""
    raise NotSent("connection refused")


def lost(world: World, respond: Respond) -> Answer:
    """Fail before the provider gets the call, without knowing it."""
    raise Interrupted("the connection broke")


def silent(world: World, respond: Respond) -> Answer:
    """Reach the provider, and lose its answer."""
    respond()
    raise Interrupted("the connection broke")


def stalls(world: World, respond: Respond) -> Answer:
    """Reach the provider, which does not answer before the timeout."""
    respond()
    world.now += 120
    raise Interrupted("no whole answer within 120 seconds")


def late(world: World, respond: Respond) -> Answer:
    """Lose the connection; the call reaches the provider much later."""
    world.late.append((world.now, respond))
    raise Interrupted("the connection broke")


def says(answer: Answer, *, acts: bool = False) -> Fault:
    """Return this answer, with or without doing what was asked."""

    def fault(world: World, respond: Respond) -> Answer:
        if acts:
            respond()
        return answer

    return fault


def clip(**fields: Any) -> Fault:
    """Report something untrue about the clip."""

    def fault(world: World, respond: Respond) -> Answer:
        true = respond().json()
        ref = true["clip"]["ref"] if isinstance(true, dict) else "c-0"
        return answered({"clip": {"ref": ref, **fields}})

    return fault


def film(keep: int | None = None, **changes: Any) -> Fault:
    """Send something other than the video: only a part, other headers, another status."""

    def fault(world: World, respond: Respond) -> Answer:
        true = respond()
        headers = {**true.headers, **changes.get("headers", {})}
        body = true.body if keep is None else true.body[:keep]
        answer = Answer(changes.get("status", true.status), headers, changes.get("body", body))
        if changes.get("cut"):
            raise Cut(answer)
        return answer

    return fault


NETWORK: dict[str, Fault] = {
    "well": well, "not sent": not_sent, "lost": lost, "silent": silent, "stalls": stalls,
    "late": late,
    "302": says(Answer(302, {"location": "https://elsewhere.example/v1/clips"})),
    "307": says(Answer(307)),
}  # fmt: skip
GARBAGE = {f"body {number}": Answer(200, {}, body) for number, body in enumerate(BODIES)}
NO_ID = {
    "no id": answered({"clip": {}}),
    "an odd id": answered({"clip": {"ref": 7}}),
    "a blank id": answered({"clip": {"ref": " "}}),
}
BROKEN = {str(status): Answer(status, {}, b'{"message": "odd"}') for status in UNCERTAIN}
OTHER = {
    str(status): Answer(status, {}, b'{"message": "no"}') for status in (*REFUSING, *UNCERTAIN)
}

FAULTS: dict[str, dict[str, Fault]] = {
    "POST clip": {
        **NETWORK,
        **{name: says(answer) for name, answer in OTHER.items()},
        **{f"429{name}": says(Answer(429, dict(wait))) for name, wait in WAITS.items()},
        **{
            f"{name}, {'done' if acts else 'not done'}": says(answer, acts=acts)
            for name, answer in {**BROKEN, **GARBAGE, **NO_ID}.items()
            for acts in (True, False)
        },
    },
    "GET clip": {
        **NETWORK,
        **{name: says(answer) for name, answer in {**OTHER, **GARBAGE}.items()},
        **{f"429{name}": says(Answer(429, dict(wait))) for name, wait in WAITS.items()},
        "another's": clip(ref="c-999", stage="ready", links=[f"{FILES}/c-999.mp4"]),
        "another's failure": clip(ref="c-999", stage="broken"),
        "back to the queue": clip(stage="waiting", done=0),
        "back to work": clip(stage="rendering", done="1%"),
        "an unknown word": clip(stage="polishing", done=99),
        "an odd progress": clip(stage="rendering", done=-3),
        "no link": clip(stage="ready"),
        "a dead link": clip(stage="ready", links=[f"{FILES}/gone.mp4"]),
        "a private link": clip(stage="ready", links=["https://127.0.0.1/x.mp4"]),
        "an odd link": clip(stage="ready", links=["ftp://[", "x" * 3000]),
    },
    "GET job": {
        **NETWORK,
        **{name: says(answer) for name, answer in {**OTHER, **GARBAGE}.items()},
        "lags": says(answered({"refs": []})),
        "odd ids": says(answered({"refs": [None, 7, ""]})),
        "two": says(answered({"refs": ["c-99", "c-1"]})),
    },
    "DELETE clip": {**NETWORK, **{name: says(answer) for name, answer in OTHER.items()}},
    "GET file": {
        **NETWORK,
        **{name: says(answer) for name, answer in {**OTHER, **GARBAGE}.items()},
        "410": says(Answer(410)),
        "416": says(Answer(416)),
        "to nowhere": says(Answer(302)),
        "to a private place": says(Answer(302, {"location": "https://169.254.169.254/"})),
        "in a circle": says(Answer(302, {"location": ""})),
        "cut": film(1000, cut=True),
        "cut at once": film(0, cut=True),
        "short": film(1000),
        "short, of unknown length": film(1000, headers={"content-length": ""}),
        "packed": film(headers={"content-encoding": "gzip"}),
        "another part": film(status=206, headers={"content-range": "bytes 7-9/10"}),
        "a part of odd size": film(
            status=206, headers={"content-range": f"bytes 0-9/{'9' * 5000}"}
        ),
        "an odd part": film(status=206, headers={"content-range": "bytes 0-"}),
        # Not as a 206: no client can detect wrong bytes under the video's own ETag.
        "a page": film(status=200, body=b"<!doctype html><title>Sign in</title>"),
        "a page of its own length": film(
            status=200, body=b"<html>", headers={"content-length": "6"}
        ),
        "endless by its own account": film(headers={"content-length": "99999999999999"}),
    },
}

HARMFUL = {
    "POST clip": [
        "well", "well", "silent", "stalls", "late", "lost", "not sent", "429", "500, done",
        "503, done", "409, done", "body 0, done", "no id, done", "400",
    ],
    "GET clip": [
        "well", "well", "back to the queue", "back to work", "another's", "another's failure",
        "no link", "a dead link", "an unknown word", "404", "500",
    ],
    "GET job": ["well", "lags", "two", "silent", "404", "500"],
    "DELETE clip": ["well", "silent", "not sent"],
    "GET file": ["well", "cut", "cut at once", "short", "a page", "410", "another part", "500"],
}  # fmt: skip
"""The faults most likely to cause trouble; they are drawn more often."""
