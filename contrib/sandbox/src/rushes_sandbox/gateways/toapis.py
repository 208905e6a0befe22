"""ToAPIs: one shape for submit and status, its errors named by words."""

import math

from rushes_sandbox.gateways.shape import MEGABYTE, Gateway, Json, Uploading, error_body
from rushes_sandbox.tasks import Task, View
from rushes_sandbox.uploads import Upload

_CODES = {
    400: "invalid_request",
    401: "unauthorized",
    402: "insufficient_quota",
    404: "task_not_found",
    422: "content_policy_violation",
    429: "rate_limit_exceeded",
    500: "internal_error",
}


def _task(task: Task, state: str, progress: int) -> Json:
    return {
        "id": task.id,
        "object": "generation.task",
        "model": task.body["model"],
        "status": state,
        "progress": progress,
        "created_at": int(task.created),
        "metadata": {},
    }


def submitted(task: Task) -> Json:
    """Answer a submit."""
    return _task(task, "queued", 0)


def status(view: View) -> Json:
    """Answer a look at a task."""
    answer = _task(view.task, view.state, view.progress)
    if view.state == "completed":
        answer["completed_at"] = view.completed
        answer["expires_at"] = view.expires
        answer["result"] = {"type": "video", "data": [{"url": view.url, "format": "mp4"}]}
    if view.state == "failed":
        answer["error"] = {"code": "generation_failed", "message": view.failure}
    return answer


def error(http: int, message: str, param: str) -> Json:
    """Answer what is refused."""
    code = _CODES.get(http, "invalid_request" if http < 500 else "internal_error")
    return error_body(code, f"{code}_error", message, param)


def uploaded(upload: Upload, address: str, _name: str) -> Json:
    """Answer an upload; the caller's own name of the file is not kept."""
    return {
        "success": True,
        "message": "uploaded",
        "data": {
            "id": upload.name.partition(".")[0],
            "url": address,
            "mime_type": upload.type,
            "size": upload.size,
        },
    }


GATEWAY = Gateway(
    id="toapis",
    submit_path="/v1/videos/generations",
    status_path="/v1/videos/generations",
    submitted=submitted,
    status=status,
    error=error,
    keyed_by="client_business_id",
    uploading=Uploading(10 * MEGABYTE, math.inf, uploaded),
)
