"""Both clients behind one interface; pauses are recorded and skipped, and the clock advances."""

import asyncio
import inspect
import time
from typing import Any

from rushes import AsyncClient, Client
from rushes._flow import Effect, Sleep

LONGEST = 0.01


class SkippingClock:
    """The clock of one client: pauses advance it, and no test waits for them."""

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self._skipped = 0.0

    def elapsed(self) -> float:
        """Return the time in seconds, with all pauses counted in full."""
        return time.monotonic() + self._skipped

    def shorten(self, effect: Effect) -> Effect:
        """Record a pause, and cut it short."""
        if not isinstance(effect, Sleep):
            return effect
        self.pauses.append(effect.seconds)
        brief = min(effect.seconds, LONGEST)
        self._skipped += effect.seconds - brief
        return Sleep(brief)


class _Client(Client):
    clock: SkippingClock

    def _perform(self, effect: Effect) -> Any:
        return super()._perform(self.clock.shorten(effect))


class _AsyncClient(AsyncClient):
    clock: SkippingClock

    async def _perform(self, effect: Effect) -> Any:
        return await super()._perform(self.clock.shorten(effect))


class ClientDriver:
    """One client of either kind, called synchronously. Close it."""

    def __init__(self, kind: str, **settings: Any) -> None:
        self.client = (_Client if kind == "sync" else _AsyncClient)(**settings)
        self.clock = self.client.clock = SkippingClock()
        self.client._session.elapsed = self.clock.elapsed
        self._runner = asyncio.Runner()

    def call(self, verb: str, *given: Any, **named: Any) -> Any:
        """Call a method of the client and wait for its result."""
        return self._wait(getattr(self.client, verb)(*given, **named))

    def cancelled(self, order: Any, verb: str, *given: Any, **named: Any) -> Any:
        """Start a coroutine of the client, and cancel it once an ordered fault has happened."""

        async def run() -> Any:
            job = asyncio.ensure_future(getattr(self.client, verb)(*given, **named))
            assert await asyncio.to_thread(order.wait, 30)
            job.cancel()
            return await job

        return self._runner.run(run())

    def close(self) -> None:
        """Close the client and its event loop."""
        self._wait(self.client.close())
        self._runner.close()

    def _wait(self, result: Any) -> Any:
        return self._runner.run(result) if inspect.iscoroutine(result) else result
