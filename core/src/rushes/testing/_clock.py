"""A clock that a test moves."""

import time

from rushes._session.clock import SystemClock


class Clock(SystemClock):
    """The time of a client under test: pauses are noted and skipped, and `advance` moves it.

        clock = rushes.testing.Clock()
        with rushes.Client(clock=clock, transport=network) as client:
            with pytest.raises(rushes.StillRunningError):
                client.wait(task, timeout=3600)
        assert sum(clock.pauses) >= 3600

    It goes on by itself as the system's does, and by every pause in full. A pause takes no longer
    than `longest` seconds in reality, which a real server may need between two looks. Deadlines of
    single calls are real: they belong to sockets.
    """

    def __init__(self, *, longest: float = 0.0) -> None:
        self.pauses: list[float] = []
        self._longest, self._skipped, self._advanced = longest, 0.0, 0.0

    def advance(self, seconds: float) -> None:
        """Move every clock of the client on, as if the machine had slept."""
        self._skipped += seconds
        self._advanced += seconds

    def now(self) -> float:
        """Return the time on the wall, in seconds since 1970."""
        return time.time() + self._skipped

    def elapsed(self) -> float:
        """Return the seconds since some moment."""
        return time.monotonic() + self._skipped

    def since_boot(self) -> float:
        """Return the seconds since the machine started; the journal measures claims by them.

        Skipped pauses do not count: the thread that renews claims uses real time.
        """
        return super().since_boot() + self._advanced

    def jitter(self, seconds: float) -> float:
        """Leave a pause as it is."""
        return seconds

    def pause(self, seconds: float) -> float:
        """Note a pause and skip it, but for what it may take in reality."""
        self.pauses.append(seconds)
        real = min(seconds, self._longest)
        self._skipped += seconds - real
        return real
