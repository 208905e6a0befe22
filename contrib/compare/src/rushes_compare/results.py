"""The results of a comparison, as they are in `results.json`.

The file's format is versioned by `SCHEMA`; within a version, fields are only added. Times are in
seconds, points in time in seconds since 1970, money in USD, sizes in bytes; None means unknown.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

__all__ = [
    "SCHEMA", "Bounds", "Cell", "CheckFinding", "Difference", "Failure", "Input", "Measures",
    "PoolRatings", "Promise", "Ratings", "Results", "Row", "Settings", "Standing", "State",
    "Stretch", "Timing", "Video",
]  # fmt: skip

SCHEMA = 1

# `$` would also match before a line end, and ids become file names.
Id = Annotated[str, Meta(pattern=r"^[0-9a-f]{1,64}(?![\s\S])")]
"""A hexadecimal number."""
Int32 = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Int64 = Annotated[int, Meta(ge=0, le=2**63 - 1)]
"""What fits into an INTEGER and a BIGINT of the tables."""
Count = Annotated[int, Meta(ge=1, le=2**31 - 1)]
NonNegative = Annotated[float, Meta(ge=0)]
Timestamp = Annotated[float, Meta(ge=0, lt=253_402_300_800)]
"""A point in time before the year 10000, in seconds since 1970."""

State = Literal[
    "planned",  # not started
    "cannot",  # the variant cannot do the request: `problems` says why; nothing was sent
    "recorded", "sending", "refused", "unknown", "lost",
    "queued", "in_progress", "completed", "failed", "cancelled", "expired",
]  # fmt: skip
"""The state of a cell; all but the first two are states of `rushes.Task`."""


Input = Literal["text", "first_frame", "reference"]
"""What a video is made from: text alone, a first or last frame, or whatever else is given."""


class CheckFinding(Struct, frozen=True, kw_only=True):
    """A problem or a note from the check."""

    path: str
    code: str
    message: str
    accepted: list[Any] | None = None
    source: str | None = None


class Difference(Struct, frozen=True, kw_only=True):
    """One place where a payload differs from the one before it in its row.

    `here` and `there` are JSON values; if only one of the two has a value, `only` says which.
    """

    path: str
    here: Any = None
    there: Any = None
    only: Literal["here", "there"] | None = None


class Failure(Struct, frozen=True, kw_only=True):
    """Why a cell has no video: the error's name, its message, and the provider's reason."""

    kind: str
    message: str
    reason: str | None = None


class Timing(Struct, frozen=True, kw_only=True):
    """How long a task took: to be accepted, in the queue, rendering, downloading.

    `waiting` is the queue and the rendering together, if no poll saw the rendering start.
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


class Measures(Struct, frozen=True, kw_only=True):
    """Numbers about a video; `columns.COLUMNS` says what each means. None: it does not apply."""

    motion: float | None = None
    steadiness: float | None = None
    sharpness: float | None = None
    sharpness_drift: float | None = None
    exposure_drift: float | None = None
    colour_drift: float | None = None
    repeated_frames: float | None = None
    last_frame: float | None = None
    loop: float | None = None
    cut_offset: float | None = None
    sound_duration: float | None = None
    silence: float | None = None
    clipping: float | None = None
    repeatability: float | None = None


class Video(Struct, frozen=True, kw_only=True):
    """What was measured in a video file.

    `file` and `poster` are relative to the comparison's folder. `bit_rate` is in bits per second.
    `silent` says that there is a sound track on which nothing can be heard. `loudness` is
    integrated, in LUFS (EBU R 128). `cuts` are the times at which a new shot begins. `first_frame`
    is the similarity (SSIM, 0 to 1) of the first frame to the image that was given for it. `damage`
    says what is wrong with the file, `notes` what could not be measured.
    """

    file: str
    bytes: Int64
    container: str
    video_codec: str
    audio_codec: str | None
    width: Int32
    height: Int32
    frame_rate: NonNegative
    duration: NonNegative
    bit_rate: Int64
    silent: bool | None = None
    loudness: float | None = None
    black: list[Stretch] = []
    frozen: list[Stretch] = []
    cuts: list[float] = []
    first_frame: float | None = None
    measures: Measures = Measures()
    poster: str | None = None
    damage: list[str] = []
    notes: list[str] = []


class Promise(Struct, frozen=True, kw_only=True):
    """One thing that was asked for, and what was delivered; `kept` is None if it is unknown."""

    name: Literal[
        "resolution", "aspect_ratio", "duration", "audio", "shots", "first_frame", "last_frame",
        "file",
    ]  # fmt: skip
    asked: str
    delivered: str
    kept: bool | None


class Settings(Struct, frozen=True, kw_only=True):
    """The settings under which a video is made; None for what only the provider knows."""

    duration: float | None = None
    aspect_ratio: str | None = None
    resolution: str | None = None
    audio: bool | None = None
    seed: int | None = None


class Cell(Struct, frozen=True, kw_only=True):
    """One request to one variant: what was sent, what came of it, what it cost.

    `id` is unique in the comparison, and part of the task's reference. `payload` is what was (or
    would be) sent; `transport` names its fields that only concern delivery, like an idempotency
    key. `differs` compares the rest with the cell before it in the same row. `settings` are what
    this variant was asked for, or always delivers. `estimate` is the cost known beforehand,
    `billed` what the provider says it charged. `attempt` counts how often the cell was started,
    failures included.
    """

    id: Id
    row: Int32
    variant: str
    repeat: Count = 1
    attempt: Count = 1
    state: State = "planned"
    problems: list[CheckFinding] = []
    notes: list[CheckFinding] = []
    payload: dict[str, Any] | None = None
    transport: list[str] = []
    differs: list[Difference] = []
    settings: Settings = Settings()
    estimate: float | None = None
    billed: float | None = None
    task: str | None = None
    remote_id: str | None = None
    progress: float | None = None
    timing: Timing = Timing()
    failure: Failure | None = None
    video: Video | None = None
    promises: list[Promise] = []

    @property
    def bought(self) -> bool:
        """Whether the provider charges for it, or may: its task was sent and not refused."""
        unpaid = self.state in ("planned", "cannot", "recorded", "refused")
        return self.billed is not None or not unpaid

    @property
    def cost(self) -> float | None:
        """USD: what was billed, else the estimate; 0 if nothing was bought."""
        if not self.bought:
            return 0.0
        return self.estimate if self.billed is None else self.billed


class Row(Struct, frozen=True, kw_only=True):
    """One prompt with its settings: the request, in common vocabulary, for a row of cells."""

    name: str
    request: dict[str, Any]


class Bounds(Struct, frozen=True, kw_only=True):
    """The range in which a column's number is expected; None: no limit."""

    min: float | None = None
    max: float | None = None


class Standing(Struct, frozen=True, kw_only=True):
    """How a variant stands in its pool.

    A `rating` that is 400 points higher stands for ten wins against one loss; 1000 is the average.
    It lies between `low` and `high` in 95 of 100 cases. `wins`, `losses`, `ties` and `both_bad`
    count pairs, `best_of_row` how often it was picked as the best of a row; that does not change
    the rating. From those in `even_with` it cannot be told apart.
    """

    variant: str
    rating: float
    low: float
    high: float
    wins: Int32
    losses: Int32
    ties: Int32
    both_bad: Int32
    best_of_row: Int32 = 0
    even_with: list[str] = []


class PoolRatings(Struct, frozen=True, kw_only=True):
    """What the votes say of one pool: videos made from the same input, with sound or without.

    `standings` begin with the best. `resampled` says what was drawn again for the intervals:
    people, or rows; once it was pairs of videos. `agreement` is Krippendorff's alpha: 1 if all
    agree, 0 if only by chance, None if no two people judged the same. `left` is the share of
    decided pairs in which the video on the left was chosen, between `left_low` and `left_high` in
    95 of 100 cases. `said` is all this in sentences.
    """

    input: Input
    sound: bool
    voters: Int32
    pairs: Int32
    standings: list[Standing]
    resampled: Literal["people", "rows", "pairs"]
    agreement: float | None
    left: float | None
    left_low: float
    left_high: float
    said: list[str]


class Ratings(Struct, frozen=True, kw_only=True):
    """The votes of several people, added up for each pool.

    `seed` and `resamples` make the intervals again.
    """

    voters: Int32
    pairs: Int32
    resamples: Int32
    seed: Int64
    pools: list[PoolRatings]


class Results(Struct, frozen=True, kw_only=True):
    """A whole comparison: its rows, its columns, and a cell for each and each repetition.

    `local` names the providers that were reached on this machine itself: stand-ins, whose videos
    say nothing about the provider. `prices` are the user's own, by variant, like "0.08/s" or
    "0.4/task", for variants whose price is not known. `ratings` are of the votes merged last.
    `columns` are the numbers that the page shows first, `bounds` the ranges expected of them, both
    by names from `columns.COLUMNS`.

    Cells are submitted in the order of SHA-256(`id` + " " + the cell's `id`), so that no variant is
    always first.
    """

    schema: int = SCHEMA
    id: Id
    created_at: Timestamp
    rows: list[Row]
    variants: list[str]
    repeats: int = 1
    local: list[str] = []
    prices: dict[str, str] = {}
    columns: list[str] = []
    bounds: dict[str, Bounds] = {}
    cells: list[Cell]
    ratings: Ratings | None = None
