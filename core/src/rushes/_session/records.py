"""What the journal knows: tasks by reference, their history, and forgetting them."""

from typing import Any, cast

from rushes._flow import Ask, Do, Flow
from rushes._session.arguments import require
from rushes._session.session import Session
from rushes.errors import ConfigurationError, JournalError, UnknownTaskError
from rushes.journal import Journal, RawRecords
from rushes.task import Task


class Records:
    """Makes the flows that ask the journal."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def tasks(self, **limits: Any) -> Flow[list[Task]]:
        """Return the journal's tasks."""
        require(**_given(limits))
        journal = self._journal("it cannot list tasks")
        found: list[Task] = yield Do(lambda: journal.tasks(**_given(limits)))
        return found

    def unreadable(self, **limits: Any) -> Flow[dict[str, str]]:
        """Return the tasks that the journal cannot read, with the reasons."""
        require(**_given(limits))
        journal = self._journal("it cannot list tasks")
        found: dict[str, str] = yield Do(lambda: journal.unreadable(**_given(limits)))
        return found

    def history(self, reference: str) -> Flow[list[Task]]:
        """Return the history of a task, change by change."""
        task = yield from self.find(reference)
        journal = self._journal("there is no history")
        found: list[Task] = yield Do(lambda: journal.history(task.id))
        return found

    def purge(self, older_than: float) -> Flow[int]:
        """Forget old tasks that are over."""
        require(older_than=older_than)
        journal = self._journal("there is nothing to forget")
        before = self._session.time.now() - older_than
        count: int = yield Do(lambda: journal.purge(before))
        return count

    def raw_record(self, reference: str) -> Flow[dict[str, Any]]:
        """Return what is recorded of a task as it is stored."""
        require(reference=reference)
        journal = self._raw_records()
        found: dict[str, Any] | None = yield Do(lambda: journal.raw_record(reference))
        if found is None:
            raise self._unknown(reference)
        return found

    def discard(self, record: dict[str, Any]) -> Flow[None]:
        """Forget a task that cannot be read."""
        require(record=record)
        journal = self._raw_records()
        yield Do(lambda: journal.discard(record))

    def find(self, reference: str) -> Flow[Task]:
        """Return the task with a reference, or the only one whose reference begins with it."""
        require(reference=reference)
        self._journal("give it the Task itself")
        if not reference.strip():  # every reference begins with it: a variable that is not set
            raise self._unknown(reference)
        found: list[Task] = yield Ask("find", (reference,))
        if not found:
            raise self._unknown(reference)
        if len(found) > 1:
            raise ConfigurationError(
                f"several tasks begin with {reference!r}; give more of the reference"
            )
        return found[0]

    def _unknown(self, reference: str) -> UnknownTaskError:
        place = self._journal("it knows no task").place
        return UnknownTaskError(f"no task {reference!r} is in {place}; `rushes tasks` lists them")

    def _raw_records(self) -> RawRecords:
        journal = self._journal("there is nothing to forget")
        if not hasattr(journal, "raw_record"):
            raise JournalError(f"{journal.place} cannot show what it cannot read")
        return cast("RawRecords", journal)

    def _journal(self, otherwise: str) -> Journal:
        if self._session.journal is None:
            raise JournalError(f"this client keeps no journal; {otherwise}")
        return self._session.journal

    def given(self, task: Task | str) -> Flow[Task]:
        """Return a task that is given as such, or by its reference."""
        if isinstance(task, Task):
            return task
        return (yield from self.find(task))


def _given(limits: dict[str, Any]) -> dict[str, Any]:
    """Return the limits that were given: an older journal may not know all of them."""
    given = limits.items()
    return {name: value for name, value in given if value is not None and value is not False}
