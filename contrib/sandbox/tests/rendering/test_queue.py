"""The render queue: each scene once, in worker threads."""

import threading
from pathlib import Path
from typing import Any

import pytest
from rushes_sandbox import Scene, Shot
from rushes_sandbox._rendering.queue import RenderQueue
from rushes_sandbox._rendering.render import Progress


def scene(**changes: Any) -> Scene:
    shots = (Shot("a lantern", 1.0),)
    fields: dict[str, Any] = {"width": 320, "height": 180, "shots": shots, "sound": False}
    return Scene(**{"variant": "toapis / kling-v3", "prompt": "a lantern", **fields, **changes})


def test_a_video_that_cannot_be_rendered_fails_and_can_be_submitted_again(tmp_path: Path) -> None:
    queue = RenderQueue(tmp_path / "films", lambda: 5.0)
    try:
        odd = scene(width=321)
        video = queue.submit(odd)
        assert video.finished.wait(300)
        assert video.failure.startswith("rendering failed: ")
        assert not video.ready
        assert queue.submit(odd) is not video
    finally:
        queue.close()
    assert list((tmp_path / "films").iterdir()) == []


def test_a_closing_queue_gives_up_and_leaves_no_partial_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = threading.Event()

    def endless(_: Scene, path: Path, progress: Progress) -> None:
        path.write_bytes(b"a part")
        started.set()
        while True:
            progress(0.5)

    monkeypatch.setattr("rushes_sandbox._rendering.render.render_video", endless)
    queue = RenderQueue(tmp_path / "films", lambda: 5.0, workers=1)
    videos = [queue.submit(scene(prompt=str(number))) for number in range(3)]
    assert started.wait(300)
    queue.close()
    assert not any(video.ready for video in videos)
    assert list((tmp_path / "films").iterdir()) == []
