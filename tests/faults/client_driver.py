"""Both clients behind one interface; pauses are recorded and skipped, and the clock advances."""

import asyncio
import inspect
from typing import Any

from rushes import AsyncClient, Client
from rushes.testing import Clock

MAX_PAUSE = 0.01
"""The longest real pause in seconds: the sandbox needs some time."""


class ClientDriver:
    """One client of either kind, called synchronously. Close it."""

    def __init__(self, kind: str, **settings: Any) -> None:
        self.clock = Clock(longest=MAX_PAUSE)
        self.client = (Client if kind == "sync" else AsyncClient)(clock=self.clock, **settings)
        self._runner = asyncio.Runner()

    def call(self, verb: str, *given: Any, **named: Any) -> Any:
        """Call a method of the client and wait for its result."""
        return self.wait_for(getattr(self.client, verb)(*given, **named))

    def cancel_at(self, order: Any, verb: str, *given: Any, **named: Any) -> Any:
        """Start a call of the asynchronous client; cancel it once an injected fault happens."""

        async def run() -> Any:
            job = asyncio.ensure_future(getattr(self.client, verb)(*given, **named))
            assert await asyncio.to_thread(order.wait, 30)
            job.cancel()
            return await job

        return self._runner.run(run())

    def close(self) -> None:
        """Close the client and its event loop."""
        self.wait_for(self.client.close())
        self._runner.close()

    def wait_for(self, result: Any) -> Any:
        """Return a result; run it on the loop if it is a coroutine."""
        return self._runner.run(result) if inspect.iscoroutine(result) else result
