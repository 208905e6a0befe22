"""How a sound track fills its time: how long it is, how much of it is silent, how much clips."""

import numpy as np
from av import AudioFrame, AudioResampler

from rushes_compare._measure.audio_meter import INAUDIBLE

WINDOW = 0.05
"""Seconds of sound that are silent, or not, as a whole."""
FULL = 0.999
"""The level, of 1, from which a sample is at full scale: rounding leaves some just below."""
RUN = 3
"""Samples in a row at full scale that are clipping; a single one is a peak."""

_SILENT = 10 ** (INAUDIBLE / 20)

Samples = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


class SoundMeter:
    """Takes every frame of a sound track, in its own channels: mixing them hides what clips."""

    def __init__(self) -> None:
        #: Seconds of sound.
        self.duration = 0.0
        self._resampler = AudioResampler("fltp")
        self._samples = self._clipped = 0
        self._windows = self._silent_windows = 0
        self._peak = 0.0
        self._in_window = 0

    def add(self, frame: AudioFrame | None) -> None:
        """Take the next frame; None is the end."""
        for part in self._resampler.resample(frame):
            samples = np.nan_to_num(np.abs(part.to_ndarray()))
            self.duration += part.samples / part.sample_rate
            self._samples += samples.size
            self._clipped += sum(clipped(channel) for channel in samples)
            if samples.size:
                self._add_windows(samples.max(axis=0), max(1, round(WINDOW * part.sample_rate)))
        if frame is None and self._in_window:
            self._end_window()

    def _add_windows(self, levels: Samples, size: int) -> None:
        while len(levels):
            piece = levels[: max(1, size - self._in_window)]
            levels = levels[len(piece) :]
            self._peak = max(self._peak, float(piece.max()))
            self._in_window += len(piece)
            if self._in_window >= size:
                self._end_window()

    def _end_window(self) -> None:
        self._windows += 1
        self._silent_windows += self._peak <= _SILENT
        self._peak, self._in_window = 0.0, 0

    @property
    def silence(self) -> float | None:
        """Percent of the track's time in which nothing can be heard."""
        return round(100 * self._silent_windows / self._windows, 1) if self._windows else None

    @property
    def clipping(self) -> float | None:
        """Percent of the samples that are clipped."""
        return round(100 * self._clipped / self._samples, 3) if self._samples else None


def clipped(levels: Samples) -> int:
    """Return how many samples are part of a run at full scale; the levels are absolute."""
    full = np.concatenate(([False], levels >= FULL, [False])).astype(np.int8)
    edges = np.flatnonzero(np.diff(full))
    runs = edges[1::2] - edges[::2]
    return int(runs[runs >= RUN].sum())
