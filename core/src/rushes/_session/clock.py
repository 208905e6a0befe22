"""The clock that a client uses. A test gives it another (`rushes.testing.Clock`)."""

import random
import time

from rushes.journal import since_boot


class SystemClock:
    """The system's time; every amount is in seconds."""

    def now(self) -> float:
        """Return the time on the wall, counted from 1970: what records and providers speak of."""
        return time.time()

    def elapsed(self) -> float:
        """Return the time since some moment, which nobody can set: what deadlines count by."""
        return time.monotonic()

    def since_boot(self) -> float:
        """Return the time since the machine started, its sleep included: what claims count by."""
        return since_boot()

    def jitter(self, seconds: float) -> float:
        """Lengthen a pause by up to a tenth, so that many clients do not ask at one moment."""
        return seconds * random.uniform(1, 1.1)  # noqa: S311 - nothing secret

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        time.sleep(seconds)

    async def sleep_async(self, seconds: float) -> None:
        """Let time pass while the event loop goes on."""
        import asyncio  # a command that waits for nothing can do without

        await asyncio.sleep(seconds)
