"""What is heard: whether anything, and how loud it is."""

import math

from av import AudioFrame, AudioResampler
from av.filter import Graph

from rushes_compare.measuring.graphs import through

INAUDIBLE = -60.0
"""dB of full scale. A track without a sample above is silent: hiss and rounding lie below, and
speech or music that anybody hears peaks at -30 and more."""

_RATE = 48_000


class Hearing:
    """Listens to a sound track."""

    def __init__(self) -> None:
        self._peak, self._loudness = -math.inf, -math.inf
        # One format, whatever comes.
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
        """Whether nothing is heard."""
        return self._peak <= INAUDIBLE

    @property
    def loudness(self) -> float | None:
        """The integrated loudness in LUFS; None where there is too little to tell (EBU R 128)."""
        # -70 is the gate of ITU-R BS.1770: what is below counts as silence.
        return None if self.silent or self._loudness <= -70 else round(self._loudness, 1)

    def hear(self, frame: AudioFrame | None) -> None:
        """Listen to the next piece; None is the end."""
        for piece in self._resampler.resample(frame):
            self._note(piece)
        if frame is None:
            self._note(None)

    def _note(self, piece: AudioFrame | None) -> None:
        for told in through(self._graph, piece):
            self._peak = float(told.get("lavfi.astats.Overall.Peak_level", self._peak))
            self._loudness = float(told.get("lavfi.r128.I", self._loudness))
