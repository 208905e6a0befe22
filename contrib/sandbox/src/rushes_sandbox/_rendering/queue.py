"""Renders videos in worker threads, each distinct one once, and keeps the files."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from rushes.files import replacing

from rushes_sandbox._rendering.scene import Scene


class _ClosedError(Exception):
    """The queue was closed; the video being rendered is given up."""


@dataclass(eq=False)
class Video:
    """One video: waiting, being rendered, ready, or failed."""

    scene: Scene
    path: Path
    #: How much of it is rendered, 0 to 1.
    progress: float = 0.0
    #: When it was finished, by the queue's clock; 0 if the file was already there.
    finished_at: float = 0.0
    #: Why it could not be rendered; empty if it could.
    failure: str = ""
    #: Set when it is ready or has failed.
    finished: threading.Event = field(default_factory=threading.Event)

    @property
    def ready(self) -> bool:
        """Whether the file is complete and at its path."""
        return self.finished.is_set() and not self.failure


class RenderQueue:
    """Renders scenes into a folder, each under a name derived from what it shows."""

    def __init__(
        self, folder: Path, clock: Callable[[], float], workers: int | None = None
    ) -> None:
        self._folder, self._clock = folder, clock
        self._folder.mkdir(parents=True, exist_ok=True)
        self._videos: dict[str, Video] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        # More videos at once than processors would only delay each of them.
        count = workers or max(1, min(4, os.cpu_count() or 1))
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="sandbox-render")

    def submit(self, scene: Scene) -> Video:
        """Return the video of a scene; the first call for a scene starts rendering it."""
        key = scene.key
        with self._lock:
            video = self._videos.get(key)
            if video is None or video.failure:
                video = self._videos[key] = Video(scene, self._folder / f"{key}.mp4")
                if video.path.exists():
                    video.progress = 1.0
                    video.finished.set()
                else:
                    self._pool.submit(self._render, video)
        return video

    def close(self) -> None:
        """Stop rendering and wait for the workers; unfinished files are removed."""
        self._closing.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _render(self, video: Video) -> None:
        # Imported with the first video: a server that only validates requests starts faster.
        from rushes_sandbox._rendering.render import render_video

        def progress(share: float) -> None:
            if self._closing.is_set():
                raise _ClosedError
            video.progress = share

        try:
            with replacing(video.path) as part:
                render_video(video.scene, part, progress)
        except _ClosedError:
            video.failure = "the sandbox was closed"
        # Whatever goes wrong in a codec becomes the failure of the task, for its client to see.
        except Exception as error:  # noqa: BLE001
            video.failure = f"rendering failed: {error}"
        finally:
            video.finished_at = self._clock()
            video.finished.set()
