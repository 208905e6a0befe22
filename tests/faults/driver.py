"""Both clients by the same words; a pause is noted and not slept, and the clock moves on by it."""

import asyncio
import inspect
from typing import Any

from rushes import AsyncClient, Client
from rushes.testing import Clock

LONGEST = 0.01
"""Seconds that a pause takes in reality: the sandbox needs some."""


class Hand:
    """One client of either kind, used from code that waits. Close it."""

    def __init__(self, kind: str, **settings: Any) -> None:
        self.clock = Clock(longest=LONGEST)
        self.client = (Client if kind == "sync" else AsyncClient)(clock=self.clock, **settings)
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
