"""Which step of which gateway a request is."""

from dataclasses import dataclass

from rushes_sandbox.faults.fault import Step
from rushes_sandbox.gateways import GATEWAYS, Gateway
from rushes_sandbox.ledger import Ledger
from rushes_sandbox.tasks import Task


@dataclass(frozen=True)
class Place:
    """A step at a gateway, and the task it is about, where there is one already."""

    step: Step
    gateway: Gateway
    task: Task | None = None


def place(method: str, path: str, ledger: Ledger) -> Place | None:
    """Tell what a request is; None for what no fault is about."""
    _, first, rest = (*path.split("/", 2), "", "")[:3]
    if first == "results":
        task = ledger.by_token(rest.removesuffix(".mp4"))
        return Place("download", GATEWAYS[task.gateway], task) if task and method == "GET" else None
    gateway = GATEWAYS.get(first)
    if gateway is None:
        return None
    rest = f"/{rest}"
    if method == "POST" and rest == gateway.submit_path:
        return Place("submit", gateway)
    if method == "POST" and gateway.uploading and rest == "/v1/uploads/images":
        return Place("upload", gateway)
    if method == "GET" and rest.startswith(f"{gateway.status_path}/"):
        name = rest.removeprefix(f"{gateway.status_path}/")
        return Place("status", gateway, ledger.named(gateway, name))
    return None
