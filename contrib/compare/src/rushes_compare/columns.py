"""The numbers that a comparison has for each video, and what each does and does not mean."""

from collections.abc import Callable

from msgspec import Struct

from rushes_compare.results import Cell

__all__ = ["COLUMNS", "Column", "Number"]

Number = Callable[[Cell], float | None]


class Column(Struct, frozen=True, kw_only=True):
    """A number of each cell; `meaning` says what it means, and what it does not."""

    name: str
    label: str
    unit: str
    meaning: str
    number: Number


def time_to_video(cell: Cell) -> float | None:
    """Return the seconds from sending a request to having its video; None without a video."""
    spent = [
        getattr(cell.timing, name)
        for name in ("accepting", "queued", "rendering", "waiting", "downloading")
    ]
    known = [seconds for seconds in spent if seconds is not None]
    return round(sum(known), 3) if known and cell.video else None


def usd_per_second(cell: Cell) -> float | None:
    """Return the cost of a second that was delivered; None if either is unknown."""
    if cell.video is None or not cell.video.duration or cell.cost is None:
        return None
    return round(cell.cost / cell.video.duration, 6)


def _of_video(name: str) -> Number:
    return lambda cell: getattr(cell.video, name) if cell.video else None


def _measure(name: str) -> Number:
    return lambda cell: getattr(cell.video.measures, name) if cell.video else None


def _cost(cell: Cell) -> float | None:
    return cell.cost


_LISTED: tuple[tuple[str, str, str, Number, str], ...] = (
    (
        "cost", "Cost", "USD", _cost,
        "What was billed, else the estimate. It does not include what else was tried.",
    ),
    (
        "usd_per_second", "Cost of a second", "USD/s", usd_per_second,
        "The cost divided by the seconds that were delivered, not those that were asked for.",
    ),
    (
        "time_to_video", "Time to video", "s", time_to_video,
        "From sending the request to having the file. It is as precise as the polls, and says "
        "nothing of another hour of the day.",
    ),
    (
        "duration", "Length", "s", _of_video("duration"),
        "From the first frame to the end of the last, whatever the header says.",
    ),
    (
        "frame_rate", "Frame rate", "fps", _of_video("frame_rate"),
        "Frames per second as counted. Repeated frames count, too.",
    ),
    (
        "bit_rate", "Bit rate", "bit/s", _of_video("bit_rate"),
        "The file's size by its length. It says how much was kept in encoding, not how good it is.",
    ),
    (
        "motion", "Motion", "%/s", _measure("motion"),
        "How far what can be followed moves in a second, in percent of the longer side, by block "
        "matching. It does not tell the camera from its subject, nor whether motion is natural; "
        "more than 5 % from one frame to the next is not followed.",
    ),
    (
        "steadiness", "Steadiness", "0 to 1", _measure("steadiness"),
        "VBench's temporal flickering (1 is steady), for still scenes only, as there; measured on "
        "frames of 320 pixels. It says nothing of a scene that moves, which has none.",
    ),
    (
        "sharpness", "Sharpness", "", _measure("sharpness"),
        "The variance of the Laplacian at 1024 pixels. It depends on the scene: compare it only "
        "between videos of one prompt. Noise and halos count as sharp.",
    ),
    (
        "sharpness_drift", "Sharpness drift", "%", _measure("sharpness_drift"),
        "By how much a shot ends sharper than it began. A change of the scene counts, too.",
    ),
    (
        "exposure_drift", "Exposure drift", "%", _measure("exposure_drift"),
        "How much brighter a shot ends than it began, of the range. A sunset that was asked for "
        "drifts, too.",
    ),
    (
        "colour_drift", "Colour drift", "%", _measure("colour_drift"),
        "How far the mean colour of a shot moves, of the range. It does not know what should have "
        "kept its colour.",
    ),
    (
        "repeated_frames", "Repeated frames", "%", _measure("repeated_frames"),
        "Frames that look like the one before. In a still scene that is no fault.",
    ),
    (
        "first_frame", "First frame", "SSIM", _of_video("first_frame"),
        "How similar the first frame is to the image given for it. A redrawn image is less similar "
        "than an encoded one, and need not look worse.",
    ),
    (
        "last_frame", "Last frame", "SSIM", _measure("last_frame"),
        "How similar the last frame is to the image given for it. It says nothing of the rest.",
    ),
    (
        "loop", "Loop", "SSIM", _measure("loop"),
        "How similar the last frame is to the first. A video in which nothing happens is similar, "
        "too, and motion may still jump at the seam.",
    ),
    (
        "cut_offset", "Cuts off by", "s", _measure("cut_offset"),
        "How far the cut that is farthest off is from the time that the shots asked for. It is "
        "unknown if there are more or fewer cuts; soft transitions are not found.",
    ),
    (
        "loudness", "Loudness", "LUFS", _of_video("loudness"),
        "Integrated loudness (EBU R 128). It does not say whether the sound fits the picture.",
    ),
    (
        "sound_duration", "Length of sound", "s", _measure("sound_duration"),
        "How long the sound track is. What can be heard may be shorter.",
    ),
    (
        "silence", "Silence", "%", _measure("silence"),
        "The part of the sound track in which nothing is above -60 dB. A pause may be meant.",
    ),
    (
        "clipping", "Clipping", "%", _measure("clipping"),
        "Samples in runs at full scale. Distortion that was turned down afterwards is not found.",
    ),
    (
        "repeatability", "Repeatability", "SSIM", _measure("repeatability"),
        "How similar a video is to the first one of the same request and seed, frame by frame. "
        "Much less than 1 means that the seed does not fix the video.",
    ),
)  # fmt: skip

COLUMNS: dict[str, Column] = {
    name: Column(name=name, label=label, unit=unit, number=number, meaning=meaning)
    for name, label, unit, number, meaning in _LISTED
}
"""Every column by its name, as in `results.csv` and in a plan file's `columns` and `bounds`."""
