"""What a gateway remembers: tasks, the callers' keys, money, and how often it was asked."""

import json
import math
import secrets
from collections import deque
from collections.abc import Mapping
from typing import Any

from rushes_sandbox.gateways import Gateway
from rushes_sandbox.settings import Settings
from rushes_sandbox.studio.lab import Film
from rushes_sandbox.studio.scene import Scene
from rushes_sandbox.tasks import TOKEN_BYTES, Task, View, completion, progress

#: USD per second of video. APIMart's prices; the others' pages name none.
PRICES = {"std": 0.0672, "pro": 0.0896, "pro with sound": 0.112, "4k": 0.429}


def price(mode: str, seconds: float, *, sound: bool) -> float:
    """Say what a video costs, in USD."""
    with_sound = f"{mode} with sound"
    rate = PRICES.get(with_sound, PRICES[mode]) if sound else PRICES[mode]
    return round(rate * seconds, 4)


def same_json(one: Any, other: Any) -> bool:
    """Whether two parsed bodies are the same JSON; 1, 1.0 and true differ."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


class Ledger:
    """Everything the three gateways remember. Used from the server's event loop only."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.created: list[Task] = []
        self.spent = 0.0
        self._by_id: dict[tuple[str, str], Task] = {}
        self._by_client_id: dict[tuple[str, str], Task] = {}
        self._by_token: dict[str, Task] = {}
        self._recent: dict[str, deque[float]] = {}

    def wait_before_submit(self, gateway: str) -> int:
        """Count a submit; say how many seconds too early it came, 0 if it may go on."""
        limit, now = self.settings.rate_limit, self.settings.clock()
        if limit is None:
            return 0
        recent = self._recent.setdefault(gateway, deque())
        while recent and recent[0] <= now - self.settings.rate_window:
            recent.popleft()
        if len(recent) < limit:
            recent.append(now)
            return 0
        oldest = recent[0] if recent else now
        return max(1, math.ceil(oldest + self.settings.rate_window - now))

    def can_pay(self, cost: float) -> bool:
        """Whether the balance covers a cost."""
        balance = self.settings.balance
        return balance is None or self.spent + cost <= balance + 1e-9

    def create(
        self,
        gateway: str,
        body: Mapping[str, Any],
        client_id: str | None,
        asked: Scene,
        film: Film,
        cost: float,
    ) -> Task:
        """Create a task and charge for it."""
        task = Task(
            gateway=gateway,
            id=("task_" if gateway == "apimart" else "video_") + secrets.token_hex(13).upper(),
            body=body,
            client_id=client_id,
            asked=asked,
            film=film,
            created=self.settings.clock(),
            cost=cost,
        )
        self.spent += cost
        self.created.append(task)
        self._by_id[gateway, task.id] = task
        self._by_token[task.token] = task
        if client_id is not None:
            self._by_client_id[gateway, client_id] = task
        return task

    def by_id(self, gateway: str, name: str) -> Task | None:
        """Find a gateway's task."""
        return self._by_id.get((gateway, name))

    def by_client_id(self, gateway: str, name: str) -> Task | None:
        """Find a gateway's task by the caller's own name for it."""
        return self._by_client_id.get((gateway, name))

    def named(self, gateway: Gateway, name: str) -> Task | None:
        """Find the task that a look is about, by its id or, at ToAPIs, by the caller's name."""
        task = self.by_id(gateway.id, name)
        if task is None and gateway.keyed_by == "client_business_id":
            return self.by_client_id(gateway.id, name)
        return task

    def by_token(self, token: str) -> Task | None:
        """Find the task whose video has this address, or had it."""
        return self._by_token.get(token)

    def view(self, task: Task, results: str) -> View:
        """Look at a task now; `results` is the address under which videos are served."""
        settings = self.settings
        times = settings.queue_seconds, settings.render_seconds
        state, share = progress(task, settings.clock(), *times)
        done = completion(task, *times)
        if state != "completed" or done is None:
            return View(task, state, share, failure=task.film.failure)
        url = f"{results}/{task.token}.mp4"
        return View(task, state, share, url, int(done), int(done + settings.result_lifetime))

    def renew(self, task: Task) -> None:
        """Let the address of a task's video expire at once; the next look tells another."""
        task.token = secrets.token_urlsafe(TOKEN_BYTES)
        self._by_token[task.token] = task

    def is_served(self, task: Task, token: str) -> bool:
        """Whether a video can be had: it is there, and this address has not expired."""
        settings = self.settings
        done = completion(task, settings.queue_seconds, settings.render_seconds)
        if done is None or token != task.token:
            return False
        return done <= settings.clock() < done + settings.result_lifetime
