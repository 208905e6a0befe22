"""What is in the frames: black and frozen stretches, cuts, and how long they really last."""

from fractions import Fraction

from av.filter import Graph
from av.video.format import VideoFormat
from av.video.frame import VideoFrame

from rushes_compare._measure.cuts import find_cuts
from rushes_compare._measure.filter_graphs import run_filters
from rushes_compare._measure.intervals import MIN_SECONDS, Intervals
from rushes_compare._measure.shape import Shrinker
from rushes_compare.results import Stretch

SIDE = 320
"""The longer side of the frames that the detectors get. None of them looks for detail, and a 4K
frame then costs no more than one of 720p."""

TICK = Fraction(1, 90_000)

_DETECTORS = (
    # Black: 98 % of the frame no brighter than 5 % of the range; a night scene is brighter.
    ("blackdetect", f"d={MIN_SECONDS}:pic_th=0.98:pix_th=0.05"),
    # Frozen: frames differ by less than 0.2 % of the range on average from the stretch's first one.
    # Encoding one still image makes differences of up to 0.18 % (measured with H.264 and H.265),
    # so the filter's default of 0.1 % would not find it. A fly on a wall moves less, and is missed.
    ("freezedetect", f"n=0.002:d={MIN_SECONDS}"),
    # For scdet: in YUV it compares brightness only, and misses cuts between equally bright scenes.
    ("format", "pix_fmts=rgb24"),
    ("scdet", "t=100"),
)


class VideoMeter:
    """Takes every frame of a video, in display order."""

    def __init__(self, width: int, height: int, frame_time: float) -> None:
        """Start; `frame_time` is a frame's duration according to the header, in seconds."""
        self.frames = 0
        #: Start of the first frame and end of the last one, in seconds, as the file counts them.
        self.start = self.end = 0.0
        self._frame_time = frame_time
        self._shrinker = Shrinker(width, height, SIDE)
        self._graph = Graph()
        # Frames this small need no more; the decoder has its own threads.
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
        self._black = Intervals("lavfi.black_start", "lavfi.black_end")
        self._frozen = Intervals("lavfi.freezedetect.freeze_start", "lavfi.freezedetect.freeze_end")

    @property
    def duration(self) -> float:
        """Seconds from the start of the first frame to the end of the last."""
        return self.end - self.start

    def add(self, frame: VideoFrame) -> float:
        """Take the next frame; return its time in seconds from the first."""
        tick = frame.time_base or TICK
        moment = self.end if frame.pts is None else float(frame.pts * tick)
        if not self.frames:
            self.start = self.end = moment
        lasts = float(frame.duration * tick) if frame.duration else self._frame_time
        self.end = max(self.end, moment + lasts)
        self.frames += 1
        self._times.append(moment - self.start)
        small = self._shrinker.small(frame)
        small.pts, small.time_base = round((moment - self.start) / TICK), TICK
        self._push(small)
        return moment - self.start

    def close(self) -> None:
        """Take what the filters have buffered."""
        self._push(None)

    @property
    def black(self) -> list[Stretch]:
        """The stretches in which the picture is black."""
        return self._black.stretches(self.duration)

    @property
    def frozen(self) -> list[Stretch]:
        """The stretches in which nothing moves."""
        return self._frozen.stretches(self.duration)

    @property
    def cuts(self) -> list[float]:
        """The times at which a new shot begins, in seconds."""
        return find_cuts(self._times[: len(self._scores)], self._scores)

    def _push(self, frame: VideoFrame | None) -> None:
        for metadata in run_filters(self._graph, frame):
            self._black.read(metadata)
            self._frozen.read(metadata)
            self._scores.append(float(metadata.get("lavfi.scd.score", 0)))
