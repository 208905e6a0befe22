"""A file belongs to the task that wrote it, and no video overwrites a file of the library's own."""

import hashlib
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from acme_driver import REQUEST, Driver, Maker, journal_of
from acme_server import VIDEO, Server, answers, box, cuts
from rushes import DiskError, Request, ResultError, SQLiteJournal, Task
from rushes._fetch.download import videos_are_at

OTHER = box(b"ftyp", b"isom") + box(b"mdat", b"another" * 99) + box(b"moov", b"m")
SAME_SIZE = VIDEO.replace(bytes(range(200)), bytes(200))


def downloads(server: Server) -> int:
    return sum("GET /files/" in line for line in server.lines)


def test_a_task_records_the_size_and_digest_of_its_file(make: Maker, tmp_path: Path) -> None:
    driver = make()
    task = driver.generate("acme/zoom", REQUEST, output=tmp_path / "x.mp4")
    digest = hashlib.sha256(VIDEO).hexdigest()
    assert (task.file_bytes, task.file_sha256) == (len(VIDEO), digest)
    assert driver.task(task.id) == task
    assert videos_are_at(task, None)
    assert videos_are_at(task, tmp_path / "x.mp4")
    assert not videos_are_at(task, tmp_path / "y.mp4")


def repeat(driver: Driver, verb: str, output: Path | None) -> Task:
    """Ask again for a job that is done."""
    if verb == "generate":
        return driver.generate("acme/zoom", REQUEST, task="kite", output=output)
    return (
        driver.resume("kite", output=output) if verb == "resume" else driver.fetch("kite", output)
    )


VERBS = pytest.mark.parametrize("verb", ["generate", "resume", "fetch"])


@VERBS
@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("there", [OTHER, SAME_SIZE, VIDEO + b"x", b"", None])
def test_a_file_that_changed_or_is_gone_is_fetched_again(
    make: Maker, server: Server, tmp_path: Path, verb: str, named: bool, there: bytes | None
) -> None:
    driver, place = make(), tmp_path / "x.mp4"
    first = driver.generate("acme/zoom", REQUEST, task="kite", output=place)
    place.unlink()
    if there is not None:
        place.write_bytes(there)
    task = repeat(driver, verb, place if named else None)
    assert (task.file, task.file_sha256) == (str(place), first.file_sha256)
    assert place.read_bytes() == VIDEO
    assert (server.posts(), downloads(server)) == (1, 2)


@VERBS
@pytest.mark.parametrize("named", [True, False])
def test_an_unchanged_file_is_left_alone(
    make: Maker, server: Server, tmp_path: Path, verb: str, named: bool
) -> None:
    driver, place = make(), tmp_path / "x.mp4"
    first = driver.generate("acme/zoom", REQUEST, task="kite", output=place)
    before, asked = place.stat(), len(server.lines)
    assert repeat(driver, verb, place if named else None) == first
    assert (place.stat().st_ino, len(server.lines)) == (before.st_ino, asked)


@VERBS
def test_a_new_output_path_gets_a_copy(
    make: Maker, server: Server, tmp_path: Path, verb: str
) -> None:
    driver, old, new = make(), tmp_path / "x.mp4", tmp_path / "new" / "y.mp4"
    first = driver.generate("acme/zoom", REQUEST, task="kite", output=old)
    asked = len(server.lines)
    if verb == "resume":  # it does not poll before it has looked at the file
        server.on("GET /v1/clips", *[answers(500)] * 9)
    task = repeat(driver, verb, new)
    assert (task.file, task.file_sha256) == (str(new), first.file_sha256)
    assert (old.read_bytes(), new.read_bytes()) == (VIDEO, VIDEO)
    assert not [line for line in server.lines[asked:] if "/files/" in line]
    assert driver.task("kite") == task
    assert [path.name for path in new.parent.iterdir()] == ["y.mp4"]
    # From now on the copy is the task's file.
    old.unlink()
    assert repeat(driver, verb, None) == task


@VERBS
@pytest.mark.parametrize("there", [OTHER, SAME_SIZE, None])
def test_only_the_tasks_own_video_is_copied(
    make: Maker, server: Server, tmp_path: Path, verb: str, there: bytes | None
) -> None:
    driver, old, new = make(), tmp_path / "x.mp4", tmp_path / "y.mp4"
    driver.generate("acme/zoom", REQUEST, task="kite", output=old)
    old.unlink()
    if there is not None:
        old.write_bytes(there)
    task = repeat(driver, verb, new)
    assert (task.file, new.read_bytes(), downloads(server)) == (str(new), VIDEO, 2)
    assert there is None or old.read_bytes() == there


def test_two_jobs_with_one_output_path_each_report_their_own_video(
    make: Maker, server: Server, tmp_path: Path
) -> None:
    driver, place = make(), tmp_path / "x.mp4"
    one = driver.generate("acme/zoom", REQUEST, task="one", output=place)
    server.video = OTHER
    two = driver.generate("acme/zoom", Request("A blue kite"), task="two", output=place)
    assert place.read_bytes() == OTHER
    assert one.file_sha256 != two.file_sha256
    server.video = VIDEO
    for verb in ("generate", "resume", "fetch"):
        place.write_bytes(OTHER)
        if verb == "generate":
            task = driver.generate("acme/zoom", REQUEST, task="one", output=place)
        else:
            task = driver.resume("one") if verb == "resume" else driver.fetch("one")
        assert task.file_sha256 == one.file_sha256
        assert place.read_bytes() == VIDEO
    server.on("GET /files", *[answers(500)] * 9)
    place.write_bytes(OTHER)
    with pytest.raises(ResultError):  # rather than take another task's video for its own
        driver.resume("one")


def test_a_task_recorded_without_a_digest_is_believed(
    make: Maker, server: Server, tmp_path: Path
) -> None:
    driver, place = make(), tmp_path / "x.mp4"
    task = driver.generate("acme/zoom", REQUEST, task="kite", output=place)
    old = msgspec.structs.replace(task, file_bytes=None, file_sha256=None)
    with closing(journal_of(driver)) as journal:
        journal.save(old)
    place.write_bytes(OTHER)
    assert driver.resume("kite") == old
    assert downloads(server) == 1
    # Without a digest the file is not copied but fetched.
    assert driver.resume("kite", output=tmp_path / "y.mp4").file == str(tmp_path / "y.mp4")
    assert (tmp_path / "y.mp4").read_bytes() == VIDEO
    with closing(journal_of(driver)) as journal:
        journal.save(old)
    place.unlink()
    assert driver.resume("kite").file_sha256 == task.file_sha256
    assert place.read_bytes() == VIDEO


@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_a_pipe_or_folder_in_place_of_the_file_is_not_read(
    make: Maker, server: Server, tmp_path: Path, kind: str
) -> None:
    driver, place = make(), tmp_path / "x.mp4"
    driver.generate("acme/zoom", REQUEST, task="kite", output=place)
    place.unlink()
    place.mkdir() if kind == "folder" else os.mkfifo(place)
    with pytest.raises(DiskError, match="not a regular file"):
        driver.resume("kite")
    assert driver.resume("kite", output=tmp_path / "y.mp4").file


def test_the_digest_covers_the_whole_file_however_it_was_downloaded(
    make: Maker, server: Server, tmp_path: Path
) -> None:
    digest = hashlib.sha256(VIDEO).hexdigest()
    faults = {
        "continued": [cuts(VIDEO, 100, ETag='"v1"'), cuts(VIDEO, 0, ETag='"v1"')],
        "begun again": [cuts(VIDEO, 100)],
        "another before": [cuts(OTHER, 100, ETag='"v0"')],
    }
    for name, behaviours in faults.items():
        server.on("GET /files", *behaviours)
        place = tmp_path / f"{name}.mp4"
        task = make().generate(
            "acme/zoom", Request(name), task=name.replace(" ", "-"), output=place
        )
        assert (task.file_bytes, task.file_sha256) == (len(VIDEO), digest)
        assert place.read_bytes() == VIDEO


@pytest.mark.parametrize("when", ["generate", "fetch", "resume"])
@pytest.mark.parametrize(
    "name", ["journal.db", "journal.db-wal", "journal.db-shm", "JOURNAL.DB", "keys.json",
             "budget.db", "budget.db-wal", "budget.json", "grades.json", ".keys-0a1b.part",
             "logs/2026.txt", "videos/../keys.json"]
)  # fmt: skip
def test_no_video_overwrites_a_file_of_the_library(
    make: Maker, server: Server, home: Path, name: str, when: str
) -> None:
    driver = make()
    if when == "generate":
        with pytest.raises(
            DiskError, match="keeps a file of its own there; choose another place; nothing"
        ):
            driver.generate("acme/zoom", REQUEST, output=home / name)
        assert server.lines == []
        return
    task = driver.submit("acme/zoom", REQUEST)
    driver.wait(task)
    with pytest.raises(DiskError, match="keeps a file of its own there; the task is kept"):
        getattr(driver, when)(task.id, output=home / name)
    assert downloads(server) == 0
    assert driver.resume(task.id).file == str(home / "videos" / f"{task.id}.mp4")


def test_no_video_overwrites_a_file_of_the_library_through_a_link(
    make: Maker, server: Server, home: Path, tmp_path: Path
) -> None:
    driver = make()
    task = driver.submit("acme/zoom", REQUEST)
    (home / "keys.json").write_text("{}")
    (tmp_path / "link.mp4").symlink_to(home / "journal.db")
    (tmp_path / "hard.mp4").hardlink_to(home / "keys.json")
    (home / "budget.db").touch()
    (tmp_path / "harder.mp4").hardlink_to(home / "budget.db")
    (tmp_path / "later.mp4").symlink_to(home / "journal.db-shm")
    (tmp_path / "folder").symlink_to(home)
    before = (home / "keys.json").read_bytes()
    names = ("link.mp4", "hard.mp4", "harder.mp4", "later.mp4")
    for name in (*names, "folder/keys.json", "folder/journal.db-wal"):
        with pytest.raises(DiskError, match="keeps a file of its own"):
            driver.resume(task.id, output=tmp_path / name)
        with pytest.raises(DiskError, match="keeps a file of its own"):
            driver.generate("acme/zoom", Request(name), output=tmp_path / name)
    assert (home / "keys.json").read_bytes() == before
    assert server.posts() == 1
    for good in ("folder/kite.mp4", "folder/videos/kite.mp4", "journal.db", "keys.json"):
        assert driver.resume(task.id, output=tmp_path / good).file == str(tmp_path / good)


def test_no_video_overwrites_a_journal_given_by_the_caller(
    make: Maker, server: Server, tmp_path: Path
) -> None:
    driver = make(journal=SQLiteJournal(tmp_path / "own" / "tasks.sqlite"))
    for name in ("tasks.sqlite", "tasks.sqlite-wal"):
        with pytest.raises(DiskError, match="keeps a file of its own"):
            driver.generate("acme/zoom", Request(name), output=tmp_path / "own" / name)
    assert driver.generate("acme/zoom", REQUEST, output=tmp_path / "own" / "tasks.mp4").file
    assert server.posts() == 1


FORKS = """
import os, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from rushes import Answer
from rushes._flow import Interrupted
from rushes._fetch.part_file import PartFile
from acme_server import VIDEO

part = PartFile(Path(sys.argv[2]), "kite")
part.begin(Answer(200, {"content-length": str(len(VIDEO)), "etag": '"v1"'}))
part.write(VIDEO[:700])
child = os.fork()
if not child:
    try:
        part.write(b"mine")
    except Interrupted:
        assert part.missing
    else:
        raise AssertionError
    if sys.argv[3] == "discards":
        part.discard()
    elif sys.argv[3] == "goes on":
        assert part.headers() == {}
        part.begin(Answer(200))
        part.write(b"something else")
        part.discard()
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
assert part.headers() == {"Range": "bytes=700-", "If-Range": '"v1"'}
part.write(VIDEO[700:])
assert part.missing is None
part.check()
part.finish(overwrite=False)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.parametrize("child", ["discards", "goes on", "ends"])
def test_a_forked_child_leaves_its_parents_download_alone(tmp_path: Path, child: str) -> None:
    place, tests = tmp_path / "x.mp4", str(Path(__file__).parents[1])
    command = [sys.executable, "-c", FORKS, tests, str(place), child]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert place.read_bytes() == VIDEO
    assert [path.name for path in tmp_path.iterdir()] == ["x.mp4"]
