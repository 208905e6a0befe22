"""Deliveries to the endpoints of clients: as a provider sends them, or disturbed on purpose.

Only endpoints on this machine are called. While tasks are under way one coroutine of the server
looks at them ten times a second: that holds under any clock, and whoever ends a task.
"""

import asyncio
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx

from rushes_sandbox._http.json_bodies import encode_json
from rushes_sandbox._protocols.backend import Backend
from rushes_sandbox._protocols.protocol import Protocol
from rushes_sandbox._settings import SandboxSettings
from rushes_sandbox._state.tasks import ENDED, GatewayTask, TaskState, TaskView

log = logging.getLogger("rushes.sandbox")

LOOK = 0.1
"""Seconds between two looks at the tasks."""
PATIENCE = 10.0
"""Seconds that an endpoint has for its answer."""
ATTEMPTS = 3
"""How often an endpoint is called that does not answer, or has an error of its own (HTTP 500)."""
AGAIN = 1.0
"""Seconds between two of these."""
_BEFORE_THE_END: tuple[TaskState, ...] = ("queued", "in_progress")


@dataclass(frozen=True)
class Notification:
    """One call of a client's endpoint, and the HTTP status of its answer (None if it had none)."""

    task: GatewayTask
    url: str
    #: Names are in lower case.
    headers: dict[str, str]
    body: bytes
    status: int | None


@dataclass(eq=False)
class _Watched:
    """A task whose client is to be notified, and the states that it has passed."""

    protocol: Protocol
    backend: Backend
    task: GatewayTask
    passed: set[TaskState] = field(default_factory=set)

    def news(self) -> list[TaskView]:
        """Return the states since the last look that its client is told, oldest first."""
        now = self.backend.view(self.task)
        made = now.state in ("completed", "failed")
        path = _BEFORE_THE_END if made else _BEFORE_THE_END[: now.state == "in_progress"]
        views = [TaskView(self.task, state, 0) for state in path] + [now]
        new = [view for view in views if view.state not in self.passed]
        self.passed |= {view.state for view in new}
        return [view for view in new if view.state in self.protocol.notifies_of]


@dataclass(frozen=True)
class _Letter:
    """What is to be sent about a task, not before `at`, by the event loop's clock."""

    watched: _Watched
    view: TaskView
    at: float


class Deliveries:
    """Watches tasks and calls the endpoints of their clients. `watch` is for the event loop."""

    def __init__(self, settings: SandboxSettings, secret: str) -> None:
        self._settings, self._secret = settings, secret
        self._watched: list[_Watched] = []
        self._held: list[_Letter] = []
        self._work: asyncio.Task[None] | None = None
        self._changed = threading.Condition()
        #: Every call so far, oldest first.
        self.made: list[Notification] = []

    def watch(self, protocol: Protocol, backend: Backend, task: GatewayTask) -> None:
        """Notify a task's client of what becomes of it, if it named an endpoint."""
        if not task.callback or protocol.notify is None:
            return
        if not _is_here(task.callback):
            log.warning("not notified, because it is not on this machine: %s", task.callback)
            return
        self._watched.append(_Watched(protocol, backend, task))
        if self._work is None or self._work.done():
            self._work = asyncio.get_running_loop().create_task(self._deliver())

    def wait(self, count: int, timeout: float) -> bool:
        """Wait until that many calls were made; False if `timeout` seconds pass first."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.made) >= count, timeout)

    async def _deliver(self) -> None:
        # The certificate of an endpoint on this machine is its own, and vouches for nothing.
        calling = httpx.AsyncClient(trust_env=False, verify=False, timeout=PATIENCE)  # noqa: S501
        async with calling as client, asyncio.TaskGroup() as posting:
            while self._watched or self._held:
                self._look()
                for letters in self._due():
                    posting.create_task(self._post_all(client, letters))
                await asyncio.sleep(LOOK)

    def _look(self) -> None:
        """Write what there is to say since the last look."""
        held_back = self._settings.webhooks in ("late", "out-of-order")
        delay = self._settings.webhook_delay if held_back else 0.0
        at = asyncio.get_running_loop().time() + delay
        for watched in self._watched:
            self._held += [_Letter(watched, view, at) for view in watched.news()]
        self._watched = [one for one in self._watched if not one.passed & ENDED]

    def _due(self) -> list[list[_Letter]]:
        """Take what is to be sent now, each list in its order: by task, or newest first."""
        now = asyncio.get_running_loop().time()
        kind = self._settings.webhooks
        due = [letter for letter in self._held if letter.at <= now]
        if kind == "out-of-order":
            due, self._held = (self._held, []) if due else ([], self._held)
            return [due[::-1]] if due else []
        self._held = [letter for letter in self._held if letter.at > now]
        by_task: dict[str, list[_Letter]] = {}
        for letter in due:
            copies = {"lost": 0, "twice": 2}.get(kind, 1)
            by_task.setdefault(letter.view.task.token, []).extend([letter] * copies)
        return list(by_task.values())

    async def _post_all(self, client: httpx.AsyncClient, letters: Sequence[_Letter]) -> None:
        for letter in letters:
            for attempt in range(ATTEMPTS):
                if attempt:
                    await asyncio.sleep(AGAIN)
                status = await self._post(client, letter)
                if status is not None and status < 500:
                    break

    async def _post(self, client: httpx.AsyncClient, letter: _Letter) -> int | None:
        task = letter.view.task
        headers, body = self._written(letter)
        try:
            answer = await client.post(task.callback, content=body, headers=headers)
            status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            log.warning("%s was not reached: %s", task.callback, error or type(error).__name__)
            status = None
        if self._settings.record:
            with self._changed:
                self.made.append(Notification(task, task.callback, headers, body, status))
                self._changed.notify_all()
        return status

    def _written(self, letter: _Letter) -> tuple[dict[str, str], bytes]:
        """Return what is sent; a forger has a genuine signature, and puts other words below it."""
        protocol = letter.watched.protocol
        now = self._settings.clock()
        headers, body = written(protocol, letter.view, self._secret, now)
        if self._settings.webhooks == "forged":
            failed = replace(letter.view, state="failed", url="", failure="this is a forgery")
            _, body = written(protocol, failed, self._secret, now)
        return {"content-type": "application/json", **headers}, body


def written(
    protocol: Protocol, view: TaskView, secret: str, now: float
) -> tuple[dict[str, str], bytes]:
    """Return the headers, with names in lower case, and the body of what a provider sends."""
    if protocol.notify is None:
        raise ValueError(f"{protocol.id} notifies nobody")
    sent = protocol.notify(view, secret, now)
    body = sent.body if isinstance(sent.body, bytes) else encode_json(sent.body)
    return {name.lower(): value for name, value in sent.headers.items()}, body


def _is_here(url: str) -> bool:
    """Whether an address is on this machine."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
