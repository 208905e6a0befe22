"""The clock that a client uses. A test gives it another (`rushes.testing.Clock`)."""

import random
import time

from rushes.journal import since_boot


class SystemClock:
    """The system's time; every amount is in seconds."""

    def now(self) -> float:
        """Return the wall-clock time since 1970, as records and providers give it."""
        return time.time()

    def elapsed(self) -> float:
        """Return a monotonic time, which nobody can set: deadlines use it."""
        return time.monotonic()

    def since_boot(self) -> float:
        """Return the time since the machine started, suspension included: claims use it."""
        return since_boot()

    def jitter(self, seconds: float) -> float:
        """Lengthen a pause by up to a tenth, so that many clients do not poll in step."""
        return seconds * (1 + random.random() / 10)  # noqa: S311 - nothing secret

    def pause(self, seconds: float) -> float:
        """Return how long a pause that begins now takes in reality."""
        return seconds

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        time.sleep(self.pause(seconds))
