"""The journal in PostgreSQL: its troubles, outages, and several processes."""

import os
import random
import resource
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import psycopg
import pytest
from journal_batches import together
from journal_raw_records import discard_what_cannot_be_read
from journal_tasks import after, ended, make_task
from postgres_cluster import Cluster
from rushes import (
    ClaimLost,
    Client,
    ConfigurationError,
    JournalError,
    PostgresJournal,
    Receipt,
)
from rushes._journal.postgres.listening import _all
from rushes._journal.postgres.server import Server
from rushes._journal.postgres.tables import MIGRATIONS
from rushes.journal import LEASE
from started_processes import Processes, read_line

PASSWORD = "s3cret p@ss/word"
QUOTED = "s3cret%20p%40ss%2Fword"


@pytest.fixture
def url(postgres: Cluster) -> str:
    return postgres.empty()


@pytest.fixture
def journal(url: str) -> Iterator[PostgresJournal]:
    with closing(PostgresJournal(url)) as journal:
        yield journal


@pytest.fixture
def other(url: str) -> Iterator[PostgresJournal]:
    with closing(PostgresJournal(url)) as journal:
        yield journal


# Troubles


def refused(url: str, *words: str) -> str:
    """Assert that reading and writing fail with these words; return the message."""
    with closing(PostgresJournal(url)) as journal:
        for use in (lambda: journal.add(make_task()), journal.tasks, lambda: journal.find("x")):
            with pytest.raises(JournalError) as caught:
                use()
            message = str(caught.value)
            assert [word for word in words if word not in message] == []
            assert "nothing is sent without it" in message
            # Nothing leads to a frame of the library: it has the password.
            assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    return message


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    port = free_port()
    message = refused(
        f"postgresql://me:{QUOTED}@127.0.0.1:{port}/films",
        f"postgresql://me@127.0.0.1:{port}/films",
        "cannot be reached",
        "Start it, or correct RUSHES_JOURNAL",
    )
    assert "s3cret" not in message


@pytest.fixture
def guarded(postgres: Cluster) -> str:
    """Return a port where the user `guarded` needs a password."""
    with suppress(psycopg.errors.DuplicateObject):
        postgres.execute(f"CREATE ROLE guarded LOGIN PASSWORD '{PASSWORD}'")
    return f"127.0.0.1:{postgres.port}"


@pytest.mark.parametrize("given", [":wrong-s3cret", ""])
def test_a_wrong_password(guarded: str, given: str) -> None:
    message = refused(
        f"postgresql://guarded{given}@{guarded}/postgres",
        "refused the user or the password",
        "Correct them in the address",
    )
    assert "s3cret" not in message


def test_the_right_password_is_shown_nowhere(guarded: str, postgres: Cluster) -> None:
    schema = postgres.new_schema()
    postgres.execute(f"GRANT ALL ON SCHEMA {schema} TO guarded")
    url = f"postgresql://guarded:{QUOTED}@{guarded}/postgres?options=-csearch_path%3D{schema}"
    with closing(PostgresJournal(url)) as journal:
        journal.add(make_task())
        for shown in (journal.place, repr(vars(journal)), repr(vars(journal._server))):
            assert "s3cret" not in shown
    assert journal.place == f"postgresql://guarded@{guarded}/postgres"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://me:{PASSWORD}@host/films",
        "postgresql://me:s3cret/x@host/films",
        "postgresql://me:s3cret@host:port/films",
        "postgresql://me:s3cret@[host/films",
        "postgresql://me:s3cret@host/films?colour=red",
    ],
)
def test_an_address_that_cannot_be_read_is_not_quoted(url: str) -> None:
    with pytest.raises(JournalError) as caught:
        PostgresJournal(url)
    assert "written as %XX" in str(caught.value)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    frames = [frame.locals for frame in shown.stack if frame.filename != __file__]
    assert len(frames) > 1
    for text in (str(caught.value), repr(caught.value.__context__), repr(frames)):
        assert "s3cret" not in text


def test_a_database_that_is_not_there(postgres: Cluster) -> None:
    refused(postgres.url("nothing_here"), "nothing_here")


def test_a_job_that_is_gone_is_not_sent(journal: PostgresJournal, url: str) -> None:
    """The database was restored from a copy, for example: there, the job may be sent, too."""
    task = journal.add(make_task(), "mine")
    with psycopg.connect(url) as connection:
        connection.execute("DELETE FROM rushes_tasks")
    with pytest.raises(JournalError, match="task kite is no longer in postgresql://"):
        journal.save(after(task, state="sending"), "mine")
    bought = after(task, state="queued", receipt=Receipt("c-1"))
    journal.save(bought, "mine")
    assert journal.find("kite") == [bought]


def test_a_search_path_that_leads_nowhere(postgres: Cluster) -> None:
    refused(postgres.url(path="nowhere"), "leads to no schema", "Create the schema")


def test_rights_that_are_missing(guarded: str, url: str, postgres: Cluster) -> None:
    schema = postgres.new_schema()
    postgres.execute(f"GRANT USAGE ON SCHEMA {schema} TO guarded")
    url = f"postgresql://guarded:{QUOTED}@{guarded}/postgres?options=-csearch_path%3D{schema}"
    refused(url, "lacks a right", "GRANT CREATE ON SCHEMA")


def test_a_database_that_is_read_only(postgres: Cluster, url: str) -> None:
    """As a standby server is; a transaction that asks to write is refused there, too."""
    with closing(PostgresJournal(url)) as journal:
        task = journal.add(make_task())
    reading = f"{url}%20-cdefault_transaction_read_only%3Don"
    with closing(PostgresJournal(reading)) as journal:
        assert journal.tasks() == [task]
    refused(f"{postgres.empty()}%20-cdefault_transaction_read_only%3Don", "read-only", "primary")


def test_a_newer_database_is_left_alone(postgres: Cluster) -> None:
    schema = postgres.new_schema()
    url = postgres.url(path=schema)
    with closing(PostgresJournal(url)) as journal:
        journal.add(make_task())
    postgres.execute(f"UPDATE {schema}.rushes_journal SET version = 99")
    with closing(PostgresJournal(url)) as journal:
        for use in (journal.tasks, lambda: journal.add(make_task("dune"))):
            with pytest.raises(JournalError, match=r"version 99.*up to version 4.*Upgrade"):
                use()
    assert postgres.execute(f"SELECT count(*) FROM {schema}.rushes_tasks") == [(1,)]


def test_beside_a_newer_process_nothing_new_is_begun(postgres: Cluster) -> None:
    """A receipt is still written: it was paid for."""
    schema = postgres.new_schema()
    with closing(PostgresJournal(postgres.url(path=schema))) as journal:
        task, bird = (journal.add(make_task(name, fingerprint=name)) for name in ("kite", "bird"))
        task = journal.claim("kite", "mine") or task
        journal.save(after(task, state="sending"), "mine")
        postgres.execute(f"UPDATE {schema}.rushes_journal SET version = 99")
        assert journal.take_up(bird.variant, "bird", "mine") == bird
        for use in (
            lambda: journal.save(after(bird, state="sending"), "mine"),
            lambda: journal.add(make_task("dune"), "mine"),
            lambda: journal.admit("dune", "acme/1"),
            lambda: journal.admit("dune", "acme/1", 3, 1.0),
            lambda: journal.purge(1e12),
        ):
            with pytest.raises(JournalError, match=r"version 99.*up to version 4.*Upgrade"):
                use()
        queued = after(task, state="queued", receipt=Receipt("c-1"))
        journal.save(queued, "mine")
        postgres.execute(f"UPDATE {schema}.rushes_journal SET version = {len(MIGRATIONS)}")
        assert {each.id: each for each in journal.tasks()} == {"kite": queued, "bird": bird}


def test_tasks_of_version_3_are_found_by_their_remote_ids(url: str) -> None:
    records = {
        "one": msgspec.json.encode(make_task("one", call=None, receipt=Receipt("c-1"))),
        "none": msgspec.json.encode(make_task("none", call=None)),
        "broken": b"{",
    }
    with closing(Server(url, MIGRATIONS[:3]).open()) as connection:
        for name, record in records.items():
            connection.execute(
                "INSERT INTO rushes_tasks (id, variant, client_id, state, unfinished, created_at, "
                "updated_at, fingerprint, record) "
                "VALUES (%s, 'acme/zoom', %s, 'queued', true, 1, 1, '', %s)",
                (name, name, record),
            )
    with closing(PostgresJournal(url)) as journal:
        found = journal.with_remote_id("acme", "c-1")
        assert found is not None
        assert found.id == "one"
        assert list(journal.unreadable()) == ["broken"]


def test_a_database_of_another_encoding_is_refused(postgres: Cluster) -> None:
    with suppress(psycopg.errors.DuplicateDatabase):
        postgres.execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    url = postgres.url("latin")
    message = "as LATIN1, not as UTF8; create one"
    with closing(PostgresJournal(url)) as journal, pytest.raises(JournalError, match=message):
        journal.add(make_task())


def test_what_no_text_can_be(journal: PostgresJournal) -> None:
    with pytest.raises(JournalError, match="contains NUL"):
        journal.add(make_task(client_id="a\0b"))
    with pytest.raises(JournalError, match="cannot be written as JSON"):
        journal.add(make_task(client_id="\ud800"))
    task = journal.add(make_task(error="a\0b"))
    assert journal.tasks() == [task]


def test_what_cannot_be_read_is_discarded_by_its_raw_record(postgres: Cluster) -> None:
    """Only as it was seen, only if nobody holds it, and no task that can be read."""
    schema = postgres.new_schema()
    url = postgres.url(path=schema)
    with closing(PostgresJournal(url)) as journal, closing(PostgresJournal(url)) as other:
        damage = f"UPDATE {schema}.rushes_tasks SET record = '\\xff7b' WHERE id = 'kite'"
        discard_what_cannot_be_read(journal, other, lambda: postgres.execute(damage))


def test_an_unreadable_record_does_not_block_other_tasks(postgres: Cluster) -> None:
    schema = postgres.new_schema()
    with closing(PostgresJournal(postgres.url(path=schema))) as journal:
        dune, _ = journal.add(ended(make_task("dune"))), journal.add(ended(make_task()))
        postgres.execute(f"UPDATE {schema}.rushes_tasks SET record = '[]' WHERE id = 'kite'")
        for use in (
            lambda: journal.find("kite"),
            lambda: journal.with_client_id("acme", "kite"),
            lambda: journal.add(make_task()),
            lambda: journal.save(make_task()),
            lambda: journal.claim("kite", "c"),
        ):
            with pytest.raises(JournalError, match=r"'kite' that .*cannot read .*upgrade"):
                use()
        assert journal.tasks() == [dune]
        assert list(journal.unreadable()) == ["kite"]
        assert journal.purge(3000.0) == 1
        assert list(journal.unreadable()) == ["kite"]


# What is written


def test_writes_are_on_the_servers_disk_before_they_return(journal: PostgresJournal) -> None:
    def settings(connection: psycopg.Connection[tuple[str, ...]]) -> list[str]:
        names = ("synchronous_commit", "transaction_isolation", "transaction_read_only")
        rows = [connection.execute(f"SHOW {name}".encode()).fetchone() for name in names]
        return [row[0] for row in rows if row]

    assert journal._store.write(settings) == ["on", "read committed", "off"]


def test_many_writes_at_once_share_transactions(
    journal: PostgresJournal, other: PostgresJournal
) -> None:
    names = [f"t{number:03}" for number in range(450)]
    begun = [journal.begin("add", make_task(name), "mine") for name in names]
    assert all(future.result(60) for future in begun)
    assert sorted(task.id for task in other.tasks()) == names
    numbers = journal._store.write(
        lambda connection: connection.execute(
            "SELECT count(DISTINCT xmin::text) FROM rushes_tasks"
        ).fetchall()
    )
    assert numbers[0][0] < 20


def test_progress_is_written_with_the_next_write(
    journal: PostgresJournal, other: PostgresJournal
) -> None:
    tasks = [journal.add(make_task(name, state="queued"), "mine") for name in ("kite", "dune")]
    moved = [after(task, progress=7.0, looked_at=2.0, updated_at=2000.0) for task in tasks]
    assert all(journal.note(task, "mine") for task in moved)
    assert other.find("kite") == [tasks[0]]
    assert journal.find("kite") == [moved[0]]  # its own reading writes it first
    assert [other.find(task.id) for task in tasks] == [[task] for task in moved]
    assert journal.note(after(moved[0], progress=8.0), "mine")
    other.save(after(moved[0], state="lost"))  # without a claim
    assert journal.find("kite") == [after(moved[0], state="lost")]
    assert not journal.note(after(moved[0], state="in_progress"), "mine")


def test_a_finished_task_is_one_row(postgres: Cluster) -> None:
    schema = postgres.new_schema()
    with closing(PostgresJournal(postgres.url(path=schema))) as journal:
        task = journal.add(make_task(), "mine")
        for state in ("sending", "queued", "in_progress"):
            journal.save(after(task, state=state), "mine")
        journal.save(ended(task), "mine")
        states = ["recorded", "sending", "queued", "in_progress", "completed"]
        assert [was.state for was in journal.history("kite")] == states
        journal.save(after(ended(task), file=None), "mine")  # unfinished again
        assert [was.state for was in journal.history("kite")] == states
        assert journal.find("kite") == [after(ended(task), file=None)]
        journal.save(ended(task), "mine")
    for table in ("history", "calls", "holders"):
        assert postgres.execute(f"SELECT * FROM {schema}.rushes_{table}") == []


@pytest.mark.parametrize(
    ("limits", "index"),
    [
        ("", "by_age"),
        ("WHERE (created_at, id) < (5.0, 'x')", "by_age"),
        ("WHERE variant = 'acme/zoom' AND created_at >= 1.0", "by_variant"),
        ("WHERE unfinished", "unfinished"),
    ],
)
def test_a_page_is_read_along_an_index(journal: PostgresJournal, limits: str, index: str) -> None:
    journal.add(make_task())
    order = "ORDER BY created_at DESC, id DESC LIMIT 9"
    query = f"EXPLAIN SELECT id FROM rushes_tasks {limits} {order}"

    def plan(connection: psycopg.Connection[tuple[str, ...]]) -> str:
        connection.execute("SET LOCAL enable_seqscan = off")
        connection.execute("SET LOCAL enable_sort = off")
        return " ".join(row[0] for row in connection.execute(query.encode()))

    assert f"Backward using rushes_tasks_{index}" in journal._store.write(plan)


def test_a_remote_id_is_found_along_its_index(journal: PostgresJournal) -> None:
    journal.add(make_task(receipt=Receipt("c-1")))
    query = "EXPLAIN SELECT id FROM rushes_tasks WHERE remote_id = 'c-1' ORDER BY created_at DESC"

    def plan(connection: psycopg.Connection[tuple[str, ...]]) -> str:
        connection.execute("SET LOCAL enable_seqscan = off")
        return " ".join(row[0] for row in connection.execute(query.encode()))

    assert "rushes_tasks_by_remote_id" in journal._store.write(plan)


def test_the_newest_news_is_kept(journal: PostgresJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rushes._journal.postgres.news.KEPT_NEWS", 3)
    for number in range(5):
        assert journal.tell("acme", f"c-{number}", "event")
    for _ in range(5):  # what is repeated ages nothing
        assert not journal.tell("acme", "c-4", "event")
    assert journal.tell("acme", "c-4", "another")
    assert [name for _, name in journal.news(0)[1]] == ["c-3", "c-4", "c-4"]


# Several processes


def test_two_processes_never_own_a_task_at_once(
    journal: PostgresJournal, url: str, processes: Processes
) -> None:
    """They make the tables at the same time, and take turns at a task."""
    rivals = [processes.start("compete", url, "kite", 60) for _ in range(2)]
    for rival in rivals:
        assert read_line(rival) == "ready"
    journal.add(make_task(progress=0.0))
    for rival in rivals:
        assert rival.stdin
        rival.stdin.write("go\n")
        rival.stdin.flush()
    for rival in rivals:
        assert rival.communicate(timeout=300)[1] == ""
    assert journal.tasks()[0].progress == 120


def test_the_claims_of_a_process_that_ended_here_are_void_at_once(
    journal: PostgresJournal, url: str, processes: Processes
) -> None:
    task = journal.add(make_task())
    owner = processes.start("own", url, task.id)
    assert read_line(owner) == "held"
    assert journal.claim(task.id, "mine") is None
    owner.send_signal(signal.SIGSTOP)
    assert journal.claim(task.id, "mine") is None
    owner.kill()
    owner.wait()
    assert journal.claim(task.id, "mine") == task


def test_a_killed_writer_loses_nothing_that_it_reported(
    journal: PostgresJournal, url: str, processes: Processes
) -> None:
    writer = processes.start("write", url)
    lines = [read_line(writer) for _ in range(9)]
    writer.kill()
    assert writer.stdout
    lines += writer.stdout.read().splitlines()
    reported = dict(line.split() for line in lines if len(line.split()) == 2)
    recorded: dict[str, str] = {task.id: task.state for task in journal.tasks()}
    ahead = [name for name in reported if recorded.get(name) != reported[name]]
    assert [(reported[name], recorded.get(name)) for name in ahead] in (
        [], [("recorded", "sending")],
    )  # fmt: skip


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_parent_and_child_continue_after_a_fork(url: str, processes: Processes) -> None:
    out, error = processes.start("fork", url).communicate(timeout=300)
    assert error == ""
    assert out.splitlines() == [
        "child: lost",
        "child: None dune",
        "child: ['kite', 'dune']",
        "parent: renews",
        "parent: ['kite', 'dune']",
        "parent: dune",
        "parent: sending",
    ]


# Outages


@pytest.fixture
def server(postgres: Cluster) -> Iterator[Cluster]:
    """Lend the server of this process; it runs again when the test ends."""
    yield postgres
    postgres.stop()
    postgres.start()


def while_down(server: Cluster, use: Callable[[], object]) -> list[object]:
    """Use something while the server is down; it comes back only after that was noticed."""
    noticed, outcome = threading.Event(), list[object]()

    def run() -> None:
        try:
            outcome.append(use())
        except Exception as error:  # noqa: BLE001 - returned
            outcome.append(error)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rushes._journal.postgres.server.log.warning", lambda *_, **__: noticed.set())
        server.stop(signal.SIGQUIT)
        thread = threading.Thread(target=run)
        thread.start()
        assert noticed.wait(60)
        server.start()
        thread.join()
    return outcome


def test_writes_and_reads_wait_for_a_server_that_restarts(
    server: Cluster, journal: PostgresJournal
) -> None:
    task = journal.add(make_task(), "mine")
    assert journal.tasks() == [task]
    queued = after(task, state="queued")
    assert while_down(server, lambda: journal.save(queued, "mine")) == [None]
    assert while_down(server, journal.tasks) == [[queued]]
    journal.save(after(task, state="in_progress"), "mine")
    states = ["recorded", "queued", "in_progress"]
    assert [was.state for was in journal.history("kite")] == states


def test_a_connection_that_was_closed_while_idle_is_made_again(
    server: Cluster, journal: PostgresJournal
) -> None:
    task = journal.add(make_task(), "mine")
    journal.tasks()
    server.stop()
    server.start()
    journal.save(after(task, state="queued"), "mine")
    assert journal.tasks() == [after(task, state="queued")]


def test_news_of_an_outage_is_heard_after_it(server: Cluster, url: str) -> None:
    """A connection that listens is made again, and what was told meanwhile is in the table."""
    heard = threading.Semaphore(0)
    with closing(PostgresJournal(url)) as listening, closing(PostgresJournal(url)) as journal:
        stop = listening.listen(heard.release)
        try:
            assert heard.acquire(timeout=60)
            server.stop()
            server.start()
            assert journal.tell("acme", "c-1")
            told: list[tuple[str, str]] = []
            while not told:
                assert heard.acquire(timeout=60), "nobody listens any more"
                _, told = listening.news(0)
            assert told == [("acme", "c-1")]
            while heard.acquire(blocking=False):
                pass
            journal.tell("acme", "c-2")
            assert heard.acquire(timeout=60)
        finally:
            stop()


def test_who_listens_hears_with_many_files_open(journal: PostgresJournal) -> None:
    """A worker has thousands of connections; select(2) knows 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    heard = threading.Semaphore(0)
    with ExitStack() as opened:
        opened.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(1100):
            opened.enter_context(Path(os.devnull).open("rb"))
        opened.callback(journal.listen(heard.release))
        assert heard.acquire(timeout=60)
        assert journal.tell("acme", "c-1")
        assert heard.acquire(timeout=60), "nobody listens"


def test_who_listens_stops_while_the_server_is_down(
    server: Cluster, journal: PostgresJournal
) -> None:
    heard = threading.Semaphore(0)
    stop = journal.listen(heard.release)
    assert heard.acquire(timeout=60)
    server.stop()
    stop()
    server.start()
    assert not [each for each in threading.enumerate() if each.name == "rushes-listening"]


def test_a_forked_child_closes_the_connection_that_listens(journal: PostgresJournal) -> None:
    heard = threading.Semaphore(0)
    stop = journal.listen(heard.release)
    assert heard.acquire(timeout=60)
    (listening,) = _all
    child = os.fork()
    if child == 0:
        try:
            os.fstat(listening._fileno or -1)
        except OSError:
            os._exit(0)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    journal.tell("acme", "c-1")
    assert heard.acquire(timeout=60)
    stop()


def test_an_outage_that_lasts_is_reported(
    server: Cluster, journal: PostgresJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = journal.add(make_task(), "mine")
    monkeypatch.setattr("rushes._journal.postgres.server.OUTAGE", 0.3)
    server.stop()
    for use in (lambda: journal.save(task, "mine"), journal.tasks):
        with pytest.raises(JournalError, match=r"cannot be (used|reached).*nothing is sent"):
            use()
    server.start()
    journal.save(after(task, state="queued"), "mine")
    assert not journal.note(after(task, progress=1.0), "mine")  # it knows what is recorded


@pytest.mark.parametrize(
    "method", ["add", "claim", "take_up", "take_up_or_add", "save", "conclude", "release"]
)
def test_a_write_whose_commit_got_no_answer_is_done_once(
    url: str, other: PostgresJournal, method: str
) -> None:
    """The connection breaks after the commit; doing it again changes nothing more."""
    with closing(PostgresJournal(url)) as journal:
        task = make_task(fingerprint="f")
        if method in ("save", "conclude", "release"):
            task = journal.add(task, "mine")
        elif not method.endswith("add"):
            task = journal.add(task)
        sent = after(task, state="sending")
        arguments: dict[str, tuple[object, ...]] = {
            "add": (task, "mine"),
            "claim": ("kite", "mine"),
            "take_up": ("acme/zoom", "f", "mine"),
            "take_up_or_add": (task, "mine"),
            "save": (sent, "mine"),
            "conclude": (sent, "mine"),
            "release": ("mine",),
        }
        real: Any = psycopg.Connection.execute
        broken: list[bool] = []

        def breaking(self: object, query: object, *given: object, **more: object) -> object:
            done = real(self, query, *given, **more)
            if query == "COMMIT" and not broken:
                broken.append(True)
                raise psycopg.OperationalError("the connection is lost")
            return done

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(psycopg.Connection, "execute", breaking)
            outcome = journal.begin(method, *arguments[method]).result(60)
        assert broken
        if method == "add":
            assert outcome is task
        elif method == "take_up_or_add":
            assert (outcome[0] is task, outcome[1]) == (True, True)
        elif method in ("claim", "take_up"):
            assert outcome == task
        owned = method not in ("conclude", "release")
        assert (other.claim("kite", "yours") is None) == owned
        if owned:
            journal.save(sent, "mine")
            assert [was.state for was in journal.history("kite")] == ["recorded", "sending"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (("settle", "a\0b", "purse", 1.0), "NUL"),
        (("settle", "dune", "purse", 1e30), "out of range"),
        (("add", make_task("dune", client_id=random.Random(1).randbytes(9000).hex())), "size"),
    ],
)
def test_an_error_of_the_database_concerns_its_write_alone(
    journal: PostgresJournal, other: PostgresJournal, wrong: tuple[object, ...], message: str
) -> None:
    """What was paid for is recorded, whatever is written beside it."""
    task = journal.add(make_task(), "mine")
    sending = after(task, state="sending")
    queued = after(task, state="queued", receipt=Receipt("c-1"))
    before, failed, receipt, bird = together(
        journal,
        ("save", sending, "mine"),
        wrong,
        ("save", queued, "mine"),
        ("add", make_task("bird"), "mine"),
    )
    assert isinstance(failed, JournalError)
    assert message in str(failed)
    assert "Correct or shorten the value" in str(failed)
    assert (failed.__cause__, failed.__context__) == (None, None)
    assert (before, receipt) == (None, None)
    assert other.history("kite") == [after(task, call=queued.call), sending, queued]
    assert other.find("bird") == [bird]
    assert (other.find("dune"), other.spent("purse")) == ([], 0.0)
    assert all(other.claim(name, "yours") is None for name in ("kite", "bird"))


def test_a_database_that_is_lost_is_not_sought_for_each_write(
    journal: PostgresJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.add(make_task())

    def break_off(connection: psycopg.Connection[object]) -> None:
        connection.close()
        connection.execute("")

    sought: list[object] = []
    running, go_on = threading.Event(), threading.Event()

    def connect(*_given: object, **_more: object) -> None:
        sought.append(1)
        running.set()
        go_on.wait(60)
        raise psycopg.OperationalError("the network is gone")

    monkeypatch.setattr("rushes._journal.postgres.server.OUTAGE", -1.0)
    monkeypatch.setattr(psycopg, "connect", connect)
    with pytest.raises(JournalError):
        journal._store.write(break_off)
    begun = [journal.begin("add", make_task("bird"))]
    assert running.wait(60)
    begun += [journal.begin("add", make_task(name)) for name in ("dune", "fish", "gull")]
    go_on.set()
    for each in begun:
        with pytest.raises(JournalError, match="cannot be reached"):
            each.result(60)
    assert len(sought) == 2


def test_an_error_that_stays_is_not_the_beginning_of_an_outage(
    journal: PostgresJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that breaks two minutes later is waited for as any other."""
    with pytest.raises(JournalError, match="out of range"):
        journal.settle("kite", "purse", 1e30)
    later, real = time.monotonic() + 120, cast("Any", psycopg.Connection.execute)
    monkeypatch.setattr(
        "rushes._journal.postgres.server.time",
        SimpleNamespace(monotonic=lambda: later, sleep=time.sleep),
    )
    broken: list[object] = []

    def breaking(self: object, query: object, *given: object, **more: object) -> object:
        if query == "COMMIT" and not broken:
            broken.append(query)
            raise psycopg.OperationalError("the connection is lost")
        return real(self, query, *given, **more)

    monkeypatch.setattr(psycopg.Connection, "execute", breaking)
    assert journal.add(make_task()) == journal.find("kite")[0]
    assert broken


def test_two_transactions_that_block_each_other_are_both_done(
    journal: PostgresJournal, other: PostgresJournal
) -> None:
    """PostgreSQL ends one of them after a second; it is done again."""
    for name in ("kite", "dune"):
        journal.add(make_task(name))
    meet = threading.Barrier(2)

    def change(each: PostgresJournal, *names: str) -> None:
        def work(connection: psycopg.Connection[tuple[object, ...]]) -> None:
            for number, name in enumerate(names):
                query = "UPDATE rushes_tasks SET version = version + 1 WHERE id = %s"
                connection.execute(query, (name,))
                if number == 0:
                    with suppress(threading.BrokenBarrierError):
                        meet.wait(30)
                    meet.abort()  # only the first time

        each._store.write(work)

    threads = [
        threading.Thread(target=change, args=(journal, "kite", "dune")),
        threading.Thread(target=change, args=(other, "dune", "kite")),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    versions = journal._store.read(
        lambda connection: connection.execute("SELECT version FROM rushes_tasks").fetchall()
    )
    assert versions == [(2,), (2,)]


# Leases


def test_a_lease_is_renewed_beside_the_writes(
    url: str, other: PostgresJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even while the writing thread is busy."""
    monkeypatch.setattr("rushes._journal.postgres.journal.RENEWED", 0.05)
    with closing(PostgresJournal(url)) as mine:
        task = mine.add(make_task(), "mine")
        go, busy = threading.Event(), threading.Event()

        def block(_connection: object) -> None:
            busy.set()
            go.wait(60)

        thread = threading.Thread(target=mine._store.write, args=(block,))
        thread.start()
        assert busy.wait(60)
        until = "UPDATE rushes_holders SET until = '2020-01-01' RETURNING 1"
        left = "SELECT extract(epoch FROM until - clock_timestamp()) FROM rushes_holders"
        other._store.write(lambda connection: connection.execute(until.encode()).fetchall())
        seen = 0.0
        while seen <= LEASE - 5:
            seen = float(
                other._store.read(lambda connection: connection.execute(left.encode()).fetchall())[
                    0
                ][0]
            )
        go.set()
        thread.join()
        mine.save(after(task, state="sending"), "mine")


def test_what_was_taken_over_in_a_gap_is_not_held(
    url: str, other: PostgresJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also not once the lease is valid again: each task is looked at before that is said of it."""
    now = [1000.0]
    monkeypatch.setattr("rushes._journal.postgres.journal.since_boot", lambda: now[0])
    monkeypatch.setattr("rushes._journal.postgres.journal.RENEWED", 3600.0)
    with closing(PostgresJournal(url)) as mine:
        kite, dune = (mine.add(make_task(name), "mine") for name in ("kite", "dune"))
        assert mine.holds("kite", "mine")
        assert not mine.holds("kite", "yours")
        assert not other.holds("kite", "mine")
        now[0] += LEASE
        assert not mine.holds("kite", "mine")
        taken = "UPDATE rushes_tasks SET claim = 'yours' WHERE id = 'kite'"
        other._store.write(lambda connection: connection.execute(taken.encode()))
        mine.add(make_task("gull"), "mine")  # this renews the lease
        held = [mine.holds(name, "mine") for name in ("gull", "kite", "dune")]
        assert held == [True, False, False]
        with pytest.raises(ClaimLost):
            mine.save(kite, "mine")
        mine.save(dune, "mine")
        assert [mine.holds(name, "mine") for name in ("kite", "dune")] == [False, True]


def test_progress_is_written_though_nothing_else_is(
    url: str, other: PostgresJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rushes._journal.postgres.journal.RENEWED", 0.05)
    with closing(PostgresJournal(url)) as mine:
        task = mine.add(make_task(state="queued"), "mine")
        assert mine.note(after(task, progress=7.0), "mine")
        while other.find("kite")[0].progress != 7.0:
            pass  # nothing but reading shows it


def test_a_process_suspended_in_a_transaction_keeps_nobody_waiting(
    url: str, other: PostgresJournal
) -> None:
    with closing(PostgresJournal(url)) as journal:
        task = journal.add(make_task(), "mine")
        go, busy = threading.Event(), threading.Event()

        def asleep(connection: psycopg.Connection[tuple[object, ...]]) -> None:
            connection.execute("SET LOCAL idle_in_transaction_session_timeout = '200ms'")
            connection.execute("UPDATE rushes_tasks SET state = state")
            busy.set()
            go.wait(60)

        thread = threading.Thread(target=journal._store.write, args=(asleep,))
        thread.start()
        assert busy.wait(60)
        assert other.claim("kite", "yours") is None  # at once
        assert other.add(make_task("dune"), "yours").id == "dune"
        other.save(after(task, state="lost"))  # waits until the server ends that transaction
        go.set()
        thread.join()
        with pytest.raises(ClaimLost):
            other.save(task, "yours")


# How it is chosen


def test_a_client_takes_an_address(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Client(journal=url) as client:
        assert client.tasks() == []
    with closing(PostgresJournal(url)) as journal:
        task = journal.add(make_task())
    monkeypatch.setenv("RUSHES_JOURNAL", url)
    with Client() as client:
        assert client.tasks() == [task]
    with Client(journal=None) as client, pytest.raises(JournalError, match="keeps no journal"):
        client.tasks()


@pytest.mark.parametrize("named", ["RUSHES_JOURNAL", "the argument journal"])
def test_another_address_is_refused(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    address = "mysql://me:s3cret@host/films"
    if named == "RUSHES_JOURNAL":
        monkeypatch.setenv("RUSHES_JOURNAL", address)
    else:
        given = {"journal": address}
    with pytest.raises(ConfigurationError, match=f"{named} is not the address.*postgresql://") as e:
        Client(**given)
    assert "s3cret" not in str(e.value)


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    for name in [name for name in sys.modules if name.startswith("rushes._journal.postgres.")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ConfigurationError, match=r"pip install 'rushes\[postgres\]'"):
        Client(journal="postgresql://me@host/films")


def test_an_unclosed_client_closes_its_journal(url: str) -> None:
    client = Client(journal=url)
    client.tasks()
    with pytest.warns(ResourceWarning, match="unclosed"):
        client.__del__()
    client.close()
