"""Both clients by the same words; a pause is noted and not slept, and the clock moves on by it."""

import asyncio
import inspect
import time
from typing import Any

from rushes import AsyncClient, Client
from rushes._flow import Effect, Sleep

LONGEST = 0.01


class Pauses:
    """The clock of one client: it keeps every deadline, and no test waits for it."""

    def __init__(self) -> None:
        self.noted: list[float] = []
        self._skipped = 0.0

    def elapsed(self) -> float:
        """Tell the time, in seconds, all pauses counted in full."""
        return time.monotonic() + self._skipped

    def shortened(self, effect: Effect) -> Effect:
        """Note a pause, and cut it short."""
        if not isinstance(effect, Sleep):
            return effect
        self.noted.append(effect.seconds)
        brief = min(effect.seconds, LONGEST)
        self._skipped += effect.seconds - brief
        return Sleep(brief)


class _Client(Client):
    pauses: Pauses

    def _perform(self, effect: Effect) -> Any:
        return super()._perform(self.pauses.shortened(effect))


class _AsyncClient(AsyncClient):
    pauses: Pauses

    async def _perform(self, effect: Effect) -> Any:
        return await super()._perform(self.pauses.shortened(effect))


class Hand:
    """One client of either kind, used from code that waits. Close it."""

    def __init__(self, kind: str, **settings: Any) -> None:
        self.client = (_Client if kind == "sync" else _AsyncClient)(**settings)
        self.pauses = self.client.pauses = Pauses()
        self.client._session.elapsed = self.pauses.elapsed
        self._runner = asyncio.Runner()

    def do(self, verb: str, *given: Any, **named: Any) -> Any:
        """Do what a method of the client does, to its end."""
        return self._waited(getattr(self.client, verb)(*given, **named))

    def cancelled(self, order: Any, verb: str, *given: Any, **named: Any) -> Any:
        """Begin what a coroutine of the client does, and cancel it once an order has struck."""

        async def run() -> Any:
            job = asyncio.ensure_future(getattr(self.client, verb)(*given, **named))
            assert await asyncio.to_thread(order.wait, 30)
            job.cancel()
            return await job

        return self._runner.run(run())

    def close(self) -> None:
        """Close the client and its event loop."""
        self._waited(self.client.close())
        self._runner.close()

    def _waited(self, result: Any) -> Any:
        return self._runner.run(result) if inspect.iscoroutine(result) else result
