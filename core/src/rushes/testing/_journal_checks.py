"""The conformance kit for journals: subclass it and open yours, and it is tested."""

import math
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from rushes.errors import JournalError
from rushes.journal import LEASE, ClaimLost, Journal, Limits, News, Purses
from rushes.task import Receipt, Task
from rushes.testing._example_tasks import after, ended, make_task
from rushes.testing._journal_walk import Walk
from rushes.testing._under_test import HIDDEN

__tracebackhide__ = HIDDEN
Opener = Callable[[], Journal]


class JournalConformance:
    """Everything that a journal must do, tested on yours.

        class TestMine(JournalConformance):
            def opener(self, folder):
                path = folder / "tasks.db"
                return lambda: MyJournal(path)

    Two journals that are opened at one place stand for two processes: neither knows what the other
    holds in its memory, and the claims of one end only with its `close`, or with their lease.
    """

    leases: ClassVar[bool] = False
    """Whether claims can expire while the journal is open, and `advance` lets time pass for it."""
    unbroken: ClassVar[float] = 0.0
    """Seconds for which a journal must have kept its own lease before it takes over from others."""
    walks: ClassVar[int | None] = None
    """How many random walks are tried; None for as many as Hypothesis's profile has examples."""

    def opener(self, folder: Path) -> Opener:
        """Return a function that opens your journal at a new place, as often as it is called.

        `folder` is empty and belongs to this place. The kit closes what it opens.
        """
        raise NotImplementedError("say how your journal is opened")

    def advance(self, seconds: float) -> None:
        """Let time pass for every place of this test; needed if `leases`.

        The journals must not renew their leases by themselves meanwhile.
        """
        raise NotImplementedError("let time pass for your journal, or leave `leases` False")

    @pytest.fixture
    def open_journal(self, tmp_path: Path) -> Iterator[Opener]:
        """Open the journal of a test as often as it likes."""
        place = tmp_path / "place"
        place.mkdir()
        opened, opener = list[Journal](), self.opener(place)

        def open_journal() -> Journal:
            opened.append(opener())
            return opened[-1]

        yield open_journal
        for journal in opened:
            journal.close()

    @pytest.fixture
    def journal(self, open_journal: Opener) -> Journal:
        """Open the journal of a test."""
        return open_journal()

    def test_add_returns_a_new_task_itself_and_a_known_one_as_recorded(
        self, journal: Journal, open_journal: Opener
    ) -> None:
        task = make_task()
        assert journal.add(task, "mine") is task
        journal.save(after(task, state="sending"), "mine")
        for again in (journal, open_journal()):
            known = again.add(make_task(created_at=1.0), "other")
            assert known == after(task, state="sending")
        assert len(journal.history(task.id)) == 2

    def test_a_client_id_is_unique_per_provider(self, journal: Journal) -> None:
        first = journal.add(make_task("one", client_id="c"))
        assert journal.add(make_task("two", client_id="c")) == first
        elsewhere = make_task("three", client_id="c", variant="other/zoom")
        assert journal.add(elsewhere) is elsewhere
        assert journal.with_client_id("acme", "c") == first
        assert journal.with_client_id("other", "c") == elsewhere
        assert journal.with_client_id("acme", "three") is None

    def test_a_reference_takes_precedence_over_a_client_id(self, journal: Journal) -> None:
        one, two = journal.add(make_task("one")), journal.add(make_task("two"))
        assert journal.add(make_task("two", client_id="one")) == two
        assert journal.add(make_task("three", client_id="one")) == one

    def test_of_concurrent_adds_one_wins_and_all_return_it(self, open_journal: Opener) -> None:
        journals = [open_journal() for _ in range(4)] * 2
        start = threading.Barrier(8)
        tasks = [make_task(created_at=float(number)) for number in range(8)]

        def add(number: int) -> Task:
            start.wait()
            return journals[number].add(tasks[number], f"claim {number}")

        with ThreadPoolExecutor(8) as pool:
            returned = list(pool.map(add, range(8)))
        (winner,) = [number for number in range(8) if returned[number] is tasks[number]]
        assert returned == [tasks[winner]] * 8
        journals[winner].save(tasks[winner], f"claim {winner}")
        with pytest.raises(ClaimLost):
            journals[0].save(tasks[winner], f"claim {(winner + 1) % 8}")

    def test_a_claim_locks_everyone_else_out(self, journal: Journal, open_journal: Opener) -> None:
        other = open_journal()
        task = journal.add(make_task(), "mine")
        assert journal.claim(task.id, "mine") == task
        for each in (journal, other):
            assert each.claim(task.id, "yours") is None
            with pytest.raises(ClaimLost) as caught:
                each.save(after(task, state="sending"), "yours")
            assert caught.value.task_id == task.id
        assert journal.find(task.id) == [task]
        assert other.tasks(unfinished=True) == [task]

    def test_a_released_task_is_claimed_in_its_current_state(
        self, journal: Journal, open_journal: Opener
    ) -> None:
        other = open_journal()
        task = journal.add(make_task(), "mine")
        sent = after(task, state="queued", receipt=Receipt("c-1", memo={"at": [1, None]}))
        journal.save(sent, "mine")
        journal.release("mine")
        with pytest.raises(ClaimLost):
            journal.save(task, "mine")
        assert other.claim(task.id, "yours") == sent
        other.save(after(sent, state="completed"), "yours")
        other.release("yours")
        with pytest.raises(ClaimLost):  # nobody holds it, but this record is outdated
            journal.save(sent, "mine")
        assert journal.tasks()[0].state == "completed"

    def test_one_claim_holds_several_tasks_and_releases_them_together(
        self, journal: Journal
    ) -> None:
        tasks = [journal.add(make_task(name), "mine") for name in ("one", "two")]
        kept = journal.add(make_task("three"), "other")
        journal.release("mine")
        journal.release("mine")
        assert [journal.claim(task.id, "yours") for task in tasks] == tasks
        assert journal.claim(kept.id, "yours") is None

    def test_closing_releases_claims(self, journal: Journal, open_journal: Opener) -> None:
        task = journal.add(make_task(), "mine")
        journal.close()
        journal.close()
        assert open_journal().claim(task.id, "yours") == task
        assert journal.find(task.id) == [task]
        assert journal.claim(task.id, "mine") is None

    def test_an_unsent_job_is_taken_up_once(self, journal: Journal, open_journal: Opener) -> None:
        task = journal.add(make_task(fingerprint="f"), "mine")
        journal.add(make_task("elsewhere", fingerprint="f", variant="acme/pan"))
        journal.add(make_task("other", fingerprint="g"))
        journal.add(make_task("sent", fingerprint="f", state="sending"))
        assert journal.take_up("acme/zoom", "f", "yours") is None
        journal.release("mine")
        assert open_journal().take_up("acme/zoom", "f", "yours") == task
        assert journal.take_up("acme/zoom", "f", "mine") is None
        assert journal.claim(task.id, "mine") is None

    def test_an_abandoned_claim_is_free_again(self, journal: Journal, open_journal: Opener) -> None:
        task = journal.add(make_task(), "mine")
        journal.abandon("mine")
        journal.add(make_task("dune"))  # queued writes are done in order
        assert open_journal().claim(task.id, "yours") == task
        journal.close()
        journal.abandon("mine")

    def test_an_unknown_task_cannot_be_claimed(self, journal: Journal) -> None:
        with pytest.raises(JournalError, match="no task 'kite'"):
            journal.claim("kite", "mine")

    def test_saving_an_unknown_task_records_and_claims_it(self, journal: Journal) -> None:
        task = make_task(state="queued")
        journal.save(task, "mine")
        assert journal.history(task.id) == journal.tasks() == [task]
        assert journal.claim(task.id, "yours") is None
        journal.save(make_task("dune"))
        assert journal.claim("dune", "yours") is not None

    def test_saving_without_a_claim_ignores_claims(self, journal: Journal) -> None:
        task = journal.add(make_task(), "mine")
        journal.save(after(task, state="lost"))
        assert journal.tasks()[0].state == "lost"

    @pytest.mark.parametrize(
        ("reference", "found"),
        [
            ("kite-1", ["kite-1"]),
            ("kite", ["kite-1", "kite-10"]),
            ("kite-2", ["kite-2"]),
            ("kite-10", ["kite-10"]),
            ("Kite", ["Kite"]),
            ("KITE", []),
            ("kite_", []),
            ("%", []),
            ("z", []),
            ("\udc80", []),
            ("ki\0", []),
        ],
    )
    def test_tasks_are_found_by_prefix(
        self, journal: Journal, reference: str, found: list[str]
    ) -> None:
        for name in ("kite-10", "kite-1", "kite-2", "Kite", "dune"):
            journal.add(make_task(name))
        assert [task.id for task in journal.find(reference)] == found

    def test_tasks_are_listed_newest_first(self, journal: Journal) -> None:
        for name, when in (("b", 2.0), ("a", 2.0), ("c", 1.0), ("d", 3.0)):
            journal.add(make_task(name, created_at=when))
        journal.save(ended(make_task("b", created_at=2.0)))
        assert [task.id for task in journal.tasks()] == ["d", "b", "a", "c"]
        assert [task.id for task in journal.tasks(unfinished=True)] == ["d", "a", "c"]

    def test_a_list_has_limits(self, journal: Journal) -> None:
        for name, when in (("b", 2.0), ("a", 2.0), ("c", 1.0), ("d", 3.0)):
            variant = "acme/pan" if name in "ac" else "acme/zoom"
            journal.add(make_task(name, created_at=when, variant=variant))
        journal.save(ended(make_task("b", created_at=2.0)))

        def names(**limits: Any) -> str:
            return "".join(task.id for task in journal.tasks(**limits))

        by_name = {task.id: task for task in journal.tasks()}
        assert names(limit=2) == "db"
        assert names(limit=0) == ""
        assert names(limit=9) == names(since=0.0) == names() == "dbac"
        assert names(since=2.0) == "dba"
        assert names(since=2.5) == "d"
        assert names(variant="acme/pan") == "ac"
        assert names(variant="acme/other") == ""
        assert names(variant="acme/zoom", unfinished=True) == "d"
        assert [names(after=by_name[name]) for name in "dbac"] == ["bac", "ac", "c", ""]
        assert names(after=by_name["b"], since=2.0, unfinished=True, limit=1) == "a"
        assert names(after=make_task("aa", created_at=2.0)) == "ac"  # it need not be there

    def test_a_history_contains_every_change_except_progress(self, journal: Journal) -> None:
        task = journal.add(make_task())
        queued = after(task, state="queued", receipt=Receipt("c-1"), updated_at=1001.0)
        moving = after(queued, state="in_progress", progress=1.0, updated_at=1002.0)
        for now in (queued, moving):
            journal.save(now)
        for percent in range(2, 90):
            moving = after(moving, progress=float(percent), updated_at=1002.0 + percent)
            journal.save(moving)
        assert journal.tasks() == [moving]
        done = ended(moving, 2000.0)
        journal.save(done)
        journal.save(after(done, cost=0.5))
        seen = journal.history(task.id)
        assert [was.state for was in seen] == [
            "recorded", "queued", "in_progress", "completed",
        ]  # fmt: skip
        assert (seen[2].progress, seen[-1].cost) == (1.0, 0.5)
        assert journal.history("nothing") == []

    def test_purge_deletes_finished_tasks_older_than_its_date(self, journal: Journal) -> None:
        old = ended(make_task("old"), 10.0)
        held = ended(make_task("held"), 10.0)
        exact = ended(make_task("exact"), 20.0)
        for task in (old, exact, make_task("unfinished", updated_at=1.0)):
            journal.save(task)
        journal.save(held, "mine")
        fetched = after(ended(make_task("to be fetched"), 10.0), file=None)
        journal.save(fetched)
        assert journal.purge(20.0) == 1
        assert journal.purge(20.0) == 0
        assert {task.id for task in journal.tasks()} == {
            "exact", "held", "to be fetched", "unfinished",
        }  # fmt: skip
        assert journal.history("old") == journal.find("old") == []
        journal.release("mine")
        assert journal.purge(20.0) == 1
        again = make_task("old")
        assert journal.add(again) is again

    def test_a_journal_names_its_place(self, journal: Journal) -> None:
        assert journal.place

    def test_what_a_claim_holds_is_known_at_once(self, open_journal: Opener) -> None:
        journal, other = (self._with("holds", open_journal()) for _ in range(2))
        task = journal.add(make_task(), "mine")
        assert journal.holds(task.id, "mine")
        assert not journal.holds(task.id, "yours")
        assert not journal.holds("dune", "mine")
        assert not other.holds(task.id, "mine")
        journal.save(after(task, state="sending"), "mine")
        assert journal.holds(task.id, "mine")
        journal.release("mine")
        assert not journal.holds(task.id, "mine")

    def test_an_equal_job_is_taken_up_or_the_new_one_added(
        self, journal: Journal, open_journal: Opener
    ) -> None:
        mine, other = self._with("take_up_or_add", journal), open_journal()
        left = mine.add(make_task("left", fingerprint="f"))
        new = make_task("new", fingerprint="f")
        assert mine.take_up_or_add(new, "mine") == (left, True)
        assert other.claim(left.id, "yours") is None
        added, held = mine.take_up_or_add(new, "yours")
        assert (added is new, held) == (True, True)
        assert other.claim(new.id, "other") is None
        assert mine.take_up_or_add(make_task("new", fingerprint="g"), "third") == (new, False)
        mine.save(after(new, state="sending"), "yours")
        assert mine.find("new") == [after(new, state="sending")]

    def test_a_task_is_recorded_and_released_in_one_step(
        self, journal: Journal, open_journal: Opener
    ) -> None:
        mine, other = self._with("conclude", journal), open_journal()
        task, dune = mine.add(make_task(), "mine"), mine.add(make_task("dune"), "mine")
        sent = after(task, state="queued", receipt=Receipt("c-1"))
        with pytest.raises(ClaimLost):
            mine.conclude(sent, "yours")
        assert other.claim(task.id, "other") is None
        mine.conclude(sent, "mine")
        assert [other.claim(name.id, "other") for name in (task, dune)] == [sent, dune]
        assert [was.state for was in mine.history(task.id)] == ["recorded", "queued"]
        with pytest.raises(ClaimLost):
            mine.conclude(after(sent, state="completed"), "mine")
        assert other.find(task.id) == [sent]

    def _with(self, method: str, journal: Any) -> Any:
        if not hasattr(journal, method):
            pytest.skip(f"this journal has no `{method}`; it is optional")
        return journal

    def test_a_lease_expires(self, open_journal: Opener) -> None:
        mine, yours = self._with_leases(open_journal)
        task, dune = mine.add(make_task(), "mine"), yours.add(make_task("dune"), "other")
        for _ in range(3):
            self.advance(LEASE - 1)
            assert yours.claim(task.id, "yours") is None
            mine.save(task, "mine")
            yours.save(dune, "other")
        for _ in range(3):
            self.advance(LEASE / 2)
            yours.save(dune, "other")
        assert yours.claim(task.id, "yours") == task
        with pytest.raises(ClaimLost):
            mine.save(after(task, state="sending"), "mine")
        assert mine.claim(task.id, "mine") is None
        assert mine.find(task.id) == [task]

    def test_a_lease_that_nobody_took_is_renewed(self, open_journal: Opener) -> None:
        mine, yours = self._with_leases(open_journal)
        task = mine.add(make_task(), "mine")
        self.advance(LEASE * 2)
        mine.save(after(task, state="sending"), "mine")
        assert yours.claim(task.id, "yours") is None
        mine.save(after(task, state="queued"), "mine")

    def test_nothing_is_taken_over_by_one_whose_own_lease_has_expired(
        self, open_journal: Opener
    ) -> None:
        """After an outage nobody has renewed a lease; those who live need time to do so."""
        if not self.unbroken:
            pytest.skip("this journal takes over at once")
        mine, yours = self._with_leases(open_journal)
        task, dune = mine.add(make_task(), "mine"), yours.add(make_task("dune"), "other")
        self.advance(LEASE * 2)
        assert yours.claim(task.id, "yours") is None
        assert open_journal().claim(task.id, "third") is None
        self.advance(self.unbroken - 1)
        yours.save(dune, "other")
        assert yours.claim(task.id, "yours") is None
        mine.save(task, "mine")
        self.advance(1)
        assert yours.claim(task.id, "yours") is None
        self.advance(LEASE - 1)
        yours.save(dune, "other")
        self.advance(1)
        assert yours.claim(task.id, "yours") == task

    def _with_leases(self, open_journal: Opener) -> tuple[Journal, Journal]:
        if not self.leases:
            pytest.skip("the claims of this journal do not expire, or its clock is not the kit's")
        return open_journal(), open_journal()

    def test_slots_count_what_the_journal_says(self, open_journal: Opener) -> None:
        journal, limits, theirs = self._with_limits(open_journal)
        for name in ("one", "two"):
            assert theirs.admit(name, "acme/key", slots=2) == 0
        assert limits.admit("three", "acme/key", slots=2) == math.inf
        assert limits.admit("three", "acme/other", slots=2) == 0
        assert limits.admit("one", "acme/key", slots=2) == 0  # it was admitted already
        task = journal.add(make_task("one"))
        for state in ("recorded", "sending", "queued", "in_progress"):
            journal.save(after(task, state=state))
            assert limits.admit("four", "acme/key", slots=2) == math.inf
        journal.save(after(task, state="refused"))
        assert limits.admit("four", "acme/key", slots=2) == 0
        assert theirs.admit("five", "acme/key", slots=2) == math.inf
        assert theirs.admit("five", "acme/key") == 0

    def test_slots_count_what_was_sent_without_being_admitted(self, open_journal: Opener) -> None:
        journal, limits, theirs = self._with_limits(open_journal)
        task = journal.add(make_task("one", state="in_progress"))
        journal.add(make_task("two", state="completed"))
        journal.add(make_task("three", state="in_progress", variant="acme0/zoom"))
        assert theirs.admit("four", "acme/other", slots=2) == 0
        journal.add(make_task("four", state="queued"))
        assert limits.admit("five", "acme/key", slots=1) == math.inf
        assert limits.admit("one", "acme/key", slots=1) == 0  # it has the slot itself
        assert limits.admit("five", "acme/key", slots=2) == 0
        assert limits.admit("six", "acme/key", slots=2) == math.inf
        journal.save(after(task, state="lost"))
        assert limits.admit("six", "acme/key", slots=2) == 0

    def test_what_is_admitted_in_a_second_is_limited(self, open_journal: Opener) -> None:
        _, limits, theirs = self._with_limits(open_journal)
        assert limits.admit("one", "acme/key", per_second=0.001) == 0
        assert 0 < theirs.admit("two", "acme/key", per_second=0.001) <= 1000
        assert limits.admit("two", "acme/other", per_second=1000.0) == 0

    def test_one_who_is_told_to_wait_slows_all(self, open_journal: Opener) -> None:
        _, limits, theirs = self._with_limits(open_journal)
        theirs.slow("acme/key", 500.0)
        theirs.slow("acme/key", 5.0)  # never shortens
        assert 100 < limits.admit("one", "acme/key") <= 500
        assert limits.admit("one", "acme/other") == 0

    def test_of_many_who_ask_at_once_as_many_are_admitted_as_there_are_slots(
        self, open_journal: Opener
    ) -> None:
        _, *several = self._with_limits(open_journal)
        start = threading.Barrier(8)

        def ask(number: int) -> float:
            start.wait()
            return several[number % 2].admit(f"t{number}", "acme/key", slots=3)

        with ThreadPoolExecutor(8) as pool:
            waits = list(pool.map(ask, range(8)))
        assert sorted(waits) == [0.0] * 3 + [math.inf] * 5

    def test_a_purse_gives_no_more_than_it_has(self, open_journal: Opener) -> None:
        purses, theirs = self._with_purses(open_journal)
        assert purses.reserve("one", "purse", None)  # it has no end yet
        assert purses.left("purse") is purses.left("another") is None
        purses.fill("purse", 1.0)
        assert purses.reserve("one", "purse", 0.4)
        assert theirs.reserve("two", "purse", 0.6)
        assert not purses.reserve("three", "purse", 0.000_001)
        assert not purses.reserve("three", "purse", None)
        assert theirs.reserve("one", "purse", 0.3)  # counts once
        assert theirs.spent("purse") == 0.9
        assert (theirs.left("purse"), theirs.left("purse", ["two", "three"])) == (0.1, 0.7)
        theirs.settle("two", "purse", 0.8)  # it cost more
        assert purses.spent("purse") == 1.1
        assert purses.left("purse") == 0.0
        assert not purses.reserve("one", "purse", 0.3)
        purses.settle("two", "purse", 0.0)  # it was refused
        assert purses.reserve("three", "purse", 0.7)
        theirs.fill("purse", 2.0)
        assert purses.reserve("four", "purse", 1.0)
        assert not purses.reserve("five", "purse", 0.1)
        purses.fill("purse", None)
        assert theirs.reserve("five", "purse", 1000.0)
        assert (purses.spent("another"), purses.spent("purse")) == (0.0, 1002.0)

    def test_of_many_who_reserve_at_once_as_many_may_as_can_be_paid(
        self, open_journal: Opener
    ) -> None:
        several = self._with_purses(open_journal)
        several[0].fill("purse", 0.3)
        start = threading.Barrier(8)

        def ask(number: int) -> bool:
            start.wait()
            return several[number % 2].reserve(f"t{number}", "purse", 0.1)

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(ask, range(8))) == 3
        assert several[1].spent("purse") == 0.3

    def test_what_a_purged_task_cost_stays_spent(self, open_journal: Opener) -> None:
        """Another with its reference, which may be used again, counts in addition."""
        purses, _ = self._with_purses(open_journal)
        journal: Any = purses
        purses.fill("purse", 1.0)
        assert purses.reserve("old", "purse", 0.6)
        assert purses.reserve("not recorded yet", "purse", 0.1)
        journal.save(ended(make_task("old"), 10.0))
        assert journal.purge(20.0) == 1
        assert purses.spent("purse") == 0.7
        assert not purses.reserve("old", "purse", 0.6)
        assert purses.reserve("not recorded yet", "purse", 0.2)
        assert purses.reserve("old", "purse", 0.2)
        assert purses.spent("purse") == 1.0

    def test_what_can_be_read_is_not_discarded(self, journal: Journal) -> None:
        records: Any = journal
        if not hasattr(records, "raw_record"):
            pytest.skip("this journal has no raw records; they are optional")
        assert records.raw_record("kite") is None
        task = journal.add(make_task())
        record = records.raw_record(task.id)
        assert msgspec.json.decode(msgspec.json.encode(record)) == record
        assert (record["id"], record["variant"]) == (task.id, task.variant)
        with pytest.raises(JournalError):
            records.discard(record)
        assert journal.tasks() == [task]

    def _with_purses(self, open_journal: Opener) -> tuple[Purses, Purses]:
        journal: Any = open_journal()
        if not hasattr(journal, "reserve"):
            pytest.skip("this journal has no purses; they are optional")
        other: Any = open_journal()
        return journal, other

    def _with_limits(self, open_journal: Opener) -> tuple[Journal, Limits, Limits]:
        journal: Any = open_journal()
        if not hasattr(journal, "admit"):
            pytest.skip("this journal has no limits; they are optional")
        other: Any = open_journal()
        return journal, journal, other

    def test_a_task_is_found_by_its_remote_id(self, open_journal: Opener) -> None:
        journal, news, theirs = self._with_news(open_journal)
        task = journal.add(make_task("one"), "mine")
        assert news.with_remote_id("acme", "c-1") is None
        journal.save(after(task, state="queued", receipt=Receipt("c-1")), "mine")
        found = theirs.with_remote_id("acme", "c-1")
        assert found is not None
        assert (found.id, found.state) == ("one", "queued")
        assert theirs.with_remote_id("other", "c-1") is None
        assert theirs.with_remote_id("acme", "c-") is None
        journal.save(ended(task), "mine")
        newer = make_task("two", created_at=2000.0, receipt=Receipt("c-1"))
        journal.save(newer)
        assert theirs.with_remote_id("acme", "c-1") == newer
        assert theirs.with_remote_id("acme", "\udc00\0") is None

    def test_what_is_told_is_read_by_all(self, open_journal: Opener) -> None:
        _, news, theirs = self._with_news(open_journal)
        assert theirs.news(0)[1] == []
        assert news.tell("acme", "c-1")
        assert theirs.tell("acme", "c-2", "event")
        for each in (news, theirs):
            place, told = each.news(0)
            assert told == [("acme", "c-1"), ("acme", "c-2")]
            assert each.news(place) == (place, [])
        assert news.tell("other", "c-1")
        assert theirs.news(place)[1] == [("other", "c-1")]

    def test_an_event_is_told_once(self, open_journal: Opener) -> None:
        _, news, theirs = self._with_news(open_journal)
        assert news.tell("acme", "c-1", "event")
        assert not theirs.tell("acme", "c-1", "event")
        for other in (("acme", "c-1", "event 2"), ("acme", "c-2", "event"), ("b", "c-1", "event")):
            assert theirs.tell(*other)
            assert not news.tell(*other)
        assert news.tell("acme", "c-1")
        assert theirs.tell("acme", "c-1")  # what has no name may be something else
        assert len(news.news(0)[1]) == 6

    def test_nothing_is_missed_that_several_tell_at_once(self, open_journal: Opener) -> None:
        _, *several = self._with_news(open_journal)
        names = [f"c-{number}" for number in range(40)]

        def tell(number: int) -> None:
            for name in names[number::4]:
                several[number % 2].tell("acme", name)

        place, heard = 0, list[tuple[str, str]]()
        with ThreadPoolExecutor(4) as pool:
            telling = [pool.submit(tell, number) for number in range(4)]
            done = False
            while not done:
                done = all(each.done() for each in telling)
                place, told = several[0].news(place)
                heard += told
        assert sorted(heard) == sorted(("acme", name) for name in names)

    def test_what_was_told_of_a_task_is_forgotten_with_it(self, open_journal: Opener) -> None:
        journal, news, _ = self._with_news(open_journal)
        journal.save(ended(make_task("old"), 10.0))
        assert news.tell("acme", "c-1", "event")
        assert news.tell("acme", "c-2", "event")
        assert journal.purge(20.0) == 1
        assert news.news(0)[1] == [("acme", "c-2")]
        assert news.with_remote_id("acme", "c-1") is None

    def test_who_listens_is_called_when_something_is_told(self, open_journal: Opener) -> None:
        _, news, theirs = self._with_news(open_journal)
        listen = getattr(theirs, "listen", None)
        if listen is None:
            pytest.skip("this journal does not say when to look; that is optional")
        called = threading.Event()
        stop = listen(called.set)
        try:
            place = 0
            for name in ("c-1", "c-2"):
                news.tell("acme", name)
                told: list[tuple[str, str]] = []
                while not told:
                    assert called.wait(60), "nobody said that there is news"
                    called.clear()
                    place, told = theirs.news(place)
                assert told == [("acme", name)]
        finally:
            stop()

    def _with_news(self, open_journal: Opener) -> tuple[Journal, News, News]:
        journal: Any = open_journal()
        if not hasattr(journal, "news"):
            pytest.skip("this journal keeps no news; that is optional")
        other: Any = open_journal()
        return journal, journal, other

    @pytest.mark.hypothesis
    def test_random_walks(self, tmp_path: Path) -> None:
        """Two journals at one place, used at random, agree with one simple model."""
        few = settings(max_examples=self.walks or settings().max_examples)
        run_state_machine_as_test(partial(Walk, self, tmp_path), settings=few)  # type: ignore[arg-type]
