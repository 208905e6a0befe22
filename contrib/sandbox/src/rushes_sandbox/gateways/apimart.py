"""APIMart: envelopes with a code, its errors numbered like HTTP."""

from rushes_sandbox.gateways.shape import MEGABYTE, Gateway, Json, Uploading, error_body
from rushes_sandbox.tasks import Task, View
from rushes_sandbox.uploads import Upload

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "payment_required",
    403: "permission_error",
    404: "not_found_error",
    409: "idempotency_error",
    413: "request_too_large",
    429: "rate_limit_error",
}
_STATES = {"queued": "pending", "in_progress": "processing"}

#: How many of the gateway's credits a dollar is.
CREDITS_PER_DOLLAR = 10


def submitted(task: Task) -> Json:
    """Answer a submit."""
    return {"code": 200, "data": [{"status": "submitted", "task_id": task.id}]}


def status(view: View) -> Json:
    """Answer a look at a task."""
    task = view.task
    data: Json = {
        "id": task.id,
        "status": _STATES.get(view.state, view.state),
        "progress": view.progress,
        "created": int(task.created),
        "estimated_time": round(task.asked.seconds * 20),
        "cost": task.cost,
        "credits_cost": round(task.cost * CREDITS_PER_DOLLAR, 3),
    }
    if view.state == "completed":
        data["completed"] = view.completed
        data["actual_time"] = view.completed - int(task.created)
        data["result"] = {"videos": [{"url": [view.url], "expires_at": view.expires}]}
    if view.state == "failed":
        data["error"] = {"code": 500, "message": view.failure, "type": "generation_failed"}
    return {"code": 200, "data": data}


def error(http: int, message: str, param: str) -> Json:
    """Answer what is refused."""
    kind = _TYPES.get(http, "invalid_request_error" if http < 500 else "server_error")
    return error_body(http, kind, message, param)


def uploaded(upload: Upload, address: str, name: str) -> Json:
    """Answer an upload."""
    return {
        "url": address,
        "filename": name,
        "content_type": upload.type,
        "bytes": upload.size,
        "created_at": upload.created,
    }


GATEWAY = Gateway(
    id="apimart",
    submit_path="/v1/videos/generations",
    status_path="/v1/tasks",
    submitted=submitted,
    status=status,
    error=error,
    keyed_by="Idempotency-Key",
    uploading=Uploading(20 * MEGABYTE, 72 * 60 * 60.0, uploaded),
)
