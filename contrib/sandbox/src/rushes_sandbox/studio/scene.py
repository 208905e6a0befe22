"""What a film shows: plain data, worked out from a request before anything is drawn."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

FRAMES_PER_SECOND = 24

#: Raised whenever the drawing changes, so that a kept folder of films is not served stale.
DESIGN = 1

#: What is wrong with a film on purpose: nothing is heard in its sound track, nothing moves, nothing
#: is seen, every second frame is missing.
Flaw = Literal["silent", "frozen", "black", "slow"]


@dataclass(frozen=True)
class Picture:
    """An image named in a request.

    `digest` is the SHA-256 of its bytes, or empty for an image that this server does not hold;
    then a placeholder with the label is drawn.
    """

    label: str
    address: str
    digest: str = ""
    path: Path | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Shot:
    """One uninterrupted stretch of a film, in seconds."""

    prompt: str
    seconds: float


@dataclass(frozen=True)
class Scene:
    """Everything that decides how a film looks and sounds; equal scenes are one film."""

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

    @property
    def seconds(self) -> float:
        """How long the film lasts, in seconds."""
        return sum(shot.seconds for shot in self.shots)

    @property
    def frames(self) -> int:
        """How many frames the film has."""
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
        """A name for the film, the same for equal scenes in every process."""
        # repr, because it writes lone surrogates as escapes, which no UTF-8 encoder would take.
        return hashlib.sha256(f"{DESIGN} {self!r}".encode("ascii", "backslashreplace")).hexdigest()
