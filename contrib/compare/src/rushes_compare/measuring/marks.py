"""Stretches of a film, as FFmpeg's filters mark them on its frames."""

from rushes_compare.results import Stretch

SHORTEST = 0.5
"""Seconds from which a black or frozen stretch counts; shorter ones are how films fade and rest."""


class Marks:
    """Stretches, as a filter marks them on frames: where each starts, and where it ends."""

    def __init__(self, start: str, end: str) -> None:
        self._names = start, end
        self._start: float | None = None
        self._found: list[Stretch] = []

    def read(self, told: dict[str, str]) -> None:
        """Read what the filter wrote on a frame."""
        # The end first: a frame may end one stretch and start the next.
        start, end = (told.get(name) for name in self._names)
        if end is not None and self._start is not None:
            self._close(float(end))
        if start is not None:
            self._start = float(start)

    def _close(self, end: float) -> None:
        if self._start is not None and end - self._start >= SHORTEST:
            self._found.append(Stretch(start=round(self._start, 3), end=round(end, 3)))
        self._start = None

    def stretches(self, duration: float) -> list[Stretch]:
        """Return all stretches of a film of so many seconds."""
        # What lasts to the end is marked by no frame.
        last = Marks(*self._names)
        last._start = self._start
        last._close(duration)
        return [*self._found, *last._found]
