"""What a video shows, as plain data."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

FRAMES_PER_SECOND = 24

#: Incremented whenever the drawing changes, so that no outdated video of a kept folder is served.
DESIGN = 3

#: What a lie can do to a video: mute its sound track, freeze it, blacken it, or drop every second
#: frame.
Flaw = Literal["silent", "frozen", "black", "slow"]

#: What the land looks like. Each stand-in has its own.
Scenery = Literal[
    "hills", "dunes", "peaks", "skyline", "forest", "mesas", "islands", "domes", "canyon"
]


@dataclass(frozen=True)
class Picture:
    """An image named in a request.

    `digest` is the SHA-256 of its bytes, or empty for an image that this server does not have;
    then a placeholder with the label is drawn.
    """

    label: str
    url: str
    digest: str = ""
    path: Path | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Shot:
    """One part of a video without a cut; its length is in seconds."""

    prompt: str
    seconds: float


@dataclass(frozen=True)
class Scene:
    """Everything that decides how a video looks and sounds; equal scenes are one video.

    `variant` only changes the colours, and `scenery` the land: a video that showed a name would
    spoil a blind comparison.
    """

    variant: str
    prompt: str
    width: int
    height: int
    shots: tuple[Shot, ...]
    sound: bool
    first: Picture | None = None
    last: Picture | None = None
    references: tuple[Picture, ...] = ()
    negative_prompt: str = ""
    watermark: bool = False
    flaws: tuple[Flaw, ...] = ()
    scenery: Scenery = "hills"

    @property
    def seconds(self) -> float:
        """How long the video lasts, in seconds."""
        return sum(shot.seconds for shot in self.shots)

    @property
    def frames(self) -> int:
        """How many frames the video has."""
        return round(self.seconds * FRAMES_PER_SECOND)

    @property
    def cuts(self) -> tuple[int, ...]:
        """The number of each shot's first frame, and the number of frames at the end."""
        marks = [0.0]
        for shot in self.shots:
            marks.append(marks[-1] + shot.seconds)
        return tuple(round(mark * FRAMES_PER_SECOND) for mark in marks)

    @property
    def key(self) -> str:
        """A name for the video, the same for equal scenes in every process."""
        # repr escapes lone surrogates, which UTF-8 cannot encode.
        return hashlib.sha256(f"{DESIGN} {self!r}".encode("ascii", "backslashreplace")).hexdigest()
