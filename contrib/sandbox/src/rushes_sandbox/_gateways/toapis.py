"""ToAPIs: one format for submit and status; error codes are words."""

import math

from rushes_sandbox._gateways.gateway import MEGABYTE, Gateway, Json, UploadPolicy, error_body
from rushes_sandbox._state.tasks import GatewayTask, TaskView
from rushes_sandbox._state.uploads import Upload

_CODES = {
    400: "invalid_request",
    401: "unauthorized",
    402: "insufficient_quota",
    404: "task_not_found",
    422: "content_policy_violation",
    429: "rate_limit_exceeded",
    500: "internal_error",
}


def _task(task: GatewayTask, state: str, progress: int) -> Json:
    return {
        "id": task.id,
        "object": "generation.task",
        "model": task.body["model"],
        "status": state,
        "progress": progress,
        "created_at": int(task.created),
        "metadata": {},
    }


def submit_response(task: GatewayTask) -> Json:
    """Build the response to a submit."""
    return _task(task, "queued", 0)


def status_response(view: TaskView) -> Json:
    """Build the response to a status request."""
    body = _task(view.task, view.state, view.progress)
    if view.state == "completed":
        body["completed_at"] = view.completed
        body["expires_at"] = view.expires
        body["result"] = {"type": "video", "data": [{"url": view.url, "format": "mp4"}]}
    if view.state == "failed":
        body["error"] = {"code": "generation_failed", "message": view.failure}
    return body


def error_response(http: int, message: str, param: str) -> Json:
    """Build the response to a request that failed."""
    code = _CODES.get(http, "invalid_request" if http < 500 else "internal_error")
    return error_body(code, f"{code}_error", message, param)


def upload_response(upload: Upload, url: str, _name: str) -> Json:
    """Build the response to an upload; the client's file name is not kept."""
    return {
        "success": True,
        "message": "uploaded",
        "data": {
            "id": upload.name.partition(".")[0],
            "url": url,
            "mime_type": upload.type,
            "size": upload.size,
        },
    }


GATEWAY = Gateway(
    id="toapis",
    submit_path="/v1/videos/generations",
    status_path="/v1/videos/generations",
    submit_response=submit_response,
    status_response=status_response,
    error_response=error_response,
    client_id_in="client_business_id",
    uploads=UploadPolicy(10 * MEGABYTE, math.inf, upload_response),
)
