"""Results as a comparison leaves them, with real films that the sandbox rendered."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import av
from rushes_compare.results import (
    Cell,
    CheckFinding,
    Difference,
    Failure,
    Promise,
    Results,
    Row,
    Stretch,
    Timing,
    Video,
)
from rushes_sandbox import Scene, Shot, render_video

VARIANTS = [
    "toapis/kling-v3", "toapis/kling-v3-omni", "toapis/kling-v2-6", "apimart/kling-v3",
    "uniall/kling-v3-std-silent", "uniall/kling-v3-std-audio", "uniall/kling-v3-pro-silent",
    "uniall/kling-v3-pro-audio",
]  # fmt: skip
PROMPTS = [
    "A paper boat crosses a flooded street at dusk, lanterns sway over the water",
    "Two kites race along a windy ridge; one of them lets go of its string",
    "An old lighthouse keeper winds the clock, and outside the snow begins to fall",
]


def film(path: Path, name: str, prompt: str, seconds: float, size: tuple[int, int]) -> None:
    """Render a film and its poster, a frame from its middle."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shots = (Shot(prompt, seconds),)
    render_video(Scene(name, prompt, *size, shots, True), path)
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    image: Any = frames[len(frames) // 2].to_image()  # type: ignore[no-untyped-call]
    image.save(path.with_suffix(".jpg"), quality=82)


def video(name: str, seconds: float, size: tuple[int, int], **more: Any) -> Video:
    """Describe a rendered film."""
    known: dict[str, Any] = {
        "file": f"videos/{name}.mp4", "poster": f"videos/{name}.jpg", "bytes": 276_041,
        "container": "mp4", "video_codec": "h264", "audio_codec": "aac", "width": size[0],
        "height": size[1], "frame_rate": 24.0, "duration": seconds, "bit_rate": 1_240_000,
        "silent": False, "loudness": -19.4,
    }  # fmt: skip
    return Video(**{**known, **more})


def promise(name: Any, asked: str, delivered: str, kept: bool | None = True) -> Promise:
    return Promise(name=name, asked=asked, delivered=delivered, kept=kept)


def made(number: int, row: int, variant: str, seconds: float, size: tuple[int, int]) -> Cell:
    """Return a cell that has a film; each variant breaks other promises."""
    column = VARIANTS.index(variant)
    name = f"{number:02x}c0ffee{number:02x}"
    model, prompt = variant.partition("/")[2], PROMPTS[row % len(PROMPTS)]
    payload = {
        "model": model,
        "prompt": prompt,
        "duration": 5,
        "aspect_ratio": "16:9",
        "mode": "pro",
    }
    differs = [Difference(path="model", here=model, there="kling-v3")] if column else []
    if column > 3:
        del payload["mode"]
        payload["extra_body"] = {"cfg_scale": 0.5, "negative_prompt": "blur"}
        differs.append(Difference(path="extra_body", here=payload["extra_body"], only="here"))
        differs.append(Difference(path="mode", there="pro", only="there"))
    short = column == 3 and row == 1
    promises = [
        promise("resolution", "1080p", "1280x720" if column == 1 else "1920x1080", column != 1),
        promise("aspect_ratio", "16:9", "1920x1080"),
        promise("duration", "5 s", "4.2 s" if short else "5.04 s", not short),
        promise("audio", "sound", "a silent track" if column == 4 else "sound", column != 4),
    ]
    return Cell(
        id=name,
        row=row,
        variant=variant,
        state="completed",
        payload=payload,
        differs=differs,
        estimate=None if column == 5 else 0.3 + 0.14 * column,
        billed=0.336 + 0.14 * column if column in (0, 3) else None,
        remote_id=f"task_{number}",
        timing=Timing(
            accepting=0.4, queued=1.5 + column, rendering=38.0 + 9 * row, downloading=0.9
        ),
        notes=[CheckFinding(path="prompt", code="tag", message="The tag <<<image_1>>> was added.")]
        if column == 1
        else [],
        video=video(name, seconds, size, silent=column == 4, black=[Stretch(start=0.0, end=0.4)])
        if column == 4
        else video(name, seconds, size, cuts=[1.0]),
        promises=promises,
    )


def results(
    folder: Path,
    *,
    variants: Iterable[str] = VARIANTS,
    rows: int = 3,
    seconds: float = 2,
    size: tuple[int, int] = (320, 180),
    distinct: bool = False,
) -> Results:
    """Make a comparison in `folder`: films for nearly all cells, one failed, one refused.

    Without `distinct` all rows share each variant's first film.
    """
    variants = list(variants)
    cells: list[Cell] = []
    for row in range(rows):
        for variant in variants:
            number, column = len(cells), VARIANTS.index(variant)
            length = seconds - 0.5 if column == 3 and row == 1 else seconds
            cell = made(number, row, variant, length, size)
            if row == 1 and column == 2:
                cell = failed(cell)
            elif row == 2 and column == 4:
                cell = cannot(cell)
            else:
                assert cell.video
                target = folder / cell.video.file
                first = folder / f"videos/{column:02x}c0ffee{column:02x}.mp4"
                if distinct or row == 0 or length != seconds:
                    film(target, variant, PROMPTS[row % len(PROMPTS)], length, size)
                else:
                    target.hardlink_to(first)
                    target.with_suffix(".jpg").hardlink_to(first.with_suffix(".jpg"))
            cells.append(cell)
    names = ["boat", "kites", "lighthouse"]
    return Results(
        id="9f3ac1d2e4",
        created_at=1_795_000_000.0,
        rows=[
            Row(
                name=names[row % 3],
                request={
                    "prompt": PROMPTS[row % 3], "duration": 5, "aspect_ratio": "16:9",
                    "resolution": "1080p", "audio": True,
                },
            )
            for row in range(rows)
        ],
        variants=variants,
        cells=cells,
    )  # fmt: skip


def failed(cell: Cell) -> Cell:
    return Cell(
        id=cell.id,
        row=cell.row,
        variant=cell.variant,
        state="failed",
        payload=cell.payload,
        differs=cell.differs,
        estimate=cell.estimate,
        timing=Timing(accepting=0.4, queued=2.0, rendering=12.0),
        failure=Failure(
            kind="TaskFailed",
            message="toapis says the task failed.",
            reason="The generated content did not pass review. Please change the prompt.",
        ),
    )


def cannot(cell: Cell) -> Cell:
    return Cell(
        id=cell.id,
        row=cell.row,
        variant=cell.variant,
        state="cannot",
        problems=[
            CheckFinding(
                path="audio",
                code="unsupported",
                message="This variant makes silent videos; uniall/kling-v3-std-audio makes sound.",
                accepted=[False],
                source="UniAll, Create Video Task, docs.uniall.ai/models/video/kling/create-task",
            )
        ],
    )
