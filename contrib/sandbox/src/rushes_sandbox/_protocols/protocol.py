"""What a stand-in for a provider is made of: data and pure functions, which the sandbox serves.

A protocol is read from the provider's pages by somebody who does not look at the plugin: two
readings check each other. It opens nothing and keeps nothing; `Backend` has what it needs.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rushes_sandbox._protocols.backend import Backend
from rushes_sandbox._protocols.incoming import Incoming, Reply
from rushes_sandbox._rendering.scene import Scene, Scenery
from rushes_sandbox._state.billing import usual_price
from rushes_sandbox._state.tasks import ENDED, GatewayTask, TaskState, TaskView
from rushes_sandbox._validation.validation import Validation

#: What a request is for; faults hit requests by their steps.
Step = Literal["connect", "submit", "status", "result", "download", "upload"]

#: Adds to a `Validation` whatever the provider rejects in a body.
Validator = Callable[[Mapping[str, Any], Validation], None]

#: A JSON value, or a `Reply`.
Answer = Any

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class KeyHeader:
    """The header that carries the key, and how: `Authorization: Bearer KEY` unless it differs."""

    name: str = "authorization"
    #: What stands before the key.
    scheme: str = "Bearer"
    #: Given what the client sent, the sandbox's key and the time (seconds since 1970): whether it
    #: is accepted although it is not the key itself, as a token signed with a secret is.
    accepts: Callable[[str, str, float], bool] | None = None

    def given(self, headers: Mapping[str, str]) -> str:
        """Return what a request carries as its key; an empty string if nothing."""
        value = headers.get(self.name, "")
        if not self.scheme:
            return value.strip()
        scheme, _, key = value.partition(" ")
        return key.strip() if scheme.lower() == self.scheme.lower() else ""


def token_id(_incoming: Incoming) -> str:
    """Return a new task's id: a random one."""
    return secrets.token_hex(13)


@dataclass(frozen=True, kw_only=True)
class Submit:
    """A call that creates a task: POST to a path below the base URL.

    In a path, `{name}` stands for one part of it and `{name:path}` for several.
    """

    path: str
    #: What is accepted of each model, by the name that the provider gives it.
    models: Mapping[str, Validator]
    #: What an accepted request asks for.
    scene: Callable[[Incoming, Backend], Scene]
    answer: Callable[[TaskView], Answer]
    #: Where the answer holds the id, as a path (`data[0].id`), for faults to change it.
    task_id: str
    #: The field of the body that names the model. None: it is `{model}` in the path, or there is
    #: only one.
    model_in: str | None = "model"
    new_id: Callable[[Incoming], str] = token_id
    #: What the requested video costs, in USD; charged when the task is created.
    price: Callable[[Incoming, Scene], float] = lambda _incoming, scene: usual_price(scene)
    #: The client's own name for the task, if the provider takes one.
    client_id: Callable[[Incoming], str | None] = lambda _incoming: None
    #: What a name that is known causes: the same task is returned, or returned for an equal body
    #: and refused with 409 otherwise, or another task is created.
    known_id: Literal["returned", "returned for the same body", "created"] = "created"

    def model(self, incoming: Incoming) -> object:
        """Return the model that a request names; any JSON value."""
        if self.model_in is not None:
            return incoming.json.get(self.model_in)
        return incoming.parameters.get("model", next(iter(self.models)))


def by_id(incoming: Incoming, backend: Backend) -> list[GatewayTask]:
    """Find the task whose id is `{id}` in the path."""
    task = backend.find(incoming.parameters["id"])
    return [task] if task else []


@dataclass(frozen=True, kw_only=True)
class Status:
    """A call that tells about tasks: GET of a path."""

    path: str
    #: What is told of one task.
    answer: Callable[[TaskView], Answer]
    find: Callable[[Incoming, Backend], list[GatewayTask]] = by_id
    #: For an answer that lists tasks: makes it of what is told of each. Without it, no task is 404.
    together: Callable[[list[Any]], Answer] | None = None
    #: Whether it tells how far the task is, or where the video is, or both.
    shows: tuple[Step, ...] = ("status", "result")
    #: Where the answer holds the task's own id, the status word and the progress, as paths, for
    #: faults to change them. None: it has no such thing.
    own_id: str | None = None
    word: str | None = None
    progress: str | None = None


@dataclass(frozen=True, kw_only=True)
class Route:
    """Any other call: an upload, a cancel, a video behind the key."""

    method: str
    path: str
    handle: Callable[[Incoming, Backend], Answer]
    step: Step | None = None
    #: Whether it is at the second origin (`Backend.storage_url`), which refuses the key.
    storage: bool = False
    needs_key: bool = True


Endpoint = Submit | Status | Route


def steps_of(endpoint: Endpoint) -> tuple[Step, ...]:
    """Return what a request to an endpoint is for."""
    if isinstance(endpoint, Submit):
        return ("submit",)
    if isinstance(endpoint, Status):
        return endpoint.shows
    return (endpoint.step,) if endpoint.step else ()


def _nothing_more(_incoming: Incoming) -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """The stand-in for one provider."""

    id: str
    endpoints: Sequence[Endpoint]
    #: An error in the provider's format, given the HTTP status, a message, and the field that it is
    #: about (or an empty string). A `Reply` may have another HTTP status.
    error: Callable[[int, str, str], Answer]
    key: KeyHeader = KeyHeader()
    #: Further secrets of an account, by name, made from the sandbox's key.
    secrets: Callable[[str], Mapping[str, str]] = lambda _key: {}
    #: Raises `Refused` for what every request must have.
    precondition: Callable[[Incoming], None] = _nothing_more
    #: The largest body of a submit, in bytes.
    max_bytes: int = 10 * MEGABYTE
    #: The address of a video, made of `{results}` (files at the sandbox's own origin), `{storage}`
    #: (files at the second one), `{base}` (the provider's base URL), `{token}` and `{id}`.
    link: str = "{results}/{token}.mp4"
    #: The ends that the answers can tell apart, besides completed.
    ends: frozenset[str] = frozenset({"failed", "cancelled", "expired"})
    scenery: Scenery | None = None
    #: What the provider sends to a client's endpoint about a task, given the secret that signs it
    #: and the time: the headers and the body. None if it sends nothing.
    notify: Callable[[TaskView, str, float], Reply] | None = None
    #: Whether that secret signs it; otherwise a key of the provider's does, or nothing.
    signed_with_secret: bool = False
    #: The states of a task that it sends this for.
    notifies_of: frozenset[TaskState] = ENDED
    #: The endpoint that an accepted submit asks it to notify; None if it asks for none.
    callback: Callable[[Incoming], str | None] = lambda _incoming: None

    @property
    def models(self) -> tuple[str, ...]:
        """The models that it accepts, each once."""
        return tuple(
            dict.fromkeys(
                model
                for endpoint in self.endpoints
                if isinstance(endpoint, Submit)
                for model in endpoint.models
            )
        )
