"""UniAll: its page shows an empty answer, so the plainest of the shapes it may have is given."""

from rushes_sandbox.gateways.shape import Gateway, Json, error_body
from rushes_sandbox.tasks import Task, View

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "insufficient_quota",
    404: "not_found",
    413: "request_too_large",
    429: "rate_limit_exceeded",
}


def submitted(task: Task) -> Json:
    """Answer a submit."""
    return {"id": task.id, "model": task.body["model"], "status": "queued", "progress": 0}


def status(view: View) -> Json:
    """Answer a look at a task."""
    answer: Json = {
        "id": view.task.id,
        "model": view.task.body["model"],
        "status": view.state,
        "progress": view.progress,
        "created_at": int(view.task.created),
        "error": None,
    }
    if view.state == "completed":
        answer["completed_at"] = view.completed
        answer["expires_at"] = view.expires
        answer["video_url"] = view.url
    if view.state == "failed":
        answer["error"] = {"code": "generation_failed", "message": view.failure}
    return answer


def error(http: int, message: str, param: str) -> Json:
    """Answer what is refused."""
    kind = _TYPES.get(http, "invalid_request_error" if http < 500 else "server_error")
    return error_body(kind, kind, message, param)


GATEWAY = Gateway(
    id="uniall",
    submit_path="/v1/video/generations",
    status_path="/v1/videos",
    submitted=submitted,
    status=status,
    error=error,
    keyed_by="nothing",
)
