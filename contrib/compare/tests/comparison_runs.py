"""Comparisons run against one sandbox, for the tests."""

import asyncio
from pathlib import Path
from typing import Any

from rushes import AsyncClient, Polling
from rushes_compare import Results, compare_async
from rushes_compare.results import Cell
from rushes_sandbox import Sandbox

PAIR = ["toapis/kling-v3", "apimart/kling-v3"]
TWO_SIZES_SMALLER = ["smaller", "smaller"]
"""Lies for the sandbox, with which a film takes a fraction of the time to render and measure."""


class Interruption(Exception):
    """Ends a run, as Ctrl-C does."""


def interrupt(cell: Cell) -> None:
    """Interrupt the run when the first task is queued; for `on_change`."""
    if cell.state == "queued":
        raise Interruption


class Comparing:
    """Runs comparisons against one sandbox, from one home."""

    def __init__(self, sandbox: Sandbox, home: Path) -> None:
        self.sandbox, self.home = sandbox, home
        self.seen: list[Cell] = []

    def __call__(
        self, requests: Any, variants: Any = PAIR, *, base_urls: Any = None, **options: Any
    ) -> Results:
        async def run() -> Results:
            async with AsyncClient(
                keys=dict.fromkeys(self.sandbox.base_urls, self.sandbox.key),
                base_urls={**self.sandbox.base_urls, **(base_urls or {})},
                home=self.home,
                polling=Polling(first=0.05, every=0.05),
            ) as client:
                given = {"on_change": self.seen.append, **options}
                done = await compare_async(requests, variants, client=client, **given)
                return done.results

        return asyncio.run(run())
