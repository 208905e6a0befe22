"""The faults that were injected: how many hits each has left, and how many it has had."""

import asyncio
import threading
from collections.abc import Collection, Mapping
from concurrent.futures import Future

from rushes_sandbox._faults.catalogue import find_fault, parse_fault
from rushes_sandbox._faults.fault import Fault, Phase
from rushes_sandbox._protocols.protocol import Endpoint, Protocol, Step


class InjectedFault:
    """A fault that was injected into a sandbox. Its methods may be called from any thread."""

    def __init__(self, fault: Fault, times: int | None, gateway: str | None) -> None:
        if times is not None and times < 1:
            raise ValueError(f"times is {times}; it must be 1 or more, or None for every time")
        self.fault, self.gateway = fault, gateway
        self._left = times
        self._hits = 0
        self._cancelled = False
        self._changed = threading.Condition()
        self._released: Future[None] = Future()

    @property
    def hits(self) -> int:
        """How many requests it has hit."""
        with self._changed:
            return self._hits

    def wait(self, timeout: float, times: int = 1) -> bool:
        """Wait until it has hit that many requests; False if `timeout` seconds pass first.

        A fault that hits after the task is created counts only once the task is created.
        """
        with self._changed:
            return self._changed.wait_for(lambda: self._hits >= times, timeout)

    def release(self) -> None:
        """Let the requests that it holds continue; from now on it holds none."""
        with self._changed:
            if not self._released.done():
                self._released.set_result(None)

    def cancel(self) -> None:
        """Stop hitting requests."""
        with self._changed:
            self._cancelled = True

    async def released(self) -> None:
        """Wait until `release` is called."""
        # Shielded: one client that disconnects must not release the requests of others.
        await asyncio.shield(asyncio.wrap_future(self._released))

    def matches(
        self, steps: Collection[Step], protocol: Protocol, endpoint: Endpoint | None
    ) -> bool:
        """Whether it would hit a request of these steps at this provider."""
        here = self.fault.step in steps and self.gateway in (None, protocol.id)
        with self._changed:
            left = not self._cancelled and (self._left is None or self._left > 0)
        return here and left and self.fault.fits(protocol, endpoint)

    def use_up(self) -> None:
        """Use up one of its times."""
        with self._changed:
            if self._left is not None:
                self._left -= 1

    def give_back(self) -> None:
        """Undo `use_up`: the gateway refused the request by itself."""
        with self._changed:
            if self._left is not None:
                self._left += 1

    def count_hit(self) -> int:
        """Count a hit; return how many there are now."""
        with self._changed:
            self._hits += 1
            self._changed.notify_all()
            return self._hits


class FaultInjector:
    """The faults injected into a sandbox; if several match a request, the oldest hits it."""

    def __init__(self, protocols: Mapping[str, Protocol]) -> None:
        self._protocols = protocols
        self._injected: list[InjectedFault] = []

    def inject(self, name: str, *, times: int | None, gateway: str | None) -> InjectedFault:
        """Inject a fault by its name."""
        injected = InjectedFault(find_fault(name), times, gateway)
        self._check(injected.fault, gateway)
        self._injected.append(injected)
        return injected

    def _check(self, fault: Fault, gateway: str | None) -> None:
        if gateway is None:
            return
        if gateway not in self._protocols:
            known = ", ".join(self._protocols)
            raise ValueError(f"unknown gateway {gateway!r} (accepted: {known})")
        if not fault.applies_to(self._protocols[gateway]):
            raise ValueError(f"{gateway} has no such answers as {fault.name} needs")

    def inject_text(self, text: str) -> None:
        """Inject the fault that `NAME` or `NAME:TIMES` names, at all gateways."""
        fault, times = parse_fault(text)
        self._injected.append(InjectedFault(fault, times, None))

    def first_match(
        self,
        steps: Collection[Step],
        protocol: Protocol,
        endpoint: Endpoint | None,
        phases: Collection[Phase],
        named: str | None = None,
    ) -> InjectedFault | None:
        """Find what hits a request: the fault that it names itself, or the oldest that matches."""
        own = [] if named is None else [InjectedFault(find_fault(named), 1, None)]
        for injected in (*own, *self._injected):
            if injected.fault.phase in phases and injected.matches(steps, protocol, endpoint):
                return injected
        return None
