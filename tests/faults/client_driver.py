"""Both clients behind one interface; pauses are recorded and skipped, and the clock advances."""

import asyncio
import inspect
from typing import Any

from rushes import AsyncClient, Client
from rushes.testing import Clock

LONGEST = 0.01
"""Seconds that a pause takes in reality: the sandbox needs some."""


class ClientDriver:
    """One client of either kind, called synchronously. Close it."""

    def __init__(self, kind: str, **settings: Any) -> None:
        self.clock = Clock(longest=LONGEST)
        self.client = (Client if kind == "sync" else AsyncClient)(clock=self.clock, **settings)
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
