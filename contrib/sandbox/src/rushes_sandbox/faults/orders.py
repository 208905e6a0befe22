"""Which faults were ordered: how often each is still to strike, and how often it has."""

import asyncio
import threading
from concurrent.futures import Future

from rushes_sandbox.faults import find, parse
from rushes_sandbox.faults.fault import Fault, Step
from rushes_sandbox.gateways import GATEWAYS


class Order:
    """One fault that was ordered. Its methods may be called from any thread."""

    def __init__(self, fault: Fault, times: int | None, gateway: str | None) -> None:
        if times is not None and times < 1:
            raise ValueError(f"times is {times}; it must be 1 or more, or None for ever")
        if gateway is not None and gateway not in GATEWAYS:
            raise ValueError(f"there is no gateway {gateway!r}; there are {', '.join(GATEWAYS)}")
        self.fault, self.gateway = fault, gateway
        self._left = times
        self._struck = 0
        self._cancelled = False
        self._changed = threading.Condition()
        self._gate: Future[None] = Future()

    @property
    def struck(self) -> int:
        """How many times it has struck."""
        with self._changed:
            return self._struck

    def wait(self, timeout: float, times: int = 1) -> bool:
        """Wait until it has struck so many times; False when `timeout` seconds passed before.

        What a fault does after the task was created is announced after the task was created.
        """
        with self._changed:
            return self._changed.wait_for(lambda: self._struck >= times, timeout)

    def release(self) -> None:
        """Let go on what it holds up; from now on it holds nothing up."""
        with self._changed:
            if not self._gate.done():
                self._gate.set_result(None)

    def cancel(self) -> None:
        """Strike no more."""
        with self._changed:
            self._cancelled = True

    async def released(self) -> None:
        """Wait until what is held up may go on."""
        # The shield: one client that leaves must not open the gate for the others.
        await asyncio.shield(asyncio.wrap_future(self._gate))

    def concerns(self, step: Step, gateway: str) -> bool:
        """Whether it is about this step at this gateway, and not used up."""
        with self._changed:
            here = self.fault.step == step and self.gateway in (None, gateway)
            return here and not self._cancelled and (self._left is None or self._left > 0)

    def take(self) -> None:
        """Use it up by one strike."""
        with self._changed:
            if self._left is not None:
                self._left -= 1

    def give_back(self) -> None:
        """Undo `take`: the gateway refused the request by itself."""
        with self._changed:
            if self._left is not None:
                self._left += 1

    def announce(self) -> int:
        """Tell that it strikes now; return how many times it has, this one included."""
        with self._changed:
            self._struck += 1
            self._changed.notify_all()
            return self._struck


class Orders:
    """All orders of one sandbox, oldest first. The oldest that concerns a request strikes."""

    def __init__(self) -> None:
        self._orders: list[Order] = []

    def add(self, fault: str, *, times: int | None, gateway: str | None) -> Order:
        """Order a fault by its name."""
        order = Order(find(fault), times, gateway)
        self._orders.append(order)
        return order

    def read(self, text: str) -> None:
        """Order what `NAME` or `NAME:TIMES` says."""
        fault, times = parse(text)
        self._orders.append(Order(fault, times, None))

    def first(
        self, step: Step, gateway: str, *, unread: bool = False, named: str | None = None
    ) -> Order | None:
        """Find what strikes a request: the fault it names itself, or the oldest order about it.

        `unread`: among the faults that strike before a request is read, or among the others.
        """
        own = [] if named is None else [Order(find(named), 1, None)]
        for order in (*own, *self._orders):
            if (order.fault.when == "unread") == unread and order.concerns(step, gateway):
                return order
        return None
