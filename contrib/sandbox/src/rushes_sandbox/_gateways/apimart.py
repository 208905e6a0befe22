"""APIMart: responses in an envelope with a code; error codes are HTTP statuses."""

from rushes_sandbox._gateways.gateway import MEGABYTE, Gateway, Json, UploadPolicy, error_body
from rushes_sandbox._state.tasks import GatewayTask, TaskView
from rushes_sandbox._state.uploads import Upload

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

#: The gateway's credits for one US dollar.
CREDITS_PER_DOLLAR = 10


def submit_response(task: GatewayTask) -> Json:
    """Build the response to a submit."""
    return {"code": 200, "data": [{"status": "submitted", "task_id": task.id}]}


def status_response(view: TaskView) -> Json:
    """Build the response to a status request."""
    task = view.task
    data: Json = {
        "id": task.id,
        "status": _STATES.get(view.state, view.state),
        "progress": view.progress,
        "created": int(task.created),
        "estimated_time": round(task.requested.seconds * 20),
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


def error_response(http: int, message: str, param: str) -> Json:
    """Build the response to a request that failed."""
    kind = _TYPES.get(http, "invalid_request_error" if http < 500 else "server_error")
    return error_body(http, kind, message, param)


def upload_response(upload: Upload, url: str, name: str) -> Json:
    """Build the response to an upload."""
    return {
        "url": url,
        "filename": name,
        "content_type": upload.type,
        "bytes": upload.size,
        "created_at": upload.created,
    }


GATEWAY = Gateway(
    id="apimart",
    submit_path="/v1/videos/generations",
    status_path="/v1/tasks",
    submit_response=submit_response,
    status_response=status_response,
    error_response=error_response,
    client_id_in="Idempotency-Key",
    uploads=UploadPolicy(20 * MEGABYTE, 72 * 60 * 60.0, upload_response),
)
