"""What differs between the gateways on the wire, as data and pure functions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from rushes_sandbox._state.tasks import GatewayTask, TaskStore, TaskView
from rushes_sandbox._state.uploads import Upload

Json = dict[str, Any]

MEGABYTE = 1024 * 1024

#: The path below a gateway's base URL, if it accepts uploads.
UPLOAD_PATH = "/v1/uploads/images"


@dataclass(frozen=True)
class UploadPolicy:
    """How a gateway accepts uploads: the largest size in bytes, the lifetime in seconds."""

    max_bytes: int
    lifetime: float
    #: Given the stored image, its URL and the file name that the client gave.
    response: Callable[[Upload, str, str], Json]


@dataclass(frozen=True)
class Gateway:
    """One gateway: its paths below its base URL, and the JSON of its responses."""

    id: str
    submit_path: str
    #: The task's id follows.
    status_path: str
    submit_response: Callable[[GatewayTask], Json]
    status_response: Callable[[TaskView], Json]
    #: Given the HTTP status, a message, and the field it is about (or an empty string).
    error_response: Callable[[int, str, str], Json]
    #: Where a client puts its own name for a task: a field of the body, a header, or nowhere.
    client_id_in: Literal["client_business_id", "Idempotency-Key"] | None = None
    uploads: UploadPolicy | None = None

    def find_task(self, tasks: TaskStore, name: str) -> GatewayTask | None:
        """Find the task that a status request names, by id or, at ToAPIs, by the client's name."""
        task = tasks.by_id(self.id, name)
        if task is None and self.client_id_in == "client_business_id":
            return tasks.by_client_id(self.id, name)
        return task


def error_body(code: str | int, kind: str, message: str, param: str) -> Json:
    """Build the error that all gateways share; `param` only if the error is about a field."""
    error: Json = {"code": code, "message": message, "type": kind}
    if param:
        error["param"] = param
    return {"error": error}
