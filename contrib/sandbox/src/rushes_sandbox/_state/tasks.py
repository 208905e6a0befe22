"""The tasks that the gateways have created, and how far along each of them is."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rushes_sandbox._rendering.queue import Video
from rushes_sandbox._rendering.scene import Scene
from rushes_sandbox._settings import SandboxSettings
from rushes_sandbox._state.tokens import unguessable_token

TaskState = Literal["queued", "in_progress", "completed", "failed"]


@dataclass(eq=False)
class GatewayTask:
    """A task as a gateway keeps it; each one would have been billed."""

    gateway: str
    id: str
    #: The request body that created it.
    body: Mapping[str, Any]
    #: The client's own name for it (`client_business_id` or `Idempotency-Key`), if it gave one.
    client_id: str | None
    #: The video that was requested; `video` shows another one if the sandbox lies.
    requested: Scene
    video: Video
    #: When it was created, in seconds since 1970.
    created: float
    #: What it cost, in USD.
    cost: float
    #: The unguessable part of the video's URL.
    token: str = field(default_factory=unguessable_token)


@dataclass(frozen=True)
class TaskView:
    """What a gateway reports about a task at one moment."""

    task: GatewayTask
    state: TaskState
    #: 0 to 100.
    progress: int
    #: The URL of the video and when it expires; empty until completed.
    url: str = ""
    completed: int = 0
    expires: int = 0
    failure: str = ""


class TaskStore:
    """All tasks of the three gateways, by their names."""

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings
        #: Oldest first.
        self.created: list[GatewayTask] = []
        self._by_id: dict[tuple[str, str], GatewayTask] = {}
        self._by_client_id: dict[tuple[str, str], GatewayTask] = {}
        self._by_token: dict[str, GatewayTask] = {}

    def create(
        self,
        gateway: str,
        body: Mapping[str, Any],
        client_id: str | None,
        requested: Scene,
        video: Video,
        cost: float,
    ) -> GatewayTask:
        """Create a task."""
        task = GatewayTask(
            gateway=gateway,
            id=("task_" if gateway == "apimart" else "video_") + secrets.token_hex(13).upper(),
            body=body,
            client_id=client_id,
            requested=requested,
            video=video,
            created=self._settings.clock(),
            cost=cost,
        )
        self.created.append(task)
        self._by_id[gateway, task.id] = task
        self._by_token[task.token] = task
        if client_id is not None:
            self._by_client_id[gateway, client_id] = task
        return task

    def by_id(self, gateway: str, name: str) -> GatewayTask | None:
        """Find a gateway's task by its id."""
        return self._by_id.get((gateway, name))

    def by_client_id(self, gateway: str, name: str) -> GatewayTask | None:
        """Find a gateway's task by the client's own name for it."""
        return self._by_client_id.get((gateway, name))

    def by_token(self, token: str) -> GatewayTask | None:
        """Find the task whose video has this token in its URL, or had it."""
        return self._by_token.get(token)

    def view(self, task: GatewayTask, results_url: str) -> TaskView:
        """Look at a task now; videos are served below `results_url`."""
        state, progress = self._progress(task)
        completed = self._completion(task)
        if state != "completed" or completed is None:
            return TaskView(task, state, progress, failure=task.video.failure)
        url = f"{results_url}/{task.token}.mp4"
        expires = int(completed + self._settings.result_lifetime)
        return TaskView(task, state, progress, url, int(completed), expires)

    def expire_url(self, task: GatewayTask) -> None:
        """Expire the URL of a task's video at once; the next status has a new one."""
        task.token = unguessable_token()
        self._by_token[task.token] = task

    def is_served(self, task: GatewayTask, token: str) -> bool:
        """Whether a video is complete and this URL of it has not expired."""
        completed = self._completion(task)
        if completed is None or token != task.token:
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
