"""A task that made several videos: every one is fetched whole, and none is fetched twice."""

import hashlib
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from acme_declared import ANSWERS, declared
from acme_driver import REQUEST, Maker, journal_of
from acme_server import VIDEO, Server, answers, box, cuts, drops
from journal_tasks import make_task
from rushes import (
    Answer,
    BrokenPluginError,
    DiskError,
    Result,
    ResultError,
    Status,
    Task,
    VideoFile,
    hookimpl,
)
from rushes._fetch.download import _Fetch, _of_all
from rushes._fetch.part_file import PartFile
from rushes._plugins import reading
from rushes._plugins.loading import build

FILMS = {name: VIDEO + box(b"free", name.encode()) for name in ("one", "two", "three")}
MINE = b"a file of the user's"


@pytest.fixture
def films(server: Server) -> Server:
    """Let every clip be three videos."""
    links = [f"{server.url}/files/{name}" for name in FILMS]
    server.last = {"stage": "ready", "films": links}
    for name, film in FILMS.items():
        server.on(f"GET /files/{name}", *[answers(200, film, etag=f'"{name}"')] * 9)
    return server


def downloads(server: Server) -> list[str]:
    return [line.rpartition("/")[2] for line in server.lines if "GET /files/" in line]


def fails(server: Server, name: str, *behaviours: Any) -> None:
    """Let the next downloads of a video fail."""
    server.script[f"GET /files/{name}"].extendleft(reversed(behaviours))


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


WHOLE = dict(zip(("x.mp4", "x-2.mp4", "x-3.mp4"), FILMS.values(), strict=True))


def test_every_video_is_fetched_beside_the_first(
    make: Maker, films: Server, tmp_path: Path
) -> None:
    driver, place = make(), tmp_path / "x.mp4"
    task = driver.generate("acme/zoom", REQUEST, output=place)
    assert content(tmp_path) == WHOLE
    assert (task.file, task.files) == (str(place), tuple(str(tmp_path / name) for name in WHOLE))
    assert (task.missing, task.unfinished) == ((), False)
    known = [(file.bytes, file.sha256) for file in task.more_files]
    others = list(FILMS.values())[1:]
    assert known == [(len(film), hashlib.sha256(film).hexdigest()) for film in others]
    assert driver.task(task.id) == task
    assert driver.resume(task.id) == task
    assert downloads(films) == ["one", "two", "three"]


def test_in_a_folder_each_is_named_after_the_task_and_no_other_task_can_be(
    make: Maker, films: Server, tmp_path: Path, home: Path
) -> None:
    driver = make()
    driver.generate("acme/zoom", REQUEST, task="kite")
    driver.generate("acme/zoom", {"prompt": "Another"}, task="kite-2")
    names = sorted(path.name for path in (home / "videos").iterdir())
    assert names == [
        "kite+2.mp4", "kite+3.mp4", "kite-2+2.mp4", "kite-2+3.mp4", "kite-2.mp4", "kite.mp4",
    ]  # fmt: skip


@pytest.mark.parametrize("broken", list(FILMS))
def test_if_one_fails_the_others_are_kept_and_only_that_one_is_fetched_later(
    make: Maker, films: Server, tmp_path: Path, broken: str
) -> None:
    driver, number = make(), list(FILMS).index(broken) + 1
    fails(films, broken, answers(200, "<html>"))
    with pytest.raises(ResultError) as caught:
        driver.generate("acme/zoom", REQUEST, task="kite", output=tmp_path / "x.mp4")
    names = list(WHOLE)
    missing = names.pop(number - 1)
    assert content(tmp_path) == {name: WHOLE[name] for name in names}
    message = str(caught.value)
    assert f"{number} of the 3 videos of task kite is missing: video {number}: " in message
    assert "an HTML page" in message
    assert all(str(tmp_path / name) in message for name in names)
    task = driver.task("kite")
    assert caught.value.task == task
    assert (task.missing, task.unfinished) == ((number,), True)
    asked = len(downloads(films))
    done = driver.resume("kite")
    assert downloads(films)[asked:] == [broken]
    assert content(tmp_path) == {**WHOLE, missing: FILMS[broken]}
    assert (done.missing, done.unfinished) == ((), False)


def test_every_failure_is_told(make: Maker, films: Server, tmp_path: Path) -> None:
    for name in ("one", "three"):
        fails(films, name, answers(200, f"<html>{name}"))
    with pytest.raises(ResultError, match=r"1, 3 of the 3 videos .* are missing: video 1: .*"
                       r"; video 3: ") as caught:  # fmt: skip
        make().generate("acme/zoom", REQUEST, output=tmp_path / "x.mp4")
    assert caught.value.task
    assert caught.value.task.missing == (1, 3)


@pytest.mark.parametrize("which", [2, 3])
@pytest.mark.parametrize("moment", ["before its name", "after its name"])
def test_a_run_that_dies_at_any_moment_is_taken_up_there(
    make: Maker, films: Server, tmp_path: Path, monkeypatch: Any, which: int, moment: str
) -> None:
    class Killed(BaseException):
        pass

    plain, place = PartFile.finish, tmp_path / "x.mp4"

    def finish(part: PartFile, *, overwrite: bool) -> None:
        if part.target.name != f"x-{which}.mp4":
            plain(part, overwrite=overwrite)
            return
        if moment == "after its name":
            plain(part, overwrite=overwrite)
        raise Killed

    driver = make()
    with monkeypatch.context() as patch:
        patch.setattr(PartFile, "finish", finish)
        with pytest.raises(Killed):
            driver.generate("acme/zoom", REQUEST, task="kite", output=place, overwrite=False)
    task = driver.task("kite")
    assert task.missing == tuple(range(which, 4))
    known = task.file_of(which)
    assert known  # its digest was recorded before the file could have its name
    assert known.path is None
    before = downloads(films)
    assert driver.resume("kite").missing == ()
    again = list(FILMS)[which - 1 :] if moment == "before its name" else list(FILMS)[which:]
    assert downloads(films) == [*before, *again]
    assert content(tmp_path) == WHOLE


@pytest.mark.parametrize("how", ["cut", "dropped"])
def test_each_is_continued_where_it_broke_off(
    make: Maker, films: Server, tmp_path: Path, how: str
) -> None:
    fails(films, "two", cuts(FILMS["two"], 100, ETag='"two"') if how == "cut" else drops)
    make().generate("acme/zoom", REQUEST, output=tmp_path / "x.mp4")
    assert content(tmp_path) == WHOLE


@pytest.mark.parametrize("overwrite", [None, False])
def test_the_name_of_another_file_is_not_taken(
    make: Maker, films: Server, tmp_path: Path, overwrite: bool | None
) -> None:
    (tmp_path / "x-2.mp4").write_bytes(MINE)
    driver, place = make(), tmp_path / "x.mp4"
    with pytest.raises(DiskError, match=r"x-2\.mp4 cannot be written: it exists"):
        driver.generate("acme/zoom", REQUEST, task="kite", output=place, overwrite=overwrite)
    assert content(tmp_path) == {**WHOLE, "x-2.mp4": MINE}
    assert driver.task("kite").missing == (2,)
    assert driver.resume("kite", overwrite=True).missing == ()
    assert content(tmp_path) == WHOLE
    assert downloads(films) == ["one", "three", "two"]


def test_another_output_gets_copies_and_what_is_gone_is_fetched_again(
    make: Maker, films: Server, tmp_path: Path
) -> None:
    driver, new = make(), tmp_path / "new" / "y.mp4"
    driver.generate("acme/zoom", REQUEST, task="kite", output=tmp_path / "x.mp4")
    (tmp_path / "x-2.mp4").unlink()
    task = driver.fetch("kite", new)
    assert content(new.parent) == {name.replace("x", "y"): film for name, film in WHOLE.items()}
    assert task.files == tuple(str(new.with_name(name)) for name in content_order())
    assert downloads(films) == ["one", "two", "three", "two"]
    # One that is gone is fetched to where the others are, whatever was recorded as output.
    (new.parent / "y-3.mp4").unlink()
    driver.resume("kite")
    assert content(new.parent) == {name.replace("x", "y"): film for name, film in WHOLE.items()}
    assert sorted(content(tmp_path)) == ["x-3.mp4", "x.mp4"]


def content_order() -> list[str]:
    return [name.replace("x", "y") for name in WHOLE]


def test_progress_is_that_of_all_of_them() -> None:
    results = tuple(Result(url=f"https://a.example/{number}", video=number) for number in (1, 2, 3))
    task = make_task(state="completed", results=results)
    two = VideoFile(video=2, path="x-2.mp4", bytes=1, sha256="x")
    assert _of_all(_Fetch(task, 1, 0, 0), 50.0) == pytest.approx(100 / 6)
    half = msgspec.structs.replace(task, file="x.mp4", more_files=(two,))
    assert _of_all(_Fetch(half, 3, 0, 0), 50.0) == pytest.approx(250 / 3)
    assert _of_all(_Fetch(half, 2, 0, 0), 0.0) == pytest.approx(100 / 3)  # it is fetched again
    assert _of_all(_Fetch(msgspec.structs.replace(task, results=results[:1]), 1, 0, 0), 7.0) == 7.0


def test_a_task_recorded_before_videos_were_numbered_stays_finished(
    make: Maker, server: Server, tmp_path: Path
) -> None:
    driver, place = make(), tmp_path / "x.mp4"
    task = driver.generate("acme/zoom", REQUEST, task="kite", output=place)
    record = msgspec.to_builtins(task)
    del record["more_files"]
    record["results"] = [{"url": "https://a.example/1"}, {"url": "https://b.example/1"}]
    old = msgspec.convert(record, Task, strict=False)
    assert (old.videos, old.missing, old.unfinished) == ((1,), (), False)
    with closing(journal_of(driver)) as journal:
        journal.save(old)
    asked = len(server.lines)
    assert driver.resume("kite") == old
    assert len(server.lines) == asked


def videos_in(videos: tuple[str, ...], task: Any) -> list[tuple[str | None, int]]:
    answers = msgspec.structs.replace(ANSWERS, task="", videos=videos, own_id=())
    body = msgspec.json.encode({**task, "stage": "ready"})
    status = reading.StatusReader(answers).read(Answer(200, {}, body), "x")
    assert status
    return [(result.url, result.video) for result in status.results]


def test_items_of_a_list_are_videos_and_everything_else_is_another_address_of_one() -> None:
    plain = ("url", "more[].url", "more[].mirrors[]")
    more = [{"url": "b", "mirrors": ["c", "d"]}, {"url": ""}, {"mirrors": ["e", "b"]}]
    assert videos_in(plain, {"url": "a"}) == [("a", 1)]
    assert videos_in(plain, {"more": more}) == [("b", 1), ("c", 1), ("d", 1), ("e", 2)]
    assert videos_in(plain, {"url": "a", "more": more}) == [
        ("a", 1), ("b", 1), ("c", 1), ("d", 1), ("e", 2),
    ]  # fmt: skip
    assert videos_in(("more[]",), {"more": ["a", "a", "b"]}) == [("a", 1), ("b", 2)]


def test_a_hook_numbers_the_videos_from_one() -> None:
    @hookimpl
    def parse_status() -> Status:
        return Status(state="completed", results=(Result(url="a"), Result(url="b", video=3)))

    loaded = build(declared(hooks=(parse_status,)), [], "it")
    with pytest.raises(BrokenPluginError, match="it numbered the videos 1, 3; number them from 1"):
        loaded.call("parse_status", answer=Answer(200), receipt=None, task=None)


def test_very_many_videos_are_not_all_fetched(make: Maker, films: Server, tmp_path: Path) -> None:
    links = [f"{films.url}/files/{number}" for number in range(30)]
    films.last = {"stage": "ready", "films": links}
    with pytest.raises(ResultError, match="offers 30 videos; the first 20 are fetched"):
        make().generate("acme/zoom", REQUEST, output=tmp_path / "x.mp4")
    assert len(content(tmp_path)) == 20
