"""Jobs, their costs, and the limits on how many are sent."""

import re
from typing import Any

import msgspec
from rushes import Task

_LIMIT = re.compile(r"([a-z0-9-]+)=(?:(\d+))?(?:,?(\d+(?:\.\d+)?)/s)?")


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One video: a task's reference, and what to send if it was never sent.

    Without `variant` and `request` the task must be in the journal, and is only resumed. `output`
    is where the worker that fetches the video puts it: its own folder by default. With a `purse` it
    is sent only if that can pay for its `estimate`, in USD: see `rushes.journal.Purses`.
    """

    task: str
    variant: str | None = None
    request: dict[str, Any] | None = None
    output: str | None = None
    purse: str | None = None
    estimate: float | None = None


read_job = msgspec.json.Decoder(Job).decode


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """How many of our tasks a provider has at once, and how many are sent to it in a second."""

    slots: int | None = None
    per_second: float | None = None


def limits_of(given: tuple[str, ...]) -> dict[str, Limit]:
    """Read limits by provider, like `toapis=20`, `toapis=20,2/s` or `toapis=2/s`.

    Raises ValueError with a message for people.
    """
    found = {}
    for text in given:
        match = _LIMIT.fullmatch(text)
        slots = int(match[2] or 0) if match else 0
        per_second = float(match[3] or 0) if match else 0.0
        if match is None or not (slots or per_second):
            raise ValueError(
                f"{text!r} is not a limit; give PROVIDER=TASKS, PROVIDER=NUMBER/s or both, "
                "like toapis=20,2/s"
            )
        found[match[1]] = Limit(slots=slots or None, per_second=per_second or None)
    return found


def was_sent(task: Task | None) -> bool:
    """Whether a task may have been bought: neither left unsent nor refused."""
    return task is not None and task.state not in ("recorded", "refused")


def cost_of(task: Task | None, estimate: float | None) -> float | None:
    """Return what a job cost or may cost in USD; `estimate` is the one made before it was sent."""
    if task is None:
        return estimate
    return next((usd for usd in (task.cost, task.estimate, estimate) if usd is not None), None)
