"""Lies: how a video may differ from the request while every response says that all is well."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

from rushes_sandbox._rendering.scene import Flaw, Picture, Scene, Shot

_SMALLER = {2160: 1080, 1080: 720, 720: 480, 480: 240}


@dataclass(frozen=True)
class Lie:
    """One way in which a video differs from the request."""

    name: str
    #: What the video is, in one sentence.
    does: str
    apply: Callable[[Scene], Scene] = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        """Return the lie as `--list-lies --json` lists it."""
        return {"name": self.name, "does": self.does}


def find_lie(name: str) -> Lie:
    """Return a lie by its name; a `ValueError` suggests the nearest one."""
    if name in LIES:
        return LIES[name]
    near = get_close_matches(name, LIES, n=1, cutoff=0.0)
    raise ValueError(
        f"there is no lie {name!r}; the nearest is {near[0]!r}. "
        "`rushes sandbox --list-lies` shows them all."
    )


def apply_lies(scene: Scene, names: Iterable[str]) -> Scene:
    """Return the scene to render instead of the requested one; `names` are names of lies."""
    for name in names:
        scene = find_lie(name).apply(scene)
    return scene


def _resized(scene: Scene, short: int, ratio: float) -> Scene:
    # x264 needs even sides.
    long = round(short * max(ratio, 1 / ratio) / 2) * 2
    width, height = (long, short) if ratio >= 1 else (short, long)
    return replace(scene, width=width, height=height)


def _smaller(scene: Scene) -> Scene:
    short = min(scene.width, scene.height)
    return _resized(scene, _SMALLER.get(short, short), scene.width / scene.height)


def _other_ratio(scene: Scene) -> Scene:
    short = min(scene.width, scene.height)
    return _resized(scene, short, 1.0 if scene.width > scene.height else 16 / 9)


def _longer_by(seconds: float) -> Callable[[Scene], Scene]:
    def apply(scene: Scene) -> Scene:
        share = 1 + seconds / scene.seconds
        return replace(
            scene, shots=tuple(replace(shot, seconds=shot.seconds * share) for shot in scene.shots)
        )

    return apply


def _one_shot(scene: Scene) -> Scene:
    return replace(scene, shots=(Shot(scene.shots[0].prompt, scene.seconds),))


def _other_first_frame(scene: Scene) -> Scene:
    other = Picture("another picture", "not the one that was given")
    return replace(scene, first=other) if scene.first else scene


def _flawed(flaw: Flaw) -> Callable[[Scene], Scene]:
    return lambda scene: replace(scene, flaws=(*scene.flaws, flaw))


_ALL = (
    Lie(
        "smaller",
        "One size smaller: 1080p for 4k, 720p for 1080p, 480p for 720p, 240p for 480p.",
        _smaller,
    ),
    Lie("other-ratio", "Square if a wide video was requested, otherwise wide.", _other_ratio),
    Lie("shorter", "A second shorter.", _longer_by(-1)),
    Lie("longer", "A second longer.", _longer_by(1)),
    Lie("mute", "Without a sound track.", lambda scene: replace(scene, sound=False)),
    Lie("silent", "With a silent sound track.", _flawed("silent")),
    Lie("one-shot", "A single shot, however many were requested.", _one_shot),
    Lie("other-first-frame", "Starts with a picture other than the given one.", _other_first_frame),
    Lie("frozen", "Its first frame, from beginning to end.", _flawed("frozen")),
    Lie("black", "Black from beginning to end.", _flawed("black")),
    Lie("slow-frames", "With half as many frames per second.", _flawed("slow")),
)

#: Every lie by its name.
LIES: dict[str, Lie] = {lie.name: lie for lie in _ALL}
