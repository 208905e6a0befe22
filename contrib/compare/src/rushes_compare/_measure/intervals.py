"""Stretches of a video (black, frozen), as FFmpeg's filters report them on its frames."""

from rushes_compare.results import Stretch

MIN_SECONDS = 0.5
"""Seconds from which a black or frozen stretch counts; shorter ones are fades and pauses."""


class Intervals:
    """Collects stretches from the metadata that a filter writes on frames."""

    def __init__(self, start: str, end: str) -> None:
        self._names = start, end
        self._start: float | None = None
        self._found: list[Stretch] = []

    def read(self, metadata: dict[str, str]) -> None:
        """Read the metadata of a frame."""
        # The end first: a frame may end one stretch and start the next.
        start, end = (metadata.get(name) for name in self._names)
        if end is not None and self._start is not None:
            self._close(float(end))
        if start is not None:
            self._start = float(start)

    def _close(self, end: float) -> None:
        if self._start is not None and end - self._start >= MIN_SECONDS:
            self._found.append(Stretch(start=round(self._start, 3), end=round(end, 3)))
        self._start = None

    def stretches(self, duration: float) -> list[Stretch]:
        """Return all stretches of a video of this duration, in seconds."""
        # No frame reports the end of a stretch that lasts to the end of the video.
        last = Intervals(*self._names)
        last._start = self._start
        last._close(duration)
        return [*self._found, *last._found]
