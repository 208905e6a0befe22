"""Nobody's file is overwritten unless that is asked for: with the call, or when it was recorded."""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from acme_driver import REQUEST, Driver, Maker, journal_of
from acme_server import VIDEO, Server, answers
from rushes import Answer, DiskError, SQLiteJournal, StillRunningError, Task
from rushes._fetch.part_file import PartFile

MINE = b"another task's video"
KEPT = pytest.raises(DiskError, match=r"it exists, and is not this task's video.*--force")


def downloads(server: Server) -> int:
    return sum("GET /files/" in line for line in server.lines)


def submitted(driver: Driver, place: Path, *, overwrite: bool | None = False) -> Task:
    """Submit a task, after which another file takes the name of its video."""
    task = driver.submit("acme/zoom", REQUEST, task="kite", output=place, overwrite=overwrite)
    driver.wait(task)
    place.write_bytes(MINE)
    return task


def finished(driver: Driver, verb: str, **more: Any) -> Task:
    """Finish that task."""
    if verb == "generate":
        return driver.generate("acme/zoom", REQUEST, task="kite", **more)
    return driver.resume("kite", **more) if verb == "resume" else driver.fetch("kite", **more)


VERBS = pytest.mark.parametrize("verb", ["generate", "resume", "fetch"])


@VERBS
def test_a_file_that_came_meanwhile_stays(
    make: Maker, server: Server, tmp_path: Path, verb: str
) -> None:
    driver, place = make(), tmp_path / "x.mp4"
    submitted(driver, place)
    with KEPT as caught:
        finished(driver, verb)
    assert caught.value.task
    assert caught.value.task.unfinished
    assert driver.task("kite").unfinished
    assert (place.read_bytes(), downloads(server)) == (MINE, 0)
    task = finished(driver, verb, output=tmp_path / "y.mp4", overwrite=False)
    assert (task.file, place.read_bytes()) == (str(tmp_path / "y.mp4"), MINE)
    assert (server.posts(), downloads(server)) == (1, 1)


@VERBS
@pytest.mark.parametrize("asked", ["recorded", "now"])
def test_it_is_replaced_if_that_was_asked_for(
    make: Maker, tmp_path: Path, verb: str, asked: str
) -> None:
    driver, place = make(), tmp_path / "x.mp4"
    submitted(driver, place, overwrite=asked == "recorded")
    task = finished(driver, verb, **({"overwrite": True} if asked == "now" else {}))
    assert (task.file, place.read_bytes()) == (str(place), VIDEO)


def test_what_a_resume_was_told_is_recorded(make: Maker, server: Server, tmp_path: Path) -> None:
    driver, place = make(), tmp_path / "x.mp4"
    driver.submit("acme/zoom", REQUEST, task="kite", output=tmp_path / "y.mp4", overwrite=False)
    server.stages = [{"stage": "rendering"}, {"stage": "rendering"}]
    place.write_bytes(MINE)
    with pytest.raises(StillRunningError):
        driver.resume("kite", output=place, timeout=0)
    driver.resume("kite")
    assert place.read_bytes() == VIDEO


@pytest.mark.parametrize("there", ["file", "link", "dangling"])
def test_what_comes_during_the_download_stays(
    make: Maker, server: Server, tmp_path: Path, there: str
) -> None:
    place, other = tmp_path / "x.mp4", tmp_path / "other"

    def comes(handler: Any) -> None:
        if there == "file":
            place.write_bytes(MINE)
        else:
            place.symlink_to(other)
        answers(200, VIDEO)(handler)

    if there == "link":
        other.write_bytes(MINE)
    server.on("GET /files", comes)
    driver = make()
    with KEPT:
        driver.generate("acme/zoom", REQUEST, task="kite", output=place, overwrite=False)
    assert place.is_symlink() == (there != "file")
    assert there == "dangling" or place.read_bytes() == MINE
    assert list(tmp_path.glob(".*.part")) == []
    place.unlink()
    assert driver.resume("kite").file == str(place)
    assert place.read_bytes() == VIDEO


def test_nothing_is_paid_for_a_video_whose_place_is_taken(
    make: Maker, server: Server, tmp_path: Path
) -> None:
    driver, place = make(), tmp_path / "x.mp4"
    place.write_bytes(MINE)
    with pytest.raises(DiskError, match="nothing was sent, the task is kept"):
        driver.generate("acme/zoom", REQUEST, task="kite", output=place, overwrite=False)
    assert (server.lines, place.read_bytes()) == ([], MINE)
    task = driver.resume("kite", output=tmp_path / "y.mp4", overwrite=False)
    assert (task.file, server.posts()) == (str(tmp_path / "y.mp4"), 1)


def test_a_file_that_its_owner_changed_is_the_owners(make: Maker, tmp_path: Path) -> None:
    driver, place = make(), tmp_path / "x.mp4"
    driver.generate("acme/zoom", REQUEST, task="kite", output=place, overwrite=False)
    place.write_bytes(MINE)
    with KEPT:
        driver.resume("kite")
    assert place.read_bytes() == MINE


def test_a_name_of_our_own_making_is_ours(make: Maker) -> None:
    driver = make()
    task = driver.generate("acme/zoom", REQUEST, task="kite", overwrite=False)
    assert task.file
    Path(task.file).write_bytes(b"damaged")
    assert driver.resume("kite").file == task.file
    assert Path(task.file).read_bytes() == VIDEO


def test_a_file_that_was_named_and_not_recorded_is_the_tasks_own(
    make: Maker, server: Server, tmp_path: Path
) -> None:
    """The process is killed between the two; nothing is downloaded again."""
    driver, place = make(), tmp_path / "x.mp4"
    done = driver.generate("acme/zoom", REQUEST, task="kite", output=place, overwrite=False)
    history: list[Any] = []
    real = SQLiteJournal._save

    def save(journal: SQLiteJournal, task: Task, claim: str | None = None) -> Any:
        history.append(task)
        if task.file:
            raise SystemExit
        return real(journal, task, claim)

    with closing(journal_of(driver)) as journal:
        journal.save(msgspec.structs.replace(done, file=None, file_bytes=None, file_sha256=None))
    place.unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SQLiteJournal, "_save", save)
        with pytest.raises(SystemExit):
            driver.fetch("kite")
    assert history[-1].file == str(place)
    assert (driver.task("kite").file, downloads(server)) == (None, 2)
    inode = place.stat().st_ino
    assert driver.resume("kite").file == str(place)
    assert (place.stat().st_ino, downloads(server)) == (inode, 2)


def test_a_task_from_before_this_was_recorded_replaces_nothing(make: Maker, tmp_path: Path) -> None:
    driver, place = make(), tmp_path / "x.mp4"
    submitted(driver, place, overwrite=None)
    driver.close()  # it is opened again when it is used
    remove = (
        "import sqlite3, sys; file = sqlite3.connect(sys.argv[1]); "
        "file.execute(\"UPDATE tasks SET record = json_remove(record, '$.overwrite')\"); "
        "file.commit()"
    )
    subprocess.run([sys.executable, "-c", remove, str(driver.home / "journal.db")], check=True)
    with KEPT:
        driver.resume("kite")
    assert driver.resume("kite", overwrite=True).file == str(place)


@pytest.mark.parametrize("taken", [True, False])
def test_where_there_are_no_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    def refused(*_paths: object, **_more: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    place = tmp_path / "x.mp4"
    part = PartFile(place, "kite")
    part.begin(Answer(200, {"content-length": str(len(VIDEO))}))
    part.write(VIDEO)
    part.check()
    if taken:
        place.write_bytes(MINE)
        with pytest.raises(FileExistsError):
            part.finish(overwrite=False)
    else:
        part.finish(overwrite=False)
    part.discard()
    assert place.read_bytes() == (MINE if taken else VIDEO)
    assert [path.name for path in tmp_path.iterdir()] == ["x.mp4"]
