"""The gateway and the step that a request belongs to."""

from dataclasses import dataclass

from rushes_sandbox._faults.fault import Step
from rushes_sandbox._gateways.gateway import UPLOAD_PATH, Gateway
from rushes_sandbox._gateways.registry import GATEWAYS
from rushes_sandbox._state.tasks import GatewayTask, TaskStore


@dataclass(frozen=True)
class Target:
    """A step at a gateway, and the task it is about, if there is one yet."""

    step: Step
    gateway: Gateway
    task: GatewayTask | None = None


def find_target(method: str, path: str, tasks: TaskStore) -> Target | None:
    """Return what a request is; None if no fault can hit it."""
    _, first, rest = (*path.split("/", 2), "", "")[:3]
    if first == "results":
        task = tasks.by_token(rest.removesuffix(".mp4"))
        if task is None or method != "GET":
            return None
        return Target("download", GATEWAYS[task.gateway], task)
    gateway = GATEWAYS.get(first)
    if gateway is None:
        return None
    rest = f"/{rest}"
    if method == "POST" and rest == gateway.submit_path:
        return Target("submit", gateway)
    if method == "POST" and gateway.uploads and rest == UPLOAD_PATH:
        return Target("upload", gateway)
    if method == "GET" and rest.startswith(f"{gateway.status_path}/"):
        name = rest.removeprefix(f"{gateway.status_path}/")
        return Target("status", gateway, gateway.find_task(tasks, name))
    return None
