"""What is on the sound track: whether anything can be heard, and how loud it is."""

import math

from av import AudioFrame, AudioResampler
from av.filter import Graph

from rushes_compare._measure.filter_graphs import run_filters

INAUDIBLE = -60.0
"""dB of full scale. A track without a sample above it is silent: hiss and rounding are below, and
audible speech or music peaks at -30 and more."""

_RATE = 48_000


class AudioMeter:
    """Takes every frame of a sound track."""

    def __init__(self) -> None:
        self._peak, self._loudness = -math.inf, -math.inf
        self._resampler = AudioResampler("fltp", "stereo", _RATE)
        self._graph = Graph()
        self._graph.threads = 1
        self._graph.link_nodes(
            self._graph.add_abuffer(sample_rate=_RATE, format="fltp", layout="stereo"),
            self._graph.add(
                "astats", "metadata=1:measure_perchannel=none:measure_overall=Peak_level"
            ),
            self._graph.add("ebur128", "metadata=1:framelog=quiet"),
            self._graph.add("abuffersink"),
        )
        self._graph.configure()

    @property
    def silent(self) -> bool:
        """Whether nothing can be heard."""
        return self._peak <= INAUDIBLE

    @property
    def loudness(self) -> float | None:
        """The integrated loudness in LUFS (EBU R 128); None if there is too little to measure."""
        # -70 is the gate of ITU-R BS.1770: below it is silence.
        return None if self.silent or self._loudness <= -70 else round(self._loudness, 1)

    def add(self, frame: AudioFrame | None) -> None:
        """Take the next frame; None is the end."""
        for resampled in self._resampler.resample(frame):
            self._push(resampled)
        if frame is None:
            self._push(None)

    def _push(self, frame: AudioFrame | None) -> None:
        for metadata in run_filters(self._graph, frame):
            self._peak = float(metadata.get("lavfi.astats.Overall.Peak_level", self._peak))
            self._loudness = float(metadata.get("lavfi.r128.I", self._loudness))
