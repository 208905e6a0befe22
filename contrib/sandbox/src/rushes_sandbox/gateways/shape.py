"""What differs between the gateways on the wire, as data and pure functions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from rushes_sandbox.tasks import Task, View
from rushes_sandbox.uploads import Upload

Json = dict[str, Any]

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Uploading:
    """A gateway's upload endpoint: its limit in bytes, and how long an image lives in seconds."""

    largest: int
    lifetime: float
    #: Given the stored image, its address and the name the caller gave it.
    answer: Callable[[Upload, str, str], Json]


@dataclass(frozen=True)
class Gateway:
    """One gateway: its paths below its base URL, and the shapes of its answers."""

    id: str
    submit_path: str
    #: The task's id follows.
    status_path: str
    submitted: Callable[[Task], Json]
    status: Callable[[View], Json]
    #: Given the HTTP status, a message, and the field it is about (or an empty string).
    error: Callable[[int, str, str], Json]
    #: How a caller's own key for a submit works here.
    keyed_by: Literal["client_business_id", "Idempotency-Key", "nothing"]
    uploading: Uploading | None = None


def error_body(code: str | int, kind: str, message: str, param: str) -> Json:
    """Write the error shape that the gateways share; `param` only where a field is to blame."""
    error: Json = {"code": code, "message": message, "type": kind}
    if param:
        error["param"] = param
    return {"error": error}
