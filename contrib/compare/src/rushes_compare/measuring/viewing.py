"""One pass over a file: every frame is seen and every sound heard, once."""

from collections.abc import Iterator

from av import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from rushes_compare.measuring.header import step_of
from rushes_compare.measuring.opening import BROKEN, Deadline, said
from rushes_compare.measuring.picture import Sight
from rushes_compare.measuring.shape import Shape, shape_of
from rushes_compare.measuring.sound import Hearing


class Viewing:
    """Decodes a file as far as there is something to decode, and time.

    `first` and `shape` are those of the first frame. `damage` says what is wrong with the file,
    each thing once; `finished` whether all of it was looked at.
    """

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self.sight: Sight | None = None
        self.hearing: Hearing | None = None
        self.first: VideoFrame | None = None
        self.shape: Shape | None = None
        self.finished = True
        self._container, self._stream = container, stream
        self._damage: dict[str, None] = {}

    @property
    def damage(self) -> list[str]:
        """What is wrong with the file."""
        return list(self._damage)

    def run(self) -> None:
        """Look and listen."""
        self._stream.thread_type = "AUTO"
        sounds = [one for one in self._container.streams.audio if one.codec_context][:1]
        self.hearing = Hearing() if sounds else None
        for frame in self._frames([self._stream, *sounds]):
            if isinstance(frame, VideoFrame):
                self._see(frame)
            else:
                self._hear(frame)
        if self.sight:
            self.sight.close()
        self._hear(None)

    def _frames(
        self, streams: list[VideoStream | AudioStream]
    ) -> Iterator[VideoFrame | AudioFrame]:
        """Yield what can be decoded; a piece that cannot is named and passed over."""
        deadline, packets = Deadline(), self._container.demux(streams)
        while True:
            # With each packet: one may hold no frame, and there may be millions of them.
            if deadline.passed:
                self.finished = False
                return
            try:
                packet = next(packets, None)
            except BROKEN as error:
                self._damage[f"it cannot be read to its end: {said(error)}"] = None
                return
            if packet is None:
                return
            try:
                frames = packet.decode()
            except BROKEN as error:
                what = "sound" if isinstance(packet.stream, AudioStream) else "picture"
                self._damage[f"a part of the {what} cannot be decoded: {said(error)}"] = None
                continue
            yield from (one for one in frames if isinstance(one, (VideoFrame, AudioFrame)))

    def _see(self, frame: VideoFrame) -> None:
        if self.sight is None or self.shape is None:
            self.first, self.shape = frame, shape_of(self._stream, frame)
            self.sight = Sight(frame.width, frame.height, step_of(self._stream))
        elif (frame.width, frame.height) != (self.shape.width, self.shape.height):
            self._damage["its frames change their size on the way"] = None
        if frame.is_corrupt:
            self._damage["some of its frames are damaged"] = None
        self.sight.see(frame)

    def _hear(self, frame: AudioFrame | None) -> None:
        try:
            if self.hearing:
                self.hearing.hear(frame)
        except BROKEN as error:
            self._damage[f"its sound cannot be followed: {said(error)}"] = None
