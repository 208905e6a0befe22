"""A journal without a database: it shows that the interface can be implemented differently."""

import threading
from typing import Any

from rushes import ClaimLost, JournalError, Task
from rushes.journal import essence


class Memory:
    """What the journals of one place share."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.tasks: dict[str, Task] = {}
        self.history: dict[str, list[Task]] = {}
        self.owners: dict[str, str] = {}


class MemoryJournal:
    """Tasks in a dict; a claim lasts until it is released."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._made: set[str] = set()

    @property
    def place(self) -> str:
        return "memory"

    def add(self, task: Task, claim: str | None = None) -> Task:
        provider = task.variant.partition("/")[0]
        with self._memory.lock:
            found = self._memory.tasks.get(task.id) or self._named(provider, task.client_id)
            if found:
                return found
            self._put(task)
            self._hold(task.id, claim)
            return task

    def save(self, task: Task, claim: str | None = None) -> None:
        with self._memory.lock:
            if task.id not in self._memory.tasks:
                self._hold(task.id, claim)
            elif claim is not None and self._memory.owners.get(task.id) != claim:
                raise ClaimLost(task.id)
            self._put(task)

    def find(self, reference: str) -> list[Task]:
        with self._memory.lock:
            if reference in self._memory.tasks:
                return [self._memory.tasks[reference]]
            names = sorted(name for name in self._memory.tasks if name.startswith(reference))
            return [self._memory.tasks[name] for name in names[:2]]

    def with_client_id(self, provider: str, client_id: str) -> Task | None:
        with self._memory.lock:
            return self._named(provider, client_id)

    def tasks(
        self,
        *,
        unfinished: bool = False,
        variant: str | None = None,
        since: float | None = None,
        after: Task | None = None,
        limit: int | None = None,
    ) -> list[Task]:
        with self._memory.lock:
            known = list(self._memory.tasks.values())
        found = [
            task
            for task in known
            if (task.unfinished or not unfinished)
            and variant in (None, task.variant)
            and (since is None or task.created_at >= since)
            and (after is None or _place(task) < _place(after))
        ]
        return sorted(found, key=_place, reverse=True)[:limit]

    def history(self, task_id: str) -> list[Task]:
        with self._memory.lock:
            history = self._memory.history.get(task_id, [])
            return [*history[:-1], self._memory.tasks[task_id]] if history else []

    def claim(self, task_id: str, claim: str) -> Task | None:
        with self._memory.lock:
            if task_id not in self._memory.tasks:
                raise JournalError(f"no task {task_id!r}")
            if self._memory.owners.get(task_id, claim) != claim:
                return None
            self._hold(task_id, claim)
            return self._memory.tasks[task_id]

    def take_up(self, variant: str, fingerprint: str, claim: str) -> Task | None:
        with self._memory.lock:
            for task in self._memory.tasks.values():
                asked = (task.state, task.variant, task.fingerprint)
                free = task.id not in self._memory.owners
                if free and asked == ("recorded", variant, fingerprint):
                    self._hold(task.id, claim)
                    return task
            return None

    def unreadable(self, **_limits: Any) -> dict[str, str]:
        return {}

    def abandon(self, claim: str) -> None:
        self.release(claim)

    def release(self, claim: str) -> None:
        with self._memory.lock:
            owners = self._memory.owners
            self._memory.owners = {name: own for name, own in owners.items() if own != claim}

    def purge(self, before: float) -> int:
        with self._memory.lock:
            over = [
                task.id
                for task in self._memory.tasks.values()
                if not task.unfinished
                and task.updated_at < before
                and task.id not in self._memory.owners
            ]
            for name in over:
                del self._memory.tasks[name], self._memory.history[name]
            return len(over)

    def close(self) -> None:
        for claim in self._made:
            self.release(claim)
        self._made.clear()

    def _named(self, provider: str, client_id: str) -> Task | None:
        for task in self._memory.tasks.values():
            if (task.variant.partition("/")[0], task.client_id) == (provider, client_id):
                return task
        return None

    def _hold(self, task_id: str, claim: str | None) -> None:
        if claim is not None:
            self._memory.owners[task_id] = claim
            self._made.add(claim)

    def _put(self, task: Task) -> None:
        before = self._memory.tasks.get(task.id)
        self._memory.tasks[task.id] = task
        if before is None or essence(before) != essence(task):
            self._memory.history.setdefault(task.id, []).append(task)


class SteppingJournal(MemoryJournal):
    """One that does in one step what else takes two."""

    def take_up_or_add(self, task: Task, claim: str) -> tuple[Task, bool]:
        with self._memory.lock:
            taken = self.take_up(task.variant, task.fingerprint, claim)
            added = taken or self.add(task, claim)
            return added, taken is not None or added is task

    def conclude(self, task: Task, claim: str) -> None:
        with self._memory.lock:
            self.save(task, claim)
            self.release(claim)


def _place(task: Task) -> tuple[float, str]:
    return task.created_at, task.id
