"""The protocol and the steps that a request belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass

from rushes_sandbox._http.exchange import Exchange
from rushes_sandbox._protocols.incoming import Incoming, Refused, Reply
from rushes_sandbox._protocols.protocol import Endpoint, Protocol, Status, Step
from rushes_sandbox._protocols.router import Match, Router
from rushes_sandbox._serving.handlers import Handlers
from rushes_sandbox._state.tasks import GatewayTask, TaskStore, TaskView


@dataclass(frozen=True)
class Target:
    """What a request is for."""

    protocol: Protocol
    steps: tuple[Step, ...]
    match: Match | None = None
    #: The task whose video is fetched.
    task: GatewayTask | None = None

    @property
    def endpoint(self) -> Endpoint | None:
        """The endpoint; None for the address of a file."""
        return self.match.endpoint if self.match else None


class Targets:
    """Finds what requests are for, and the tasks that they are about."""

    def __init__(self, router: Router, tasks: TaskStore, handlers: Mapping[str, Handlers]) -> None:
        self._router, self._tasks, self._handlers = router, tasks, handlers

    def find(self, method: str, path: str) -> Target | None:
        """Return what a request is for; None if no fault can hit it."""
        if path.startswith("/results/") and method == "GET":
            name = path.removeprefix("/results/").removesuffix(".mp4")
            task = self._tasks.by_token(name)
            protocol = self._router.protocols.get(task.gateway) if task else None
            return Target(protocol, ("download",), None, task) if protocol else None
        match = self._router.match(method, path)
        if match is None or not match.steps:
            return None
        return Target(match.protocol, match.steps, match)

    def task(self, target: Target, exchange: Exchange) -> GatewayTask | None:
        """Return the task that a question is about."""
        match = target.match
        if match is None:
            return target.task
        backend = self._handlers[target.protocol.id].backend
        if isinstance(match.endpoint, Status):
            asked = (exchange.method, match.path, match.parameters, exchange.query)
            incoming = Incoming(*asked)
            return next(iter(match.endpoint.find(incoming, backend)), None)
        return backend.find(match.parameters.get("id", ""))

    def refusal(self, target: Target, refused: Refused) -> Reply:
        """Write an error in the provider's format."""
        return self._handlers[target.protocol.id].error(refused)

    def told(self, target: Target, view: TaskView) -> Reply:
        """Answer a question about a task as if it were as given."""
        assert target.match is not None  # noqa: S101 - only questions are answered so
        endpoint = target.match.endpoint
        assert isinstance(endpoint, Status)  # noqa: S101
        return self._handlers[target.protocol.id].tell(endpoint, [view])
