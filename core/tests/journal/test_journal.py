"""The conformance kit for journals on ours, and on one without a database."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from journal_memory import Memory, MemoryJournal, SteppingJournal
from postgres_cluster import Cluster
from rushes import Journal, PostgresJournal, SQLiteJournal
from rushes._journal.postgres.leases import UNBROKEN
from rushes.testing import JournalConformance

EXAMPLES = settings().max_examples


class TestSQLite(JournalConformance):
    leases = True
    walks = EXAMPLES // 2  # disks are slow
    now = 1000.0

    @pytest.fixture(autouse=True)
    def without_renewals(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("rushes._journal.sqlite.RENEWED", 3600.0)

    def opener(self, folder: Path) -> Callable[[], Journal]:
        return lambda: SQLiteJournal(folder / "home" / "journal.db", clock=lambda: self.now)

    def advance(self, seconds: float) -> None:
        self.now += seconds

    def test_a_clock_that_is_set_back_stops_no_submit(
        self, open_journal: Callable[[], SQLiteJournal], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        journal = open_journal()
        hours = [5.0]
        monkeypatch.setattr("rushes._journal.sqlite.time.time", lambda: hours[0] * 3600)
        check_a_clock_that_is_set_back(journal, lambda: hours.append(hours.pop() - 1))


def check_a_clock_that_is_set_back(
    journal: SQLiteJournal | PostgresJournal, set_back: Callable[[], None]
) -> None:
    """Set it back by an hour; nobody waits for an hour."""
    assert journal.admit("one", "acme/key", per_second=0.1) == 0
    journal.slow("acme/other", 60.0)
    assert 0 < journal.admit("two", "acme/key", per_second=0.1) <= 10
    set_back()
    assert journal.admit("two", "acme/key", per_second=0.1) == 0
    assert 0 < journal.admit("three", "acme/key", per_second=0.1) <= 10
    journal.slow("acme/other", 30.0)
    assert 0 < journal.admit("three", "acme/other") <= 30


class TestMemory(JournalConformance):
    def opener(self, folder: Path) -> Callable[[], Journal]:
        memory = Memory()
        return lambda: MemoryJournal(memory)


class TestStepping(JournalConformance):
    """One that does in one step what else takes two."""

    def opener(self, folder: Path) -> Callable[[], Journal]:
        memory = Memory()
        return lambda: SteppingJournal(memory)


class TestPostgres(JournalConformance):
    """The database's clock is moved: its name leads to a function of ours."""

    leases = True
    unbroken = UNBROKEN
    walks = EXAMPLES // 12  # each statement is answered by another process

    @pytest.fixture(autouse=True)
    def with_a_clock(self, postgres: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("rushes._journal.postgres.journal.RENEWED", 3600.0)
        self.postgres = postgres
        self.clock = postgres.new_schema()
        postgres.execute(
            f"CREATE TABLE {self.clock}.time AS SELECT 0::double precision AS passed",
            f"CREATE FUNCTION {self.clock}.clock_timestamp() RETURNS timestamptz VOLATILE "
            "LANGUAGE sql AS $$ SELECT '2026-01-01Z'::timestamptz "
            f"+ make_interval(secs => passed) FROM {self.clock}.time $$",
        )

    def opener(self, folder: Path) -> Callable[[], Journal]:
        schema = self.postgres.new_schema()
        url = self.postgres.url(path=f"{schema},{self.clock},pg_catalog")
        return lambda: PostgresJournal(url)

    def advance(self, seconds: float) -> None:
        self.postgres.execute(f"UPDATE {self.clock}.time SET passed = passed + {seconds}")

    def test_a_clock_that_is_set_back_stops_no_submit(
        self, open_journal: Callable[[], PostgresJournal]
    ) -> None:
        check_a_clock_that_is_set_back(open_journal(), lambda: self.advance(-3600))
