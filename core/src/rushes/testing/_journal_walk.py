"""Random walks over two journals of one place, compared with one model.

Each step is done by one of two users of the same place. Time passes for both, and claims expire; a
user may sleep through it.
"""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Protocol

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rushes.errors import JournalError
from rushes.journal import LEASE, ClaimLost, Journal
from rushes.task import Task
from rushes.testing._example_tasks import make_task

USERS = st.integers(0, 1)
NAMES = st.sampled_from(["kite", "kite-1", "kite-10", "dune"])
CLIENT_IDS = st.sampled_from(["c-1", "c-2", "kite"])
CLAIMS = st.sampled_from(["red", "green"])
STATES = st.sampled_from(["recorded", "sending", "queued", "in_progress", "completed", "failed"])
VARIANTS = st.sampled_from(["acme/zoom", "acme/pan"])
PROGRESS = st.sampled_from([None, 10.0, 90.0])


class Place(Protocol):
    """What the walk needs of a kit; see `JournalConformance`."""

    leases: ClassVar[bool]
    unbroken: ClassVar[float]

    def opener(self, folder: Path) -> Callable[[], Journal]: ...

    def advance(self, seconds: float) -> None: ...


class Walk(RuleBasedStateMachine):
    """The operations on the journals, and a model of what they must know."""

    def __init__(self, kit: Place, folder: Path) -> None:
        super().__init__()
        self.kit, self.folder = kit, Path(tempfile.mkdtemp(dir=folder))
        self.now = 1000.0
        self.tasks: dict[str, Task] = {}
        self.changes: dict[str, int] = {}
        self.owners: dict[str, str] = {}
        self.leases: dict[str, float] = {}
        opener = kit.opener(self.folder)
        self.users = [opener(), opener()]

    def teardown(self) -> None:
        for user in self.users:
            user.close()
        shutil.rmtree(self.folder)

    def holder(self, user: int, name: str) -> str | None:
        """Return the claim on a task that a user must respect: its own ones do not expire."""
        claim = self.owners.get(name)
        if not claim or claim.startswith(f"{user} ") or not self.kit.leases:
            return claim
        return claim if self.leases[claim[0]] > self.now else None

    def is_open(self, user: int, name: str) -> bool:
        """Whether a journal may give a task to a user or not: the lease on it has just expired."""
        return bool(self.kit.unbroken and self.owners.get(name) and self.holder(user, name) is None)

    def hold(self, name: str, claim: str) -> None:
        self.owners[name] = claim
        self.leases[claim[0]] = self.now + LEASE  # a user renews all of its claims at once

    def released(self, claim: str) -> None:
        self.owners = {name: own for name, own in self.owners.items() if own != claim}

    def put(self, task: Task) -> None:
        old = self.tasks.get(task.id)
        facts = ("state", "client_id", "created_at", "variant")
        same = old and all(getattr(old, fact) == getattr(task, fact) for fact in facts)
        self.changes[task.id] = self.changes.get(task.id, 0) + (not same)
        self.tasks[task.id] = task

    @rule(user=USERS, name=NAMES, client_id=CLIENT_IDS, claim=st.none() | CLAIMS)
    def add(self, user: int, name: str, client_id: str, claim: str | None) -> None:
        claim = claim and f"{user} {claim}"
        task = make_task(name, client_id=client_id, created_at=self.now, updated_at=self.now)
        known = self.tasks.get(name)
        if known is None:
            same = [old for old in self.tasks.values() if old.client_id == client_id]
            known = min(same, key=lambda old: old.created_at, default=None)
        given = self.users[user].add(task, claim)
        if known is not None:
            assert given == known
            return
        assert given is task
        self.put(task)
        if claim is not None:
            self.hold(name, claim)

    @rule(
        user=USERS, name=NAMES, claim=st.none() | CLAIMS, state=STATES, progress=PROGRESS,
        last=st.booleans(),
    )  # fmt: skip
    def save(
        self,
        user: int,
        name: str,
        claim: str | None,
        state: Any,
        progress: float | None,
        last: bool,
    ) -> None:
        """Save a task; if it is the `last` time, release its claim in the same step."""
        claim = claim and f"{user} {claim}"
        old = self.tasks.get(name)
        task = make_task(
            name,
            client_id=old.client_id if old else f"only {name}",
            created_at=old.created_at if old else self.now,
            updated_at=self.now,
            state=state,
            progress=progress,
            file="/x.mp4" if state == "completed" else None,
        )
        journal: Any = self.users[user]
        last = last and claim is not None and hasattr(journal, "conclude")
        save = journal.conclude if last else journal.save
        if claim is not None and old is not None and self.owners.get(name) != claim:
            with pytest.raises(ClaimLost):
                save(task, claim)
            return
        save(task, claim)
        self.put(task)
        if claim is not None:
            self.hold(name, claim)
            if last:
                self.released(claim)

    @rule(user=USERS, name=NAMES, claim=CLAIMS)
    def claim(self, user: int, name: str, claim: str) -> None:
        claim = f"{user} {claim}"
        if name not in self.tasks:
            with pytest.raises(JournalError):
                self.users[user].claim(name, claim)
            return
        allowed, is_open = self.holder(user, name) in (None, claim), self.is_open(user, name)
        given = self.users[user].claim(name, claim)
        assert given == self.tasks[name] if given else is_open or not allowed
        if given:
            assert allowed
            self.hold(name, claim)

    @rule(user=USERS, variant=VARIANTS, claim=CLAIMS)
    def take_up(self, user: int, variant: str, claim: str) -> None:
        claim = f"{user} {claim}"
        left = [
            task
            for task in self.tasks.values()
            if (task.state, task.variant) == ("recorded", variant)
            and not self.holder(user, task.id)
        ]
        certain = [task for task in left if not self.is_open(user, task.id)]
        taken = self.users[user].take_up(variant, "", claim)
        assert taken in left if taken else not certain
        if taken:
            self.hold(taken.id, claim)

    @rule(user=USERS, claim=CLAIMS)
    def release(self, user: int, claim: str) -> None:
        claim = f"{user} {claim}"
        self.users[user].release(claim)
        self.released(claim)

    @precondition(lambda self: self.kit.leases)
    @rule(seconds=st.sampled_from([1.0, LEASE - 1, LEASE, LEASE * 3]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.kit.advance(seconds)

    @rule(user=USERS, age=st.sampled_from([-1.0, 0.0, 50.0]))
    def purge(self, user: int, age: float) -> None:
        over = [
            task.id
            for task in self.tasks.values()
            if not task.unfinished and task.updated_at < self.now - age
            and self.holder(user, task.id) is None
        ]  # fmt: skip
        certain = [name for name in over if not self.is_open(user, name)]
        count = self.users[user].purge(self.now - age)
        gone = [name for name in over if not self.users[user].history(name)]
        assert len(gone) == count
        assert {*certain} <= {*gone}
        for name in gone:
            del self.tasks[name], self.changes[name]
            self.owners.pop(name, None)

    @rule(user=USERS)
    def close(self, user: int) -> None:
        self.users[user].close()
        owners = self.owners.items()
        self.owners = {name: own for name, own in owners if not own.startswith(f"{user} ")}

    @invariant()
    def both_agree_with_the_model(self) -> None:
        order = sorted(
            self.tasks.values(), key=lambda task: (task.created_at, task.id), reverse=True
        )
        for user in self.users:
            assert user.tasks() == order
            assert user.tasks(unfinished=True) == [task for task in order if task.unfinished]
            assert user.tasks(limit=2, variant="acme/zoom") == order[:2]
            assert user.tasks(after=order[0]) == order[1:] if order else True
            for name in ("kite", "kite-1", "kite-10", "dune"):
                found = user.find(name)
                if name in self.tasks:
                    assert found == [self.tasks[name]]
                assert len(user.history(name)) == self.changes.get(name, 0)
            begins = sorted(name for name in self.tasks if name.startswith("k"))
            assert [task.id for task in user.find("k")] == begins[:2]
