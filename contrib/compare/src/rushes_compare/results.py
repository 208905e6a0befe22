"""What a comparison found out, as it stands in `results.json`.

The file's shape is versioned by `SCHEMA`; fields are only added within one version. Times are
seconds, points in time seconds since 1970, money USD, sizes bytes; None means that it is not known.
"""

from typing import Any, Literal

from msgspec import Struct

SCHEMA = 1

State = Literal[
    "planned",  # not begun
    "cannot",  # the variant cannot do the request: `problems` says why; nothing was sent
    "recorded", "sending", "refused", "unknown", "lost",
    "queued", "in_progress", "completed", "failed", "cancelled", "expired",
]  # fmt: skip
"""How a cell stands; but for the first two, the states of `rushes.Task`."""


class Finding(Struct, frozen=True, kw_only=True):
    """A problem or a note, as the check told it."""

    path: str
    code: str
    message: str
    accepted: list[Any] | None = None
    source: str | None = None


class Difference(Struct, frozen=True, kw_only=True):
    """One place where a payload differs from that of the cell before it in its row.

    `here` and `there` are JSON values; where one of the two has nothing, `only` says which has it.
    """

    path: str
    here: Any = None
    there: Any = None
    only: Literal["here", "there"] | None = None


class Failure(Struct, frozen=True, kw_only=True):
    """Why a cell has no video: the error's name, our words, and the provider's own."""

    kind: str
    message: str
    reason: str | None = None


class Timing(Struct, frozen=True, kw_only=True):
    """How long a task took: to be accepted, in the queue, rendering, downloading.

    `waiting` is the queue and the rendering in one, where no poll saw the one turn into the other.
    """

    accepting: float | None = None
    queued: float | None = None
    rendering: float | None = None
    waiting: float | None = None
    downloading: float | None = None


class Stretch(Struct, frozen=True, kw_only=True):
    """A piece of a video, from `start` to `end`."""

    start: float
    end: float


class Video(Struct, frozen=True, kw_only=True):
    """What a file was measured to be.

    `file` and `poster` are relative to the comparison's folder. `bit_rate` is in bits per second.
    `silent` says that there is a sound track in which nothing is heard. `loudness` is integrated,
    in LUFS (EBU R 128). `cuts` are the moments at which a new shot begins. `first_frame` is the
    likeness (SSIM, 0 to 1) of the first frame to the picture that was given for it. `damage` says
    what is wrong with the file itself, `notes` what could not be measured, both in words.
    """

    file: str
    bytes: int
    container: str
    video_codec: str
    audio_codec: str | None
    width: int
    height: int
    frame_rate: float
    duration: float
    bit_rate: int
    silent: bool | None = None
    loudness: float | None = None
    black: list[Stretch] = []
    frozen: list[Stretch] = []
    cuts: list[float] = []
    first_frame: float | None = None
    poster: str | None = None
    damage: list[str] = []
    notes: list[str] = []


class Promise(Struct, frozen=True, kw_only=True):
    """One thing that was asked for, and what came; `kept` is None where nobody can tell."""

    name: Literal[
        "resolution", "aspect_ratio", "duration", "audio", "shots", "first_frame", "file"
    ]  # fmt: skip
    asked: str
    delivered: str
    kept: bool | None


class Cell(Struct, frozen=True, kw_only=True):
    """One request to one variant: what was sent, what came of it, what it cost.

    `id` is unique in the comparison, and part of the task's reference. `payload` is what was (or
    would be) sent; `transport` names its fields that concern the delivery, like the key under which
    a task is created once. `differs` compares the rest with the cell before it in the same row.
    `estimate` was known before, `billed` is what the provider says it took. `attempt` counts how
    often the cell was begun, failures included.
    """

    id: str
    row: int
    variant: str
    repeat: int = 1
    attempt: int = 1
    state: State = "planned"
    problems: list[Finding] = []
    notes: list[Finding] = []
    payload: dict[str, Any] | None = None
    transport: list[str] = []
    differs: list[Difference] = []
    estimate: float | None = None
    billed: float | None = None
    task: str | None = None
    remote_id: str | None = None
    progress: float | None = None
    timing: Timing = Timing()
    failure: Failure | None = None
    video: Video | None = None
    promises: list[Promise] = []


class Row(Struct, frozen=True, kw_only=True):
    """One prompt with its settings: the request, in common words, that a row of cells was sent."""

    name: str
    request: dict[str, Any]


class Results(Struct, frozen=True, kw_only=True):
    """A whole comparison: its rows, its columns, and a cell for each and each repetition.

    `local` names the providers that were reached on this machine itself: stand-ins, whose videos
    say nothing about the provider. `prices` are the user's own, by variant, like "0.08/s" or
    "0.4/task", for where none is known.
    """

    schema: int = SCHEMA
    id: str
    created_at: float
    rows: list[Row]
    variants: list[str]
    repeats: int = 1
    local: list[str] = []
    prices: dict[str, str] = {}
    cells: list[Cell]
