"""What was asked for, compared with what was delivered."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, Literal

import msgspec

from rushes_compare._promises.requested import RequestedFields, lengths_of_shots
from rushes_compare.results import Promise, Stretch, Video

SECONDS = 0.25
"""How far a duration may be off, in seconds; or by one frame if that is longer. Providers round to
whole groups of frames: 5 s become 5.04 s, rarely more."""

RATIO = 0.02
"""How far a ratio may be off, as a share. Encoders need even sides, many models multiples of 16."""

ALIKE, UNLIKE = 0.75, 0.5
"""SSIM from which a frame is the given image, and below which it is another one. An image
that was only encoded again scores 0.9 and more, one redrawn by a model somewhat less, images of
different things less than 0.5 unless both are mostly plain; between the two it is unknown."""

THROUGHOUT = 0.95
"""The share of a video from which a stretch counts as the whole: the first frames may be encoded a
little differently from the rest."""

MIN_FRAME_RATE = 16.0
"""Frames per second below which a viewer sees single images, not motion."""

_WORDS = {"2k": 1440, "4k": 2160, "8k": 4320}


def check_promises(
    request: Mapping[str, Any],
    payload: Mapping[str, Any],
    video: Video,
    always: Mapping[str, Any] | None = None,
) -> list[Promise]:
    """List what was promised and what was delivered.

    `request` is a `rushes.Request` as plain JSON values, `payload` what was sent, `always` what the
    variant declares that it always delivers, by common field; that counts even if not requested. So
    does the last promise, `file`: the video is complete, and moves.
    """
    requested = RequestedFields(request, payload, always)
    found = [
        _resolution(requested, video),
        _aspect_ratio(requested, video),
        _duration(requested, video),
        _audio(requested, video),
        _shots(requested, video),
        _given_frame(requested, "first_frame", video.first_frame),
        _given_frame(requested, "last_frame", video.measures.last_frame),
        _file(video),
    ]
    return [
        msgspec.structs.replace(promise, asked=f"{promise.asked}, as always")
        if promise.name in requested.implied
        else promise
        for promise in found
        if promise is not None
    ]


def _resolution(requested: RequestedFields, video: Video) -> Promise | None:
    if requested.resolution is None:
        return None
    word = requested.resolution.lower()
    number = re.fullmatch(r"(\d{3,5})p", word)
    short = int(number[1]) if number else _WORDS.get(word)
    kept = None if short is None else min(video.width, video.height) == short
    return Promise(name="resolution", asked=requested.resolution, delivered=_size(video), kept=kept)


def _aspect_ratio(requested: RequestedFields, video: Video) -> Promise | None:
    if requested.aspect_ratio is None:
        return None
    sides = re.fullmatch(r"(\d{1,5}):(\d{1,5})", requested.aspect_ratio)
    kept = None
    if sides and int(sides[1]) and int(sides[2]):
        wanted = int(sides[1]) / int(sides[2])
        kept = abs(video.width / video.height / wanted - 1) <= RATIO
    # According to the gateways' pages, a given image may decide the ratio.
    if requested.images and kept is False:
        kept = None
    return Promise(
        name="aspect_ratio", asked=requested.aspect_ratio, delivered=_size(video), kept=kept
    )


def _duration(requested: RequestedFields, video: Video) -> Promise | None:
    if requested.duration is None:
        return None
    allowed = max(SECONDS, 1 / video.frame_rate if video.frame_rate else 0)
    return Promise(
        name="duration",
        asked=f"{requested.duration:g} s",
        delivered=f"{video.duration:.2f} s",
        # A little more, since floats are not exact.
        kept=abs(video.duration - requested.duration) <= allowed + 1e-6,
    )


def _audio(requested: RequestedFields, video: Video) -> Promise | None:
    if requested.audio is None:
        return None
    audible = video.audio_codec is not None and not video.silent
    delivered = "sound" if audible else "a silent track" if video.audio_codec else "no sound track"
    wanted = "sound" if requested.audio else "no sound"
    return Promise(name="audio", asked=wanted, delivered=delivered, kept=audible == requested.audio)


def _shots(requested: RequestedFields, video: Video) -> Promise | None:
    if not requested.shots:
        return None
    count = len(video.cuts) + 1
    # In a damaged or black video, cuts cannot be counted.
    blind = bool(video.damage or video.notes) or _lasts_throughout(video.black, video)
    kept = None if blind and count != len(requested.shots) else count == len(requested.shots)
    return Promise(
        name="shots", asked=_many(len(requested.shots)), delivered=_many(count), kept=kept
    )


def _given_frame(
    requested: RequestedFields, name: Literal["first_frame", "last_frame"], likeness: float | None
) -> Promise | None:
    if likeness is None and not any(image.get("role") == name for image in requested.images):
        return None
    kept, delivered = None, "not compared"
    if likeness is not None:
        kept = True if likeness >= ALIKE else False if likeness < UNLIKE else None
        delivered = f"{100 * likeness:.0f} % alike"
    return Promise(name=name, asked="the given picture", delivered=delivered, kept=kept)


def cut_offset(
    request: Mapping[str, Any], payload: Mapping[str, Any], cuts: Sequence[float]
) -> float | None:
    """Return how far the cut that is farthest off is from its time as asked, in seconds.

    None if the shots' lengths are not known, or if there are more or fewer cuts.
    """
    lengths = lengths_of_shots(RequestedFields(request, payload).shots)
    asked = list(accumulate(lengths))[:-1]
    if not asked or len(asked) != len(cuts):
        return None
    return round(max(abs(one - other) for one, other in zip(asked, cuts, strict=True)), 3)


def _file(video: Video) -> Promise:
    faults = list(_faults(video))
    delivered = "; ".join(faults) or "complete, and it moves"
    return Promise(
        name="file", asked="a complete video that moves", delivered=delivered, kept=not faults
    )


def _faults(video: Video) -> Iterator[str]:
    yield from video.damage
    if _lasts_throughout(video.black, video):
        yield "black from beginning to end"
    elif _lasts_throughout(video.frozen, video):
        yield "nothing moves from beginning to end"
    if video.frame_rate < MIN_FRAME_RATE:
        yield f"only {video.frame_rate:g} frames per second"


def _lasts_throughout(stretches: Sequence[Stretch], video: Video) -> bool:
    covered = sum(stretch.end - stretch.start for stretch in stretches)
    return covered >= THROUGHOUT * video.duration


def _size(video: Video) -> str:
    return f"{video.width} \N{MULTIPLICATION SIGN} {video.height}"


def _many(count: int) -> str:
    return f"{count} shot" if count == 1 else f"{count} shots"
