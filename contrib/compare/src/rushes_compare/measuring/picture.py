"""What is seen: black and frozen stretches, cuts, and how long the frames really last."""

from fractions import Fraction

from av.filter import Graph
from av.video.format import VideoFormat
from av.video.frame import VideoFrame

from rushes_compare.measuring.cutting import cuts
from rushes_compare.measuring.graphs import through
from rushes_compare.measuring.marks import SHORTEST, Marks
from rushes_compare.measuring.shape import Shrinker
from rushes_compare.results import Stretch

SIDE = 320
"""The longer side of the frames that the detectors see. None of them looks for detail, and a frame
of 4K costs them no more than one of 720p."""

TICK = Fraction(1, 90_000)

_DETECTORS = (
    # Black: 98 % of the frame no brighter than 5 % of the range, which is what a dark night is not.
    ("blackdetect", f"d={SHORTEST}:pic_th=0.98:pix_th=0.05"),
    # Frozen: frames differ by less than 0.2 % of the range on average from the stretch's first one.
    # Encoders make so much of one and the same picture (measured: 0.18 %, H.264 and H.265), and
    # the filter's own 0.1 % finds no rest in them. A fly on a wall moves less; it is not seen.
    ("freezedetect", f"n=0.002:d={SHORTEST}"),
    # For scdet only: in YUV it sees brightness alone, and misses cuts between scenes as bright.
    ("format", "pix_fmts=rgb24"),
    ("scdet", "t=100"),
)


class Sight:
    """Looks at every frame of a film, in the order in which they are shown."""

    def __init__(self, width: int, height: int, step: float) -> None:
        """Start; `step` is the time from frame to frame as far as the file tells, in seconds."""
        self.frames = 0
        #: Seconds of the first frame's begin and the last one's end, as the file counts them.
        self.begin = self.end = 0.0
        self._step = step
        self._shrinker = Shrinker(width, height, SIDE)
        self._graph = Graph()
        # The film decides how many threads there are; so small a picture needs no more.
        self._graph.threads = 1
        self._graph.link_nodes(
            self._graph.add_buffer(
                width=self._shrinker.width,
                height=self._shrinker.height,
                format=VideoFormat("yuv420p"),
                time_base=TICK,
            ),
            *(self._graph.add(*detector) for detector in _DETECTORS),
            self._graph.add("buffersink"),
        )
        self._graph.configure()
        self._times: list[float] = []
        self._scores: list[float] = []
        self._black = Marks("lavfi.black_start", "lavfi.black_end")
        self._frozen = Marks("lavfi.freezedetect.freeze_start", "lavfi.freezedetect.freeze_end")

    @property
    def duration(self) -> float:
        """Seconds from the first frame's begin to the last one's end."""
        return self.end - self.begin

    def see(self, frame: VideoFrame) -> None:
        """Look at the next frame."""
        tick = frame.time_base or TICK
        moment = self.end if frame.pts is None else float(frame.pts * tick)
        if not self.frames:
            self.begin = self.end = moment
        lasts = float(frame.duration * tick) if frame.duration else self._step
        self.end = max(self.end, moment + lasts)
        self.frames += 1
        self._times.append(moment - self.begin)
        small = self._shrinker.small(frame)
        small.pts, small.time_base = round((moment - self.begin) / TICK), TICK
        self._note(small)

    def close(self) -> None:
        """Take what the filters still hold."""
        self._note(None)

    @property
    def black(self) -> list[Stretch]:
        """The stretches in which nothing is seen."""
        return self._black.stretches(self.duration)

    @property
    def frozen(self) -> list[Stretch]:
        """The stretches in which nothing moves."""
        return self._frozen.stretches(self.duration)

    @property
    def cuts(self) -> list[float]:
        """The moments at which a new shot begins."""
        return cuts(self._times[: len(self._scores)], self._scores)

    def _note(self, frame: VideoFrame | None) -> None:
        for told in through(self._graph, frame):
            self._black.read(told)
            self._frozen.read(told)
            self._scores.append(float(told.get("lavfi.scd.score", 0)))
