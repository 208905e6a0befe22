"""The verbs, each a flow: submit, wait, fetch, generate, resume, cancel."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from rushes.download import fetch
from rushes.errors import ConfigurationError, JournalError, OutcomeUnknownError
from rushes.flow import Do, Flow, Interrupted, NotSent, steps
from rushes.loading import LoadedVariant
from rushes.polling import NotUnderstood, advance, ended, follow, look, still_running, understood
from rushes.report import Report
from rushes.request import Request
from rushes.session import OnUpdate, Session, excerpt
from rushes.submitting import deliver, submit
from rushes.task import Receipt, Task

RequestLike = Request | Mapping[str, Any]


class Jobs:
    """Makes the flows that a client drives."""

    def __init__(
        self,
        session: Session,
        checked: Callable[[str, RequestLike], tuple[LoadedVariant, Report]],
    ) -> None:
        self._session = session
        self._checked = checked

    def submit(
        self,
        variant: str,
        request: RequestLike,
        task_id: str | None,
        output: str | Path | None,
        on_update: OnUpdate | None,
    ) -> Flow[Task]:
        """Check a request and pay for it."""
        loaded, report = yield Do(lambda: self._checked(variant, request))
        return (
            yield from submit(
                self._session,
                loaded,
                report,
                task_id=task_id,
                output=str(Path(output).absolute()) if output else None,
                on_update=on_update,
            )
        )

    def wait(
        self, task: Task | str, timeout: float | None, on_update: OnUpdate | None
    ) -> Flow[Task]:
        """Follow a task until it is completed."""
        task = yield from self._given(task)
        if task.ended:
            return ended(task)
        loaded = self._session.load(task)
        return (
            yield from follow(self._session, loaded, task, timeout=timeout, on_update=on_update)
        )

    def fetch(
        self, task: Task | str, output: str | Path | None, on_update: OnUpdate | None
    ) -> Flow[Task]:
        """Download a completed task's video."""
        task = yield from self._given(task)
        if not task.ended:
            raise still_running(task)
        target = Path(output or task.output or self._session.home / "videos" / f"{task.id}.mp4")
        loaded = self._session.load(task)
        return (yield from fetch(self._session, loaded, task, target.absolute(), on_update))

    def generate(
        self,
        variant: str,
        request: RequestLike,
        task_id: str | None,
        output: str | Path | None,
        timeout: float | None,
        on_update: OnUpdate | None,
    ) -> Flow[Task]:
        """Check, submit, wait and fetch."""
        task = yield from self.submit(variant, request, task_id, output, on_update)
        if task.state == "completed" and task.file and Path(task.file).exists():
            return task
        task = yield from self.wait(task, timeout, on_update)
        return (yield from self.fetch(task, output, on_update))

    def resume(
        self,
        task: Task | str,
        output: str | Path | None,
        timeout: float | None,
        on_update: OnUpdate | None,
    ) -> Flow[Task]:
        """Take a task up where it was left."""
        task = yield from self._given(task)
        if not task.unfinished:
            return ended(task)
        loaded = self._session.load(task)
        if task.state == "recorded":
            task = yield from deliver(self._session, loaded, task, on_update)
        if task.receipt is None:
            raise OutcomeUnknownError(
                f"nobody knows whether the submit of task {task.id} was accepted; look it up at "
                f"{loaded.variant.provider} before you pay again",
                task=task,
            )
        if task.state == "completed":
            task = yield from self._look_again(loaded, task, on_update)
        else:
            task = yield from follow(
                self._session, loaded, task, timeout=timeout, on_update=on_update, at_once=True
            )
        return (yield from self.fetch(task, output, on_update))

    def cancel(self, task: Task | str, on_update: OnUpdate | None) -> Flow[Task]:
        """Ask the provider to cancel a task."""
        task = yield from self._given(task)
        loaded = self._session.load(task)
        if task.ended or task.receipt is None:
            raise ConfigurationError(
                f"task {task.id} is {task.state}; there is nothing to cancel", task=task
            )
        generator = loaded.call("cancel", receipt=task.receipt)
        if generator is None:
            raise ConfigurationError(
                f"{loaded.variant.provider} documents no way to cancel a task; "
                f"task {task.id} goes on and will be billed",
                task=task,
            )
        session = self._session
        answer, _ = yield from steps(
            generator, lambda call: session.send(loaded, call, session.timeouts.poll)
        )
        if answer.status >= 300:
            raise ConfigurationError(
                f"the provider did not cancel task {task.id} "
                f"({session.clean(loaded, excerpt(answer))})",
                task=task,
            )
        changed = msgspec.structs.replace(task, state="cancelled")
        return (yield from session.record(changed, on_update))

    def resolve(
        self,
        task: Task | str,
        remote_id: str | None,
        lost: bool,
        on_update: OnUpdate | None,
    ) -> Flow[Task]:
        """Take the caller's word for what became of a submit that nobody else knows about."""
        task = yield from self._given(task)
        if lost == bool(remote_id):
            raise ConfigurationError(
                "say one of the two: that the task is lost, or its remote id", task=task
            )
        if task.state not in ("sending", "unknown"):
            raise ConfigurationError(
                f"task {task.id} is {task.state}; there is nothing to resolve", task=task
            )
        if remote_id:
            changed = msgspec.structs.replace(
                task, state="queued", receipt=Receipt(remote_id), error=None
            )
        else:
            changed = msgspec.structs.replace(task, state="lost")
        return (yield from self._session.record(changed, on_update))

    def tasks(self, unfinished: bool) -> Flow[list[Task]]:
        """Return the journal's tasks."""
        journal = self._session.journal
        if journal is None:
            raise JournalError("this client keeps no journal; it cannot list tasks")
        found: list[Task] = yield Do(lambda: journal.tasks(unfinished=unfinished))
        return found

    def find(self, reference: str) -> Flow[Task]:
        """Return the task with a reference."""
        journal = self._session.journal
        if journal is None:
            raise JournalError("this client keeps no journal; give it the Task itself")
        found: list[Task] = yield Do(lambda: journal.find(reference))
        if not found:
            raise ConfigurationError(
                f"no task {reference!r} is in {journal.path}; `rushes tasks` lists them"
            )
        if len(found) > 1:
            raise ConfigurationError(
                f"several tasks begin with {reference!r}; give more of the reference"
            )
        return found[0]

    def _given(self, task: Task | str) -> Flow[Task]:
        if isinstance(task, Task):
            return task
        return (yield from self.find(task))

    def _look_again(
        self, loaded: LoadedVariant, task: Task, on_update: OnUpdate | None
    ) -> Flow[Task]:
        """Ask a completed task for its addresses once more: the ones we have may have expired."""
        session = self._session
        if task.receipt is None:
            return task
        try:
            answer = yield from look(session, loaded, task.receipt, session.timeouts.poll)
            status = understood(session, loaded, task, answer)
        except (NotSent, Interrupted, NotUnderstood):
            return ended(task)
        return ended((yield from advance(session, task, status, on_update)))
