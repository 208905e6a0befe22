"""UniAll: its page shows an empty response, so the simplest plausible format is used."""

from rushes_sandbox._gateways.gateway import Gateway, Json, error_body
from rushes_sandbox._state.tasks import GatewayTask, TaskView

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "insufficient_quota",
    404: "not_found",
    413: "request_too_large",
    429: "rate_limit_exceeded",
}


def submit_response(task: GatewayTask) -> Json:
    """Build the response to a submit."""
    return {"id": task.id, "model": task.body["model"], "status": "queued", "progress": 0}


def status_response(view: TaskView) -> Json:
    """Build the response to a status request."""
    body: Json = {
        "id": view.task.id,
        "model": view.task.body["model"],
        "status": view.state,
        "progress": view.progress,
        "created_at": int(view.task.created),
        "error": None,
    }
    if view.state == "completed":
        body["completed_at"] = view.completed
        body["expires_at"] = view.expires
        body["video_url"] = view.url
    if view.state == "failed":
        body["error"] = {"code": "generation_failed", "message": view.failure}
    return body


def error_response(http: int, message: str, param: str) -> Json:
    """Build the response to a request that failed."""
    kind = _TYPES.get(http, "invalid_request_error" if http < 500 else "server_error")
    return error_body(kind, kind, message, param)


GATEWAY = Gateway(
    id="uniall",
    submit_path="/v1/video/generations",
    status_path="/v1/videos",
    submit_response=submit_response,
    status_response=status_response,
    error_response=error_response,
)
