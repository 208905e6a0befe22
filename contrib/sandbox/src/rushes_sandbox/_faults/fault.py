"""What a fault is, and what its effect has at hand."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from rushes_sandbox._http.connection import RawConnection
from rushes_sandbox._http.exchange import BufferedResponse, Exchange
from rushes_sandbox._protocols.incoming import Reply
from rushes_sandbox._protocols.protocol import Endpoint, Protocol, Step, steps_of
from rushes_sandbox._state.state import GatewayState
from rushes_sandbox._state.tasks import GatewayTask, TaskView

#: When a fault hits: before the request is read, before the gateway handles it, or after that.
Phase = Literal["before_reading", "before_handling", "after_handling"]


@dataclass
class FaultContext:
    """One request that a fault hits."""

    exchange: Exchange
    protocol: Protocol
    #: None for the address of a file.
    endpoint: Endpoint | None
    state: GatewayState
    #: Finds the task that a question or download is about.
    find_task: Callable[[], GatewayTask | None] = field(repr=False)
    #: Answers a question about a task as if it were as given.
    tell: Callable[[TaskView], Reply] = field(repr=False)
    connection: RawConnection
    #: The same path at another origin, which this server answers, too.
    url_at_other_origin: str
    #: Waits until the test that injected the fault releases it.
    released: Callable[[], Awaitable[None]] = field(repr=False)
    #: Lets the gateway handle the request.
    handle: Callable[[], Awaitable[BufferedResponse]] = field(repr=False)
    #: How many requests the injected fault has hit, this one included.
    hits: int = 0
    _response: BufferedResponse | None = None

    @property
    def task(self) -> GatewayTask:
        """The task that a question or download is about; the provider has just answered it."""
        task = self.find_task()
        assert task is not None  # noqa: S101
        return task

    def error(self, status: int, message: str) -> Reply:
        """Return an error in the provider's format."""
        made = self.protocol.error(status, message, "")
        return made if isinstance(made, Reply) else Reply(made, status)

    async def real_response(self) -> BufferedResponse:
        """Return the gateway's own response; the gateway handles the request at the first call."""
        if self._response is None:
            self._response = await self.handle()
        return self._response


#: What a fault does: returns the response to send, or None when it has used the raw connection.
Effect = Callable[[FaultContext], Awaitable[BufferedResponse | None]]


async def _no_effect(_context: FaultContext) -> BufferedResponse | None:
    return None


@dataclass(frozen=True)
class Fault:
    """One way in which a request can go wrong."""

    name: str
    step: Step
    #: What happens, in one sentence.
    does: str
    #: Without one for faults of the step `connect`, where no request arrives.
    effect: Effect = field(default=_no_effect, repr=False)
    #: A fault after handling hits only requests that the gateway accepted.
    phase: Phase = "after_handling"
    #: What the endpoint must declare for it (where the answer holds what it changes), or which end
    #: the protocol must have.
    needs: str = ""

    def fits(self, protocol: Protocol, endpoint: Endpoint | None) -> bool:
        """Whether the answers of an endpoint can be wrong in this way; None is a file's address."""
        if not self.needs or self.needs in protocol.ends:
            return True
        return getattr(endpoint, self.needs, None) is not None

    def applies_to(self, protocol: Protocol) -> bool:
        """Whether the provider has such requests, and its answers can be wrong in this way."""
        if self.step in ("connect", "download"):
            return True
        return any(
            self.step in steps_of(endpoint) and self.fits(protocol, endpoint)
            for endpoint in protocol.endpoints
        )

    def as_json(self) -> dict[str, Any]:
        """Return the fault as `--list-faults --json` lists it."""
        return {"name": self.name, "step": self.step, "does": self.does}
