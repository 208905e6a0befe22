"""One pass over a file: every video and audio frame is decoded and measured once."""

from collections.abc import Iterator

from av import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from rushes_compare._measure.audio_meter import AudioMeter
from rushes_compare._measure.header import header_frame_time
from rushes_compare._measure.open_media import BROKEN, Deadline, ffmpeg_message
from rushes_compare._measure.picture_meter import PictureMeter
from rushes_compare._measure.shape import FrameShape, shape_of
from rushes_compare._measure.sound_meter import SoundMeter
from rushes_compare._measure.video_meter import VideoMeter


class MediaAnalysis:
    """Decodes a file as far as possible within the time limit.

    `first` and `shape` are those of the first frame, `last` is the last one. `damage`
    lists what is wrong with the file, each thing once; `finished` whether the end was reached.
    """

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self.video: VideoMeter | None = None
        self.audio: AudioMeter | None = None
        self.picture: PictureMeter | None = None
        self.sound: SoundMeter | None = None
        self.first: VideoFrame | None = None
        self.last: VideoFrame | None = None
        self.shape: FrameShape | None = None
        self.finished = True
        self._container, self.stream = container, stream
        self._damage: dict[str, None] = {}

    @property
    def damage(self) -> list[str]:
        """What is wrong with the file."""
        return list(self._damage)

    def run(self) -> None:
        """Decode and measure the file."""
        self.stream.thread_type = "AUTO"
        sounds = [one for one in self._container.streams.audio if one.codec_context][:1]
        self.audio = AudioMeter() if sounds else None
        self.sound = SoundMeter() if sounds else None
        for frame in self._frames([self.stream, *sounds]):
            if isinstance(frame, VideoFrame):
                self._add_video(frame)
            else:
                self._add_audio(frame)
        if self.video:
            self.video.close()
        self._add_audio(None)

    def _frames(
        self, streams: list[VideoStream | AudioStream]
    ) -> Iterator[VideoFrame | AudioFrame]:
        """Yield the frames that can be decoded; what cannot is recorded as damage and skipped."""
        deadline, packets = Deadline(), self._container.demux(streams)
        while True:
            # Checked for each packet: there may be millions of packets without a frame.
            if deadline.passed:
                self.finished = False
                return
            try:
                packet = next(packets, None)
            except BROKEN as error:
                self._damage[f"it cannot be read to its end: {ffmpeg_message(error)}"] = None
                return
            if packet is None:
                return
            try:
                frames = packet.decode()
            except BROKEN as error:
                what = "sound" if isinstance(packet.stream, AudioStream) else "picture"
                self._damage[f"a part of the {what} cannot be decoded: {ffmpeg_message(error)}"] = (
                    None
                )
                continue
            yield from (one for one in frames if isinstance(one, (VideoFrame, AudioFrame)))

    def _add_video(self, frame: VideoFrame) -> None:
        if self.video is None or self.picture is None or self.shape is None:
            self.first, self.shape = frame, shape_of(self.stream, frame)
            self.video = VideoMeter(frame.width, frame.height, header_frame_time(self.stream))
            self.picture = PictureMeter(frame.width, frame.height)
        elif (frame.width, frame.height) != (self.shape.width, self.shape.height):
            self._damage["the size of its frames changes part-way"] = None
        if frame.is_corrupt:
            self._damage["some of its frames are damaged"] = None
        self.last = frame
        self.picture.add(frame, self.video.add(frame))

    def _add_audio(self, frame: AudioFrame | None) -> None:
        try:
            if self.audio:
                self.audio.add(frame)
            if self.sound:
                self.sound.add(frame)
        except BROKEN as error:
            self._damage[f"its sound cannot be measured: {ffmpeg_message(error)}"] = None
