"""Faults of the answers about a task."""

from collections.abc import Callable, Iterator
from typing import Any

from rushes_sandbox.faults import strikes
from rushes_sandbox.faults.anywhere import answering
from rushes_sandbox.faults.fault import Fault, Moment, Strike
from rushes_sandbox.tasks import State, View

_PROGRESS = {
    "percent": ('"50%"', "50%"),
    "null": ("null", None),
    "150": ("150", 150),
    "nan": ("NaN", float("nan")),
    "word": ('"abc"', "abc"),
    "negative": ("-3", -3),
}

#: Addresses that no video is to be fetched from, by what is wrong with them.
ADDRESSES = {
    "file": "file:///etc/passwd",
    "ftp": "ftp://127.0.0.1/video.mp4",
    "private": "http://10.0.0.1/video.mp4",
    "metadata": "http://169.254.169.254/latest/meta-data/",
}


def inner(body: Any) -> dict[str, Any]:
    """Return the part of a status answer that is about the task: APIMart wraps it."""
    found: dict[str, Any] = body.get("data", body)
    return found


def _view(moment: Moment, state: State, progress: int, url: str = "", failure: str = "") -> Any:
    assert moment.task is not None  # noqa: S101 - the gateway has just answered about it
    settings = moment.ledger.settings
    now = int(settings.clock())
    expires = int(now + settings.result_lifetime)
    view = View(moment.task, state, progress, url, now, expires, failure)
    return moment.gateway.status(view)


def _word(word: str) -> Strike:
    """Claim an end that is none of the usual, or a word that means nothing."""

    def say(moment: Moment) -> Any:
        ended = word in {"cancelled", "expired"}
        body = _view(moment, "failed" if ended else "in_progress", 50, failure=f"task {word}")
        inner(body)["status"] = word
        return body

    return strikes.said(say)


def _failed(moment: Moment) -> Any:
    return _view(moment, "failed", 0, failure="the content policy does not allow this video")


def _progress(value: Any) -> Strike:
    def say(moment: Moment) -> Any:
        body = _view(moment, "in_progress", 0)
        inner(body)["progress"] = value
        return body

    return strikes.said(say)


def _no_link(moment: Moment) -> Any:
    body = _view(moment, "completed", 100)
    for name in ("result", "video_url"):
        inner(body).pop(name, None)
    return body


def _link(address: str) -> Callable[[Moment], Any]:
    return lambda moment: _view(moment, "completed", 100, address)


def _backwards(moment: Moment) -> Any:
    return _view(moment, "in_progress", 90) if moment.nth % 2 else _view(moment, "queued", 0)


def _other_task(moment: Moment) -> Any:
    body = _failed(moment)
    inner(body)["id"] = "video_of_somebody_else"
    return body


def _faults() -> Iterator[Fault]:
    def fault(name: str, does: str, strike: Strike) -> Fault:
        return Fault(name, "status", f"{does}.", strike)

    yield from answering("status", lambda what: f"status-{what}")
    yield fault(
        "status-401",
        "The answer is a 401, as if the key were wrong",
        strikes.refused(401, "wrong key"),
    )
    missing = strikes.refused(404, "there is no such task")
    yield fault("status-404", "The answer is a 404, as if there were no such task", missing)
    busy = strikes.refused(429, "too many requests", lambda _: {"retry-after": "1"})
    yield fault("status-429", "The answer is a 429 with `Retry-After: 1`", busy)
    yield fault(
        "status-unknown-word", "The status is `simmering`, which means nothing", _word("simmering")
    )
    yield fault("status-cancelled", "The task is said to be cancelled", _word("cancelled"))
    yield fault("status-expired", "The task is said to have expired", _word("expired"))
    yield fault(
        "status-failed", "The task is said to have failed, with a reason", strikes.said(_failed)
    )
    turns = "In turns: in progress at 90 %, and queued at 0 %"
    yield fault("status-backwards", turns, strikes.said(_backwards))
    other = "The answer is about another task, which has failed"
    yield fault("status-other-task", other, strikes.said(_other_task))
    for name, (written, value) in _PROGRESS.items():
        yield fault(
            f"progress-{name}", f"In progress, and `progress` is `{written}`", _progress(value)
        )
    yield fault("no-link", "Completed, but without an address", strikes.said(_no_link))
    for name, address in ADDRESSES.items():
        does = f"Completed, and the video is said to be at `{address}`"
        yield fault(f"link-{name}", does, strikes.said(_link(address)))


FAULTS = tuple(_faults())
