"""What a fault is, and what it has at hand when it strikes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from rushes_sandbox.gateways import Gateway
from rushes_sandbox.ledger import Ledger
from rushes_sandbox.tasks import Task

if TYPE_CHECKING:
    from rushes_sandbox.faults.orders import Order
    from rushes_sandbox.faults.wire import Wire
    from rushes_sandbox.record import Exchange

#: What a client is doing when a fault strikes.
Step = Literal["connect", "submit", "status", "download", "upload"]

#: When: before the request was read; before the gateway has it; after it did what was asked.
When = Literal["unread", "before", "after"]


@dataclass(frozen=True)
class Answer:
    """One whole answer; header names are in lower case."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Moment:
    """One request that a fault strikes."""

    exchange: "Exchange"
    gateway: Gateway
    ledger: Ledger
    #: The task that a status or download request is about.
    task: Task | None
    order: "Order"
    wire: "Wire"
    #: The same path at another origin, which this server is, too.
    elsewhere: str
    ask: Callable[[], Awaitable[Answer]] = field(repr=False)
    #: 1 at the order's first strike.
    nth: int = 0
    _truth: Answer | None = None

    async def truth(self) -> Answer:
        """Return what the gateway answers; the first call is what lets it have the request."""
        if self._truth is None:
            self._truth = await self.ask()
        return self._truth


#: Gives the answer that is sent instead, or nothing when it has done its worst on the wire.
Strike = Callable[[Moment], Awaitable[Answer | None]]


async def _never(_moment: Moment) -> Answer | None:
    return None


@dataclass(frozen=True)
class Fault:
    """One way for a request to go wrong."""

    name: str
    step: Step
    #: What happens, in one sentence.
    does: str
    strike: Strike = field(default=_never, repr=False)
    #: One that strikes after a request strikes only where the gateway accepted it.
    when: When = "after"

    def as_json(self) -> dict[str, Any]:
        """Return the entry as it is listed for machines."""
        return {"name": self.name, "step": self.step, "does": self.does}
