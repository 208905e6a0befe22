"""The film lab: renders in worker threads, each distinct film once, and keeps the files."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from rushes_sandbox.studio.scene import Scene


class ClosingError(Exception):
    """The lab closes; a film under way is given up."""


@dataclass(eq=False)
class Film:
    """One film: on its way, done, or failed."""

    scene: Scene
    path: Path
    #: How much of it is done, 0 to 1.
    share: float = 0.0
    #: When it was done, by the lab's clock; 0 if it was there already.
    finished_at: float = 0.0
    failure: str = ""
    finished: threading.Event = field(default_factory=threading.Event)

    @property
    def ready(self) -> bool:
        """Whether the file is whole and at its place."""
        return self.finished.is_set() and not self.failure


class Lab:
    """Keeps films in a folder under names made of what they show."""

    def __init__(
        self, folder: Path, clock: Callable[[], float], workers: int | None = None
    ) -> None:
        self._folder, self._clock = folder, clock
        self._folder.mkdir(parents=True, exist_ok=True)
        self._films: dict[str, Film] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        # More films at once than processors would only make each of them later.
        count = workers or max(1, min(4, os.cpu_count() or 1))
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="sandbox-lab")

    def order(self, scene: Scene) -> Film:
        """Return the film of a scene; the first order of a scene starts its rendering."""
        key = scene.key
        with self._lock:
            film = self._films.get(key)
            if film is None or film.failure:
                film = self._films[key] = Film(scene, self._folder / f"{key}.mp4")
                if film.path.exists():
                    film.share = 1.0
                    film.finished.set()
                else:
                    self._pool.submit(self._render, film)
        return film

    def close(self) -> None:
        """Stop rendering and wait for the workers; unfinished files are removed."""
        self._closing.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _render(self, film: Film) -> None:
        # Loaded with the first film: a server that only judges requests starts faster.
        from rushes_sandbox.studio.camera import shoot

        part = film.path.with_suffix(f".{os.getpid()}.part")

        def progress(share: float) -> None:
            if self._closing.is_set():
                raise ClosingError
            film.share = share

        try:
            shoot(film.scene, part, progress)
            part.replace(film.path)
        except ClosingError:
            film.failure = "the sandbox was closed"
        # Whatever goes wrong in a codec is the task's failure, told to whoever polls it.
        except Exception as error:  # noqa: BLE001
            film.failure = f"rendering failed: {error}"
        finally:
            part.unlink(missing_ok=True)
            film.finished_at = self._clock()
            film.finished.set()
