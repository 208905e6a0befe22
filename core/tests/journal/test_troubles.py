"""A journal that cannot be used says what is wrong and what to do."""

import contextlib
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from journal_tasks import make_task
from rushes import JournalError, SQLiteJournal
from rushes.errors import ConfigurationError

NOBODY = 65534


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@contextlib.contextmanager
def as_nobody(folder: Path) -> Iterator[None]:
    """Act as a user who is bound by permissions, which root is not."""
    if os.geteuid() != 0:
        yield
        return
    for place in (folder, *folder.rglob("*")):
        os.chown(place, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """Return a folder in a place that every user can enter."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    yield folder
    folder.chmod(0o700)
    shutil.rmtree(folder)


def assert_refused(journal: SQLiteJournal, *words: str) -> None:
    """Assert that reading and writing fail with these words."""
    for use in (lambda: journal.add(make_task()), journal.tasks, lambda: journal.claim("x", "y")):
        with pytest.raises(JournalError) as caught:
            use()
        message = str(caught.value)
        assert str(journal.path) in message
        assert [word for word in words if word not in message] == []
        assert "nothing is sent without it" in message
        assert isinstance(caught.value, ConfigurationError)


@pytest.mark.parametrize("content", [b"not a database" * 100, b"\0" * 5000])
def test_a_file_that_is_not_a_database(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with closing(SQLiteJournal(path)) as journal:
        assert_refused(journal, "not an SQLite file", "Move it away", "RUSHES_HOME")
    assert path.read_bytes() == content


def test_a_damaged_file(path: Path) -> None:
    with closing(SQLiteJournal(path)) as journal:
        for number in range(50):
            journal.add(make_task(f"t{number}"))
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with closing(SQLiteJournal(path)) as journal:
        assert_refused(journal, "damaged", "Restore a copy")


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with closing(SQLiteJournal(tmp_path / "home" / "journal.db")) as journal:
        assert_refused(journal, "RUSHES_HOME")


def test_a_folder_where_the_file_should_be(path: Path) -> None:
    path.mkdir()
    with closing(SQLiteJournal(path)) as journal:
        assert_refused(journal, "RUSHES_HOME")


def test_a_folder_that_is_not_writable(public_folder: Path) -> None:
    path = public_folder / "home" / "journal.db"
    with as_nobody(public_folder), closing(SQLiteJournal(path)) as journal:
        public_folder.chmod(0o500)
        assert_refused(journal, "is not writable", "RUSHES_HOME")
        public_folder.chmod(0o700)
        task = make_task()
        assert journal.add(task) is task


def test_a_file_that_is_not_writable(public_folder: Path) -> None:
    path = public_folder / "journal.db"
    with closing(SQLiteJournal(path)) as journal:
        journal.add(make_task())
    with as_nobody(public_folder), closing(SQLiteJournal(path)) as journal:
        path.chmod(0o400)
        with pytest.raises(JournalError, match="is not writable"):
            journal.add(make_task("dune"))
        assert path.stat().st_mode & 0o777 == 0o400
        path.chmod(0o600)
        assert journal.add(make_task("dune")).id == "dune"


def test_a_file_in_a_folder_that_became_read_only(public_folder: Path) -> None:
    path = public_folder / "journal.db"
    with closing(SQLiteJournal(path)) as journal:
        journal.add(make_task())
    with as_nobody(public_folder), closing(SQLiteJournal(path)) as journal:
        public_folder.chmod(0o500)
        assert_refused(journal, "is not writable")


def test_a_file_that_stays_locked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rushes._journal.database.BUSY", 0.05)
    code = (
        "import sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "connection.execute('BEGIN IMMEDIATE')\n"
        "print('locked', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with closing(SQLiteJournal(path)) as journal:
        task = journal.add(make_task())
        with subprocess.Popen(
            [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as other:
            assert other.stdin
            assert other.stdout
            other.stdout.readline()
            with pytest.raises(JournalError, match=r"keeps it locked.*End that process"):
                journal.save(task)
            with pytest.raises(JournalError, match="keeps it locked"):
                journal.release("x")
            other.stdin.close()
        journal.save(task)


def test_a_file_that_is_locked_for_everything(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rushes._journal.database.BUSY", 0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("CREATE TABLE other (x)")
        other.execute("BEGIN EXCLUSIVE")
        with closing(SQLiteJournal(path)) as journal:
            assert_refused(journal, "keeps it locked")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of half a megabyte, if the machine allows it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)]
    mount = shutil.which("mount")
    if not mount or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this machine does not allow mounting a disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_refuses_writes_and_keeps_its_records(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    with closing(SQLiteJournal(small_disk / "home" / "journal.db")) as journal:
        first = journal.add(make_task(), "mine")
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 512)
        for _ in range(3):
            with pytest.raises(JournalError, match=r"full.*nothing is sent without it"):
                journal.add(make_task("dune", error="x" * 50_000))
        assert journal.tasks() == [first]
        ballast.unlink()
        assert journal.add(make_task("dune", error="x" * 50_000)).id == "dune"
        journal.save(first, "mine")


def test_a_disk_that_was_full_before_the_journal_was_created(small_disk: Path) -> None:
    with contextlib.suppress(OSError), (small_disk / "ballast").open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 512)
    with closing(SQLiteJournal(small_disk / "journal.db")) as journal:
        assert_refused(journal, "full")


def test_a_file_that_cannot_grow(path: Path) -> None:
    """As with a quota, or with the shell's ulimit -f."""
    with closing(SQLiteJournal(path)) as journal:
        first = journal.add(make_task())
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    with closing(SQLiteJournal(path)) as journal:
        assert journal.tasks() == [first]
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limit[1]))
        try:
            with pytest.raises(JournalError, match=r"cannot be used: .*(full|disk)"):
                journal.add(make_task("dune", error="x" * 200_000))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        assert journal.tasks() == [first]
        assert journal.add(make_task("dune")).id == "dune"
