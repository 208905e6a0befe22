"""For all tests of comparing: a sandbox to run against, and films that are measured once."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from comparison_runs import Comparing
from rushes_compare.results import Video
from rushes_sandbox import Sandbox


@pytest.fixture
def working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def comparing(rushes_sandbox: Sandbox, tmp_path: Path) -> Comparing:
    return Comparing(rushes_sandbox, tmp_path / "home")


@pytest.fixture(autouse=True, scope="session")
def same_films_measured_once() -> Iterator[None]:
    """Measure each film of a comparison once: it takes a second, and most tests use the same few.

    What measures them is tested in `measuring` and `promises`, which call it themselves.
    """
    from rushes_compare._measure import measure as real
    from rushes_compare._run import measure_cell

    known: dict[tuple[object, ...], Video] = {}

    def measured(
        path: Path, folder: Path, *, first_frame: Path | None = None, last_frame: Path | None = None
    ) -> Video:
        content = sha256(path.read_bytes()).digest() if path.is_file() else path
        images = [one and (one, one.stat().st_mtime_ns) for one in (first_frame, last_frame)]
        key = content, *images
        if key not in known:
            known[key] = real(path, folder, first_frame=first_frame, last_frame=last_frame)
        return msgspec.structs.replace(known[key], file=path.relative_to(folder).as_posix())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure_cell, "measure", measured)
        yield
