"""The tasks that the gateways have created, and how far along each of them is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rushes_sandbox._rendering.queue import Video
from rushes_sandbox._rendering.scene import Scene
from rushes_sandbox._settings import SandboxSettings
from rushes_sandbox._state.tokens import unguessable_token

TaskState = Literal["queued", "in_progress", "completed", "failed", "cancelled", "expired"]

ENDED: frozenset[TaskState] = frozenset({"completed", "failed", "cancelled", "expired"})


@dataclass(eq=False)
class GatewayTask:
    """A task as a gateway keeps it; each one would have been billed."""

    gateway: str
    id: str
    #: The request body that created it.
    body: Mapping[str, Any]
    #: The client's own name for it, if it gave one.
    client_id: str | None
    #: The video that was requested; `video` shows another one if the sandbox lies.
    requested: Scene
    video: Video
    #: When it was created, in seconds since 1970.
    created: float
    #: What it cost, in USD.
    cost: float
    #: The model that was asked for, as the provider names it.
    model: str = ""
    #: The path of the request that created it, below the provider's base URL.
    path: str = ""
    base_url: str = ""
    #: The endpoint that the provider was asked to notify; empty if none.
    callback: str = ""
    #: The unguessable part of the video's URL.
    token: str = field(default_factory=unguessable_token)
    cancelled: bool = False


@dataclass(frozen=True)
class TaskView:
    """What a gateway reports about a task at one moment.

    `url`, and the times in seconds since 1970, are empty until it is completed.
    """

    task: GatewayTask
    state: TaskState
    #: 0 to 100.
    progress: int
    url: str = ""
    completed: int = 0
    expires: int = 0
    failure: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to the task."""
        return self.state in ENDED


class TaskStore:
    """All tasks of all providers, by their names."""

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings
        #: Oldest first.
        self.created: list[GatewayTask] = []
        self._by_id: dict[tuple[str, str], GatewayTask] = {}
        self._by_client_id: dict[tuple[str, str], list[GatewayTask]] = {}
        self._by_token: dict[str, GatewayTask] = {}

    def add(self, task: GatewayTask) -> None:
        """Add a new task."""
        self.created.append(task)
        self._by_id[task.gateway, task.id] = task
        self._by_token[task.token] = task
        if task.client_id is not None:
            self._by_client_id.setdefault((task.gateway, task.client_id), []).append(task)

    def erase(self, task: GatewayTask) -> None:
        """Forget a task: nobody finds it or its video; it stays among those that were created."""
        del self._by_id[task.gateway, task.id]
        self._by_token = {token: kept for token, kept in self._by_token.items() if kept != task}
        if task.client_id is not None:
            self._by_client_id[task.gateway, task.client_id].remove(task)

    def by_id(self, gateway: str, name: str) -> GatewayTask | None:
        """Find a gateway's task by its id."""
        return self._by_id.get((gateway, name))

    def by_client_id(self, gateway: str, name: str) -> list[GatewayTask]:
        """Find a gateway's tasks by the client's own name for them, oldest first."""
        return list(self._by_client_id.get((gateway, name), ()))

    def by_token(self, token: str) -> GatewayTask | None:
        """Find the task whose video has this token in its URL, or had it."""
        return self._by_token.get(token)

    def view(self, task: GatewayTask, url: str) -> TaskView:
        """Look at a task now; once it is completed, its video is at `url`."""
        state, progress = self._progress(task)
        completed = self._completion(task)
        if state != "completed" or completed is None:
            return TaskView(task, state, progress, failure=task.video.failure)
        expires = int(completed + self._settings.result_lifetime)
        return TaskView(task, state, progress, url, int(completed), expires)

    def expire_url(self, task: GatewayTask) -> None:
        """Expire the URL of a task's video at once; the next status has a new one."""
        task.token = unguessable_token()
        self._by_token[task.token] = task

    def is_served(self, task: GatewayTask, token: str) -> bool:
        """Whether a video is complete and this URL of it has not expired."""
        completed = self._completion(task)
        if completed is None or token != task.token or task.cancelled:
            return False
        return completed <= self._settings.clock() < completed + self._settings.result_lifetime

    def _completion(self, task: GatewayTask) -> float | None:
        """Return when a task is complete, in seconds since 1970; None until its video is ready."""
        if not task.video.ready:
            return None
        waited = self._settings.queue_seconds + self._settings.render_seconds
        return max(task.created + waited, task.video.finished_at)

    def _progress(self, task: GatewayTask) -> tuple[TaskState, int]:
        """Return the state and progress (0 to 100) of a task now."""
        if task.cancelled:
            return "cancelled", 0
        if task.video.failure:
            return "failed", 0
        now = self._settings.clock()
        completed = self._completion(task)
        if completed is not None and now >= completed:
            return "completed", 100
        queued, rendering = self._settings.queue_seconds, self._settings.render_seconds
        age = now - task.created
        if age < queued:
            return "queued", 0
        passed = min(1.0, (age - queued) / rendering) if rendering > 0 else 1.0
        # The slower of the simulated progress and the real one.
        return "in_progress", max(1, min(99, int(100 * min(passed, task.video.progress))))
