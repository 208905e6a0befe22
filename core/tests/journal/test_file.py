"""The journal's file: private, created lazily, migrated, and cleared of purged records."""

import base64
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from journal_raw_records import discard_what_cannot_be_read
from journal_tasks import PROMPT, after, ended, make_task
from rushes import ClaimLost, JournalError, Receipt, SQLiteJournal, Task
from rushes._journal.database import Connection, File
from rushes._journal.held import RENEWED
from rushes._journal.tables import MIGRATIONS
from rushes.journal import LEASE

VERSION_1 = """
CREATE TABLE IF NOT EXISTS tasks (
    id TEXT PRIMARY KEY,
    provider TEXT NOT NULL,
    client_id TEXT NOT NULL,
    unfinished INTEGER NOT NULL,
    created_at REAL NOT NULL,
    record BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_client_id ON tasks (provider, client_id);
"""
"""The exact schema of the first release."""

VERSION_2 = """
ALTER TABLE tasks ADD COLUMN updated_at REAL NOT NULL DEFAULT 0;
CREATE TABLE history (
    number INTEGER PRIMARY KEY, task TEXT NOT NULL, record BLOB NOT NULL
);
CREATE INDEX history_by_task ON history (task);
CREATE TABLE claims (
    task TEXT PRIMARY KEY, claim TEXT NOT NULL,
    machine TEXT NOT NULL, pid INTEGER NOT NULL, until REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX claims_by_claim ON claims (claim);
"""
"""What version 2 added: every change with its call, and leases by wall clock."""

VERSION_3 = """
CREATE TABLE tasks (
    id TEXT PRIMARY KEY, provider TEXT NOT NULL, client_id TEXT NOT NULL,
    unfinished INTEGER NOT NULL, created_at REAL NOT NULL, record BLOB NOT NULL,
    updated_at REAL NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT '',
    fingerprint TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX by_client_id ON tasks (provider, client_id);
CREATE TABLE history (number INTEGER PRIMARY KEY, task TEXT NOT NULL, record BLOB NOT NULL);
CREATE INDEX history_by_task ON history (task);
CREATE TABLE calls (task TEXT PRIMARY KEY, call BLOB NOT NULL);
CREATE INDEX never_sent ON tasks (fingerprint) WHERE state = 'recorded';
CREATE TABLE claims (
    task TEXT PRIMARY KEY, claim TEXT NOT NULL, holder TEXT NOT NULL,
    machine TEXT NOT NULL, pid INTEGER NOT NULL, until REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX claims_by_holder ON claims (holder, claim);
"""
"""The exact schema of version 3, in which every change is a row as long as the record."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[SQLiteJournal]:
    journal = SQLiteJournal(path)
    yield journal
    journal.close()


class Clock:
    """A clock that is set by hand, and signals when it is read."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.read = threading.Semaphore(0)

    def __call__(self) -> float:
        self.read.release()
        return self.now


def sql(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def write_version_1(path: Path, *tasks: Task, version: int = 1) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(VERSION_1)
        for task in tasks:
            row = (task.id, "acme", task.client_id, task.unfinished, task.created_at)
            connection.execute(
                "INSERT INTO tasks VALUES (?, ?, ?, ?, ?, ?)", (*row, msgspec.json.encode(task))
            )
        connection.commit()
        connection.execute(f"PRAGMA user_version={version}")


def test_nothing_is_created_before_it_is_needed(journal: SQLiteJournal, path: Path) -> None:
    assert not path.parent.exists()
    assert journal.place == str(path)
    journal.close()
    assert not path.parent.exists()


def test_a_relative_path_is_resolved_when_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with closing(SQLiteJournal("home/journal.db")) as journal:
        monkeypatch.chdir("/")
        journal.add(make_task())
    assert (tmp_path / "home" / "journal.db").is_file()


def test_the_file_and_its_folder_are_private(
    journal: SQLiteJournal, path: Path, tmp_path: Path
) -> None:
    journal.add(make_task())
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == ["journal.db", "journal.db-shm", "journal.db-wal"]
    assert [file.stat().st_mode & 0o777 for file in (path.parent, *files)] == [0o700] + [0o600] * 3
    elsewhere = tmp_path / "shared"
    elsewhere.mkdir(mode=0o755)
    with closing(SQLiteJournal(elsewhere / "journal.db")) as other:
        assert other.tasks() == []
        assert elsewhere.stat().st_mode & 0o777 == 0o755
        assert (elsewhere / "journal.db").stat().st_mode & 0o777 == 0o600


def test_a_file_that_others_can_read_is_made_private(path: Path) -> None:
    write_version_1(path)
    path.chmod(0o664)
    with closing(SQLiteJournal(path)) as journal:
        journal.tasks()
    assert path.stat().st_mode & 0o777 == 0o600


def test_writes_are_synced_to_disk(journal: SQLiteJournal, path: Path) -> None:
    seen: list[tuple[object, ...]] = []

    def look(connection: Connection) -> None:
        for name in ("journal_mode", "synchronous", "secure_delete"):
            seen.extend(connection.execute(f"PRAGMA {name}").fetchall())

    journal._store.write(look)
    assert seen == [("wal",), (2,), (1,)]


def test_a_file_of_the_first_release_is_migrated(path: Path) -> None:
    new, old = make_task("new", created_at=5.0), ended(make_task("old", created_at=1.0), 7.0)
    write_version_1(path, new, old)
    with closing(SQLiteJournal(path)) as journal:
        assert journal.tasks() == [new, old]
        assert journal.history("old") == [old]
        assert journal.claim("new", "mine") == new
        journal.save(after(new, state="queued"), "mine")
        assert [was.state for was in journal.history("new")] == ["recorded", "queued"]
        assert journal.purge(7.0) == 0
        assert journal.purge(7.1) == 1
    assert sql(path, "PRAGMA user_version") == [(8,)]


def test_a_file_whose_history_repeats_the_call_is_migrated(path: Path) -> None:
    first = make_task(fingerprint="f")
    changes = [first, after(first, state="sending"), after(first, state="unknown")]
    write_version_1(path, changes[-1], version=2)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(VERSION_2)
        for was in (changes[0], "{", *changes[1:]):
            record = msgspec.json.encode(was) if isinstance(was, Task) else was
            connection.execute("INSERT INTO history (task, record) VALUES ('kite', ?)", (record,))
        connection.execute("INSERT INTO claims VALUES ('kite', 'old', 'here', 1, 9e9)")
    with closing(SQLiteJournal(path)) as journal:
        assert journal.tasks() == [changes[-1]]
        with pytest.raises(JournalError, match="cannot read"):
            journal.history("kite")
        sql_write(path, "DELETE FROM history WHERE record = '{'")
        assert journal.history("kite") == changes
        assert journal.claim("kite", "mine") == changes[-1]
        journal.save(first, "mine")
        assert journal.take_up("acme/zoom", "f", "yours") is None
        journal.release("mine")
        assert journal.take_up("acme/zoom", "f", "yours") == first


def write_version_3(path: Path, histories: list[list[Task]]) -> None:
    """Write tasks as version 3 did, from all that each of them was."""
    path.parent.mkdir(mode=0o700)
    encode = msgspec.json.encode
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(VERSION_3)
        for history in histories:
            now = history[-1]
            names = (now.id, "acme", now.client_id, now.unfinished, now.created_at)
            record = encode(after(now, call=None))
            row = (*names, record, now.updated_at, now.state, now.fingerprint)
            connection.execute("INSERT INTO tasks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            connection.execute("INSERT INTO calls VALUES (?, ?)", (now.id, encode(now.call)))
            for was in history:
                values = (now.id, encode(after(was, call=None)))
                connection.execute("INSERT INTO history (task, record) VALUES (?, ?)", values)
        connection.execute("INSERT INTO claims VALUES ('kite', 'old', 'x', 'here', 1, 9e9)")
        connection.execute("PRAGMA user_version=3")


def test_a_file_of_version_3_is_migrated(path: Path) -> None:
    new = make_task(fingerprint="f", created_at=5.0)
    done = make_task("done", created_at=4.0, client_id="mine", variant="acme/pan")
    odd, broken = make_task("odd", created_at=3.0), make_task("broken", created_at=2.0)
    changes = [after(done, state=state) for state in ("recorded", "sending", "queued")]
    histories = [[new], [*changes, ended(done)], [odd, ended(odd)], [broken, ended(broken)]]
    write_version_3(path, histories)
    sql_write(path, "UPDATE history SET record = '{' WHERE task = 'odd' AND number % 2 = 0")
    sql_write(path, "UPDATE tasks SET record = '[]' WHERE id = 'broken'")
    with closing(SQLiteJournal(path)) as journal:
        assert journal.tasks() == [new, ended(done), ended(odd)]
        assert list(journal.unreadable()) == ["broken"]
        assert journal.tasks(variant="acme/pan") == [ended(done)]
        assert journal.history("done") == [
            *(after(was, call=done.call) for was in changes),
            ended(done),
        ]
        assert journal.with_client_id("acme", "mine") == ended(done)
        for use in (
            lambda: journal.history("odd"),
            lambda: journal.with_client_id("acme", "broken"),
        ):
            with pytest.raises(JournalError, match="cannot read"):
                use()
        assert journal.take_up("acme/zoom", "f", "mine") == new
        assert journal.purge(9e9) == 2
        assert journal.tasks() == [new]
        assert list(journal.unreadable()) == ["broken"]
    tables = sql(path, "SELECT name FROM sqlite_master WHERE name LIKE 'old%'")
    assert (tables, sql(path, "PRAGMA integrity_check")) == ([], [("ok",)])


def test_tasks_of_version_7_are_found_by_their_remote_ids(path: Path) -> None:
    with closing(File(path, MIGRATIONS[:7]).open()) as connection:
        columns = (
            "id, variant, client_id, state, unfinished, created_at, updated_at, fingerprint, "
            "version, record"
        )
        for number, (name, facts) in enumerate(
            {
                "one": {"receipt": Receipt("c-1")},
                "two": {"receipt": Receipt("c-\ud800".encode("utf-8", "replace").decode())},
                "three": {},
                "odd": {"receipt": Receipt("c\n4")},
                "broken": None,
            }.items()
        ):
            task = after(make_task(name, **facts or {}), call=None)
            record = b"{" if facts is None else msgspec.json.encode(task)
            row = (name, task.variant, name, "queued", True, float(number), 1.0, "", 0, record)
            connection.execute(
                f"INSERT INTO tasks ({columns}) VALUES ({', '.join('?' * len(row))})",
                row,
            )
    with closing(SQLiteJournal(path)) as journal:
        for remote_id, name in {"c-1": "one", "c-?": "two"}.items():
            found = journal.with_remote_id("acme", remote_id)
            assert found is not None
            assert found.id == name
        assert journal.with_remote_id("acme", "c\n4") is None
        assert list(journal.unreadable()) == ["broken"]
    assert sql(path, "SELECT count(*) FROM tasks WHERE remote_id IS NOT NULL") == [(2,)]
    query = "SELECT id FROM tasks WHERE remote_id = 'c-1' ORDER BY created_at DESC"
    assert "INDEX by_remote_id" in str(sql(path, f"EXPLAIN QUERY PLAN {query}"))


def test_the_newest_news_is_kept(
    journal: SQLiteJournal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rushes._journal.sqlite.KEPT_NEWS", 3)
    for number in range(5):
        assert journal.tell("acme", f"c-{number}", "event")
    for _ in range(5):  # what is repeated ages nothing
        assert not journal.tell("acme", "c-4", "event")
    assert not journal.tell("acme", "c-2", "event")
    assert journal.tell("acme", "c-4", "another")
    place, told = journal.news(0)
    assert [name for _, name in told] == ["c-3", "c-4", "c-4"]
    sql_write(path, "DELETE FROM news")
    assert journal.tell("acme", "c-5")
    assert journal.news(place)[1] == [("acme", "c-5")]  # no number is used again


def test_a_finished_task_is_one_small_row(journal: SQLiteJournal, path: Path) -> None:
    bodies = [msgspec.json.encode({"prompt": f"{PROMPT}, {name}"}) for name in range(200)]
    for number, body in enumerate(bodies):
        task = make_task(f"20260102-{number:012}", fingerprint=f"{number:064x}")
        assert task.call is not None
        task = journal.add(after(task, call=msgspec.structs.replace(task.call, body=body)), "mine")
        for state in ("sending", "queued", "in_progress"):
            journal.save(after(task, state=state), "mine")
        journal.save(ended(task), "mine")
    journal.close()
    sql_write(path, "VACUUM")
    assert path.stat().st_size / len(bodies) < 1280
    assert sql(path, "SELECT * FROM history UNION SELECT *, 0 FROM calls") == []
    found = journal.tasks()[0]
    assert found.call is not None
    assert found.call.body == bodies[-1]
    assert [was.state for was in journal.history(found.id)] == [
        "recorded", "sending", "queued", "in_progress", "completed",
    ]  # fmt: skip
    assert [was.call for was in journal.history(found.id)] == [found.call] * 5


def test_a_finished_task_may_change_again(journal: SQLiteJournal, path: Path) -> None:
    task = journal.add(make_task(state="sending"), "mine")
    refused = after(task, state="refused", error="no")
    journal.save(refused, "mine")
    journal.save(after(refused, cost=0.1), "mine")  # counts as no change once it has ended
    journal.release("mine")
    assert sql(path, "SELECT * FROM history") == []
    assert journal.claim("kite", "mine") == after(refused, cost=0.1)
    assert task.call is not None
    call = msgspec.structs.replace(task.call, url="https://other.example/v1/clips")
    again = after(task, call=call)
    journal.save(again, "mine")
    assert journal.find("kite") == [again]
    journal.save(after(again, state="queued"), "mine")
    journal.save(ended(again), "mine")
    journal.release("mine")
    journal.save(after(ended(again), file=None))  # unfinished again
    states = ["sending", "refused", "sending", "queued", "completed"]
    assert [was.state for was in journal.history("kite")] == states
    assert journal.tasks(unfinished=True) == [after(ended(again), file=None)]


@pytest.mark.parametrize(
    ("limits", "index"),
    [
        ({}, "by_age"),
        ({"since": 1.0}, "by_age"),
        ({"after": make_task()}, "by_age"),
        ({"variant": "acme/zoom"}, "by_variant"),
        ({"variant": "acme/zoom", "since": 1.0, "after": make_task()}, "by_variant"),
        ({"unfinished": True}, "unfinished"),
        ({"unfinished": True, "after": make_task()}, "unfinished"),
        ({"unfinished": True, "variant": "acme/zoom"}, "unfinished"),
    ],
)
def test_a_page_is_read_along_an_index(
    journal: SQLiteJournal, path: Path, limits: dict[str, Any], index: str
) -> None:
    journal.add(make_task())
    queries: list[str] = []
    journal._store.read(lambda connection: connection.set_trace_callback(queries.append))
    journal.tasks(**limits, limit=50)
    (query,) = queries
    plan = [str(row[3]) for row in sql(path, f"EXPLAIN QUERY PLAN {query}")]
    assert f"INDEX {index}" in plan[0]
    assert not [step for step in plan if "TEMP B-TREE FOR ORDER BY" in step]


def test_a_page_reads_no_further(journal: SQLiteJournal, path: Path) -> None:
    for number in range(20):
        journal.add(make_task(f"t{number:02}", created_at=float(number)))
    journal.close()
    sql_write(path, "UPDATE tasks SET record = '[]' WHERE id IN ('t00', 't18', 't17')")
    assert [task.id for task in journal.tasks(limit=2)] == ["t19", "t16"]
    assert list(journal.unreadable(limit=2)) == ["t18", "t17"]
    assert list(journal.unreadable(limit=1)) == []
    (newest,) = journal.tasks(limit=1)
    assert list(journal.unreadable(after=newest, limit=9)) == ["t18", "t17"]
    assert list(journal.unreadable()) == ["t18", "t17", "t00"]


def test_the_call_is_stored_once(journal: SQLiteJournal, path: Path) -> None:
    body = b"0123456789abcdef" * 65536
    task = make_task()
    assert task.call is not None
    task = journal.add(after(task, call=msgspec.structs.replace(task.call, body=body)), "mine")
    for percent, state in enumerate(("sending", "queued", "in_progress") * 10):
        journal.save(after(task, state=state, progress=float(percent)), "mine")
    assert [was.call for was in journal.history(task.id)] == [task.call] * 31
    journal.close()
    assert path.stat().st_size < 2 * len(body)


@pytest.mark.parametrize("end", ["", "-wal", "-shm"])
@pytest.mark.parametrize("how", ["removed", "replaced"])
def test_a_removed_or_replaced_file_is_noticed(
    journal: SQLiteJournal, path: Path, end: str, how: str
) -> None:
    task = journal.add(make_task(), "mine")
    assert journal.find("kite") == [task]
    lost = path.with_name(f"journal.db{end}")
    lost.rename(path.with_name("away"))
    if how == "replaced":
        lost.write_bytes(path.with_name("away").read_bytes())
    for use in (
        lambda: journal.save(after(task, state="sending"), "mine"),
        lambda: journal.find("kite"),
    ):
        with pytest.raises(JournalError, match="removed or replaced while it was in use"):
            use()
    if not end:
        assert journal.add(make_task("dune")).id == "dune"  # the next use starts a new file
        assert SQLiteJournal(path).find("dune")


def test_a_first_release_killed_between_tables_and_version(path: Path) -> None:
    write_version_1(path, version=0)
    with closing(SQLiteJournal(path)) as journal:
        assert journal.add(make_task()) == journal.tasks()[0]


def test_a_failed_migration_leaves_the_file_unchanged(path: Path) -> None:
    write_version_1(path, make_task())
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO tasks VALUES ('z', 'acme', 'z', 1, 1.0, '{')")
        connection.commit()
    before = sql(path, "SELECT name, sql FROM sqlite_master")
    with closing(SQLiteJournal(path)) as journal:
        for _ in range(2):
            with pytest.raises(JournalError, match="cannot be brought up to date"):
                journal.tasks()
    assert sql(path, "SELECT name, sql FROM sqlite_master") == before
    assert sql(path, "PRAGMA user_version") == [(1,)]
    sql_write(path, "DELETE FROM tasks WHERE id = 'z'")
    with closing(SQLiteJournal(path)) as journal:
        assert journal.tasks() == [make_task()]


def sql_write(path: Path, query: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(query)


def test_a_newer_file_is_left_alone(path: Path) -> None:
    write_version_1(path, make_task(), version=99)
    before = path.read_bytes()
    with closing(SQLiteJournal(path)) as journal:
        for use in (journal.tasks, lambda: journal.add(make_task()), lambda: journal.purge(1.0)):
            with pytest.raises(JournalError, match=r"version 99.*up to version 8.*Upgrade"):
                use()
    assert path.read_bytes() == before


def test_beside_a_newer_process_nothing_new_is_begun(journal: SQLiteJournal, path: Path) -> None:
    """A receipt is still written: it was paid for."""
    task, bird = (journal.add(make_task(name, fingerprint=name)) for name in ("kite", "bird"))
    task = journal.claim("kite", "mine") or task
    journal.save(after(task, state="sending"), "mine")
    sql_write(path, "PRAGMA user_version=99")
    assert journal.take_up(bird.variant, "bird", "mine") == bird
    for use in (
        lambda: journal.save(after(bird, state="sending"), "mine"),
        lambda: journal.add(make_task("dune"), "mine"),
        lambda: journal.admit("dune", "acme/1"),
        lambda: journal.admit("dune", "acme/1", 3, 1.0),
        lambda: journal.purge(1e12),
    ):
        with pytest.raises(JournalError, match=r"version 99.*up to version 8.*Upgrade"):
            use()
    queued = after(task, state="queued", receipt=Receipt("c-1"))
    journal.save(queued, "mine")
    journal.close()
    sql_write(path, "PRAGMA user_version=8")
    assert {each.id: each for each in journal.tasks()} == {"kite": queued, "bird": bird}


def test_unknown_fields_of_a_newer_release_are_ignored(journal: SQLiteJournal, path: Path) -> None:
    task = journal.add(make_task())
    record = msgspec.json.decode(msgspec.json.encode(task))
    record |= {"mood": "blue", "call": {**record["call"], "speed": 9}}
    journal.close()
    with closing(sqlite3.connect(path)) as connection, connection:
        values = (msgspec.json.encode(record),)
        connection.execute("UPDATE tasks SET record = ?", values)
        connection.execute("UPDATE history SET record = ?", values)
    assert journal.tasks() == journal.history(task.id) == [task]
    assert journal.claim(task.id, "mine") == task


def test_an_unreadable_record_is_reported(journal: SQLiteJournal, path: Path) -> None:
    journal.add(make_task())
    journal.close()
    sql_write(path, """UPDATE tasks SET record = '{"id": "kite", "state": "dreaming"}'""")
    for use in (
        lambda: journal.find("kite"),
        lambda: journal.find("ki"),
        lambda: journal.with_client_id("acme", "kite"),
        lambda: journal.add(make_task()),
        lambda: journal.save(make_task()),
        lambda: journal.claim("kite", "c"),
    ):
        with pytest.raises(JournalError, match=r"'kite' that .*cannot read .*upgrade"):
            use()
    assert journal.add(make_task("dune")).id == "dune"


def test_an_unreadable_record_does_not_block_other_tasks(
    journal: SQLiteJournal, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = ("kite", "dune", "kit-2", "gull")
    kite, dune, _, _ = (journal.add(ended(make_task(name))) for name in names)
    journal.close()
    sql_write(path, "UPDATE tasks SET record = '[]' WHERE id IN ('gull', 'kit-2')")
    assert journal.find("dune") == [dune]
    assert journal.find("fox") == journal.find("kit-1") == []
    assert journal.find("kite") == [kite]
    assert journal.add(make_task("kit")).id == "kit"
    assert [task.id for task in journal.find("kit")] == ["kit"]
    caplog.clear()
    assert [task.id for task in journal.tasks()] == ["kite", "kit", "dune"]
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 2
    assert all(
        f"task='{name}'" in text for name, text in zip(("kit-2", "gull"), warnings, strict=True)
    )
    sql_write(path, "UPDATE tasks SET unfinished = 1 WHERE id IN ('gull', 'kite')")
    assert [task.id for task in journal.tasks(unfinished=True)] == ["kite", "kit"]


def test_a_purge_keeps_unreadable_records(journal: SQLiteJournal, path: Path) -> None:
    journal.add(make_task())
    journal.add(ended(make_task("dune")))
    journal.close()
    sql_write(path, "UPDATE tasks SET record = '[]', unfinished = 0 WHERE id = 'kite'")
    assert journal.purge(3000.0) == 1
    journal.close()
    assert sql(path, "SELECT id FROM tasks") == [("kite",)]
    assert sql(path, "SELECT id FROM tasks, history ON task = tasks.number") == [("kite",)]


def test_what_cannot_be_read_is_discarded_by_its_raw_record(
    journal: SQLiteJournal, path: Path
) -> None:
    """Only as it was seen, only if nobody holds it, and no task that can be read."""
    with closing(SQLiteJournal(path)) as other:
        discard_what_cannot_be_read(
            journal,
            other,
            lambda: sql_write(path, "UPDATE tasks SET record = x'ff7b' WHERE id = 'kite'"),
        )
    assert all(
        "c-1" not in str(sql(path, f"SELECT * FROM {table}")) for table in ("tasks", "history")
    )
    assert [sql(path, f"SELECT count(*) FROM {table}") for table in ("history", "calls")] == [
        [(1,)]
    ] * 2


def test_values_that_are_not_valid_json_are_refused(journal: SQLiteJournal) -> None:
    for task in (make_task(error="\ud800"), make_task(client_id="\ud800")):
        with pytest.raises(JournalError, match="cannot be written as JSON"):
            journal.add(task)
    assert journal.tasks() == []


def test_a_lease_expires(path: Path) -> None:
    clock = Clock()
    with (
        closing(SQLiteJournal(path, clock=clock)) as mine,
        closing(SQLiteJournal(path, clock=clock)) as yours,
    ):
        task = mine.add(make_task(), "mine")
        clock.now += LEASE - 0.1
        assert yours.claim(task.id, "yours") is None
        clock.now += 0.1
        mine.save(task, "mine")  # nobody took it, so it is renewed
        assert yours.claim(task.id, "yours") is None
        clock.now += LEASE
        assert yours.claim(task.id, "yours") == task
        with pytest.raises(ClaimLost):
            mine.save(after(task, state="sending"), "mine")
        assert mine.claim(task.id, "mine") is None
        assert mine.tasks() == [task]


def test_a_lease_is_renewed_in_the_background(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert RENEWED * 2 < LEASE
    monkeypatch.setattr("rushes._journal.sqlite.RENEWED", 0.01)
    clock = Clock()
    with (
        closing(SQLiteJournal(path, clock=clock)) as mine,
        closing(SQLiteJournal(path, clock=clock)) as yours,
    ):
        task = mine.add(make_task(), "mine")
        dune = mine.add(make_task("dune"), "other")
        mine.release("other")
        for _ in range(4):
            clock.now += LEASE * 0.9
            while clock.read.acquire(blocking=False):
                pass
            for _ in range(3):  # the clock is read a second time after the first renewal
                assert clock.read.acquire(timeout=30)
        assert yours.claim(task.id, "yours") is None
        assert yours.claim(dune.id, "yours") == dune
        mine.save(task, "mine")


def test_queued_writes_are_committed_together(journal: SQLiteJournal) -> None:
    commits: list[str] = []
    begun, go = threading.Event(), threading.Event()

    def hold_up(connection: Connection) -> None:
        connection.set_trace_callback(commits.append)
        begun.set()
        go.wait(30)

    threads = [threading.Thread(target=journal._store.write, args=(hold_up,))]
    threads[0].start()
    begun.wait(30)
    for number in range(20):
        threads.append(threading.Thread(target=journal.add, args=(make_task(f"t{number}"),)))
        threads[-1].start()
    writer = journal._store._writer
    assert writer is not None
    while writer._queue.qsize() < 20:
        pass
    go.set()
    for thread in threads:
        thread.join()
    assert len(journal.tasks()) == 20
    assert commits.count("COMMIT") == 2


def test_a_rejected_write_does_not_undo_others_in_its_batch(journal: SQLiteJournal) -> None:
    journal.add(make_task(), "mine")
    begun, go = threading.Event(), threading.Event()

    def hold_up(connection: Connection) -> None:
        begun.set()
        go.wait(30)

    def lose() -> None:
        with pytest.raises(ClaimLost):
            journal.save(make_task(state="lost"), "yours")
        lost.append(True)

    lost: list[bool] = []
    works = (lambda: journal._store.write(hold_up), lose, lambda: journal.add(make_task("dune")))
    threads = [threading.Thread(target=work) for work in works]
    threads[0].start()
    begun.wait(30)
    for thread in threads[1:]:
        thread.start()
    go.set()
    for thread in threads:
        thread.join()
    assert lost
    assert {task.id for task in journal.tasks(unfinished=True)} == {"kite", "dune"}


def test_a_write_interrupted_while_queued_is_still_done(journal: SQLiteJournal) -> None:
    begun, go = threading.Event(), threading.Event()

    def hold_up(connection: Connection) -> None:
        begun.set()
        go.wait(30)

    def interrupt() -> None:
        writer = journal._store._writer
        while writer is None or writer._queue.qsize() == 0:
            pass
        signal.pthread_kill(main, signal.SIGINT)

    main = threading.get_ident()
    threads = [
        threading.Thread(target=journal._store.write, args=(hold_up,)),
        threading.Thread(target=interrupt),
    ]
    threads[0].start()
    begun.wait(30)
    threads[1].start()
    with pytest.raises(KeyboardInterrupt):
        journal.add(make_task())
    go.set()
    for thread in threads:
        thread.join()
    journal.save(make_task("dune"))
    assert {task.id for task in journal.tasks()} == {"kite", "dune"}


def test_reading_does_not_wait_for_a_writer(journal: SQLiteJournal, path: Path) -> None:
    task = journal.add(make_task())
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert journal.tasks(unfinished=True) == journal.find("kite") == [task]
        other.execute("ROLLBACK")


def test_a_closed_journal_is_reopened_on_use(journal: SQLiteJournal, path: Path) -> None:
    before = set(threading.enumerate())
    for name in ("one", "two"):
        journal.add(make_task(name), "mine")
        journal.close()
        assert sorted(file.name for file in path.parent.iterdir()) == ["journal.db"]
        assert sql(path, "SELECT * FROM claims") == []
        assert set(threading.enumerate()) <= before
    assert len(journal.tasks()) == 2


def folder_bytes(path: Path) -> bytes:
    """Return every byte in the folder; this process must have no other connection open."""
    return b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_purged_records_leave_no_bytes_on_disk(journal: SQLiteJournal, path: Path) -> None:
    body = base64.b64encode(b'{"prompt":"%s' % PROMPT.encode())[:40]
    secrets = [PROMPT.encode(), b"s3cret", body]
    private = [after(ended(make_task(f"t{n}")), error=PROMPT * 50) for n in range(20)]
    for task in private:
        journal.add(after(task, state="queued", error=f"{PROMPT} once"), "mine")
        journal.save(task, "mine")
    journal.release("mine")
    kept = journal.add(after(make_task("dune"), call=None))
    packed = [bytes(row[0]) for row in sql(path, "SELECT record FROM tasks WHERE id != 'dune'")]  # type: ignore[call-overload]
    secrets += [record[-40:] for record in packed]
    found = folder_bytes(path)
    assert all(secret in found for secret in secrets)
    assert journal.purge(3000.0) == len(private)
    found = folder_bytes(path)
    assert [secret for secret in secrets if secret in found] == []
    assert path.with_name("journal.db-wal").stat().st_size == 0
    assert journal.tasks() == [kept]


def test_a_purge_clears_what_the_first_release_left_in_the_file(path: Path) -> None:
    write_version_1(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA secure_delete=OFF")
        for error in (PROMPT * 5000, "gone"):
            row = ("kite", "acme", "kite", 0, 1.0, msgspec.json.encode(make_task(error=error)))
            connection.execute("INSERT OR REPLACE INTO tasks VALUES (?, ?, ?, ?, ?, ?)", row)
            connection.commit()
    assert PROMPT.encode() in folder_bytes(path)
    with closing(SQLiteJournal(path)) as journal:
        journal.purge(0.0)
    assert PROMPT.encode() not in folder_bytes(path)


def test_a_purge_that_leaves_traces_says_so_and_the_next_clears_them(
    journal: SQLiteJournal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rushes._journal.database.BUSY", 0.05)
    journal.add(ended(make_task(error=PROMPT)))
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM tasks").fetchone() == (1,)
        with pytest.raises(JournalError, match=r"another process is reading .*Purge again"):
            journal.purge(3000.0)
        reader.execute("ROLLBACK")
    assert journal.tasks() == []
    assert journal.purge(3000.0) == 0
    assert PROMPT.encode() not in folder_bytes(path)
