"""The tasks a gateway has created, and how far each of them is."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rushes_sandbox.studio.lab import Film
from rushes_sandbox.studio.scene import Scene

#: Addresses of files are their own permission: nobody guesses 192 bits.
TOKEN_BYTES = 24

State = Literal["queued", "in_progress", "completed", "failed"]


@dataclass(eq=False)
class Task:
    """One unit of work that a gateway would have billed."""

    gateway: str
    id: str
    body: Mapping[str, Any]
    #: The caller's own name for it (`client_business_id` or `Idempotency-Key`), if it gave one.
    client_id: str | None
    #: What was asked for; its film shows something else where the sandbox lies.
    asked: Scene
    film: Film
    #: When it was created, seconds since 1970.
    created: float
    #: What it cost, in USD.
    cost: float
    #: The unguessable part of the video's address.
    token: str = field(default_factory=lambda: secrets.token_urlsafe(TOKEN_BYTES))


@dataclass(frozen=True)
class View:
    """What a gateway says about a task at one moment."""

    task: Task
    state: State
    progress: int
    #: The address of the video and when it stops working; empty until completed.
    url: str = ""
    completed: int = 0
    expires: int = 0
    failure: str = ""


def completion(task: Task, queue: float, render: float) -> float | None:
    """Say when a task is complete, in seconds since 1970; None while its film is not ready."""
    if not task.film.ready:
        return None
    return max(task.created + queue + render, task.film.finished_at)


def progress(task: Task, now: float, queue: float, render: float) -> tuple[State, int]:
    """Work out the state and progress (0 to 100) of a task at a time."""
    if task.film.failure:
        return "failed", 0
    done = completion(task, queue, render)
    if done is not None and now >= done:
        return "completed", 100
    age = now - task.created
    if age < queue:
        return "queued", 0
    passed = min(1.0, (age - queue) / render) if render > 0 else 1.0
    # The slower of the two: what the client is to see, and what there is.
    return "in_progress", max(1, min(99, int(100 * min(passed, task.film.share))))
