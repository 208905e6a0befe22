"""Small results without files, for the tests of what is made from results."""

from typing import Any

from rushes_compare.results import Cell, Measures, Promise, Results, Row, Timing, Video


def video(duration: float = 5, **measures: Any) -> Video:
    return Video(
        file="videos/a.mp4", bytes=1000, container="mp4", video_codec="h264", audio_codec=None,
        width=1280, height=720, frame_rate=24, duration=duration, bit_rate=8000,
        measures=Measures(**measures),
    )  # fmt: skip


def kept(name: Any, kept: bool | None) -> Promise:
    return Promise(name=name, asked="this", delivered="that", kept=kept)


def cell(number: int = 0, **more: Any) -> Cell:
    given: dict[str, Any] = {
        "row": 0, "variant": "a/b", "state": "completed", "video": video(),
        "timing": Timing(accepting=1, queued=2, rendering=6, downloading=1), "billed": 0.5,
    }  # fmt: skip
    return Cell(id=f"{number:x}", **{**given, **more})


def results(*cells: Cell, **more: Any) -> Results:
    rows = 1 + max((one.row for one in cells), default=0)
    given: dict[str, Any] = {
        "rows": [Row(name=f"row {row}", request={"prompt": f"p{row}"}) for row in range(rows)],
        "variants": list(dict.fromkeys(one.variant for one in cells)),
        "repeats": max((one.repeat for one in cells), default=1),
    }
    return Results(id="a", created_at=0, cells=list(cells), **{**given, **more})
