"""The verbs, each a flow: submit, wait, fetch, generate, resume, cancel."""

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

import msgspec

from rushes.delivering import accepted
from rushes.download import delivered, lies_at
from rushes.errors import ConfigurationError, StillRunningError
from rushes.flow import Do, Flow, Interrupted, NotSent, T, steps
from rushes.loading import LoadedVariant
from rushes.owning import Work, owning
from rushes.polling import ended, follow, look_again, still_running
from rushes.records import Records
from rushes.report import Report
from rushes.request import Request
from rushes.session import OnUpdate, Session, at, excerpt
from rushes.submitting import submit
from rushes.task import Receipt, Task

RequestLike = Request | Mapping[str, Any]
P = ParamSpec("P")


def silent(
    verb: Callable[Concatenate["Jobs", P], Flow[T]],
) -> Callable[Concatenate["Jobs", P], Flow[T]]:
    """Let no error leave a verb that shows a key."""

    @wraps(verb)
    def flow(jobs: "Jobs", /, *given: P.args, **named: P.kwargs) -> Flow[T]:
        try:
            return (yield from verb(jobs, *given, **named))
        except BaseException as error:
            jobs.session.silence(error)
            raise

    return flow


def absolute(path: str | Path) -> Path:
    """Return a path as it is meant here and now; whoever resumes may be elsewhere."""
    try:
        return Path(path).absolute()
    except OSError as error:
        message = f"{path} is relative, and this folder is gone; give an absolute path"
        raise ConfigurationError(message) from error


def _without_video(task: Task) -> bool:
    """Say whether a task has ended, and no video will ever come of it."""
    return task.ended and task.state != "completed"


def _never(_task: Task) -> bool:
    """Say that nothing another process does is enough: this one was asked to do it."""
    return False


class Jobs:
    """Makes the flows that a client drives."""

    def __init__(
        self,
        session: Session,
        checked: Callable[[str, RequestLike], tuple[LoadedVariant, Report]],
    ) -> None:
        self.session = session
        self._records = Records(session)
        self._checked = checked

    @silent
    def submit(
        self,
        variant: str,
        request: RequestLike,
        task_id: str | None,
        output: str | Path | None,
        on_update: OnUpdate | None,
        then: Callable[[LoadedVariant, Task], Flow[Task]] | None = None,
    ) -> Flow[Task]:
        """Check a request and pay for it; what comes `then` is done by the same owner."""
        loaded, report = yield Do(lambda: self._checked(variant, request))
        return (
            yield from submit(
                self.session,
                loaded,
                report,
                task_id=task_id,
                output=str(absolute(output)) if output else None,
                on_update=on_update,
                then=then,
            )
        )

    @silent
    def wait(
        self, task: Task | str, timeout: float | None, on_update: OnUpdate | None
    ) -> Flow[Task]:
        """Follow a task until it is completed."""
        task = yield from self._records.given(task)
        if task.ended:
            return ended(task)
        loaded = self.session.load(task)

        def work(task: Task) -> Flow[Task]:
            return (yield from self._followed(loaded, task, timeout, on_update))

        return ended(
            (
                yield from self._owning(
                    loaded, task, work, lambda seen: seen.ended, timeout, on_update
                )
            )
        )

    @silent
    def fetch(
        self, task: Task | str, output: str | Path | None, on_update: OnUpdate | None
    ) -> Flow[Task]:
        """Download a completed task's video."""
        task = yield from self._records.given(task)
        if not task.ended:
            raise still_running(task)
        loaded = self.session.load(task)

        def work(task: Task) -> Flow[Task]:
            return (yield from self._fetched(loaded, task, output, on_update))

        return (yield from self._owning(loaded, task, work, _never, None, on_update))

    @silent
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
        fetched: list[Task] = []

        def then(loaded: LoadedVariant, task: Task) -> Flow[Task]:
            task = yield from self._followed(loaded, task, timeout, on_update)
            fetched.append((yield from self._fetched(loaded, task, output, on_update)))
            return fetched[0]

        task = yield from self.submit(variant, request, task_id, output, on_update, then)
        place = absolute(output) if output else None
        if fetched or (yield Do(lambda: lies_at(ended(task), place))):
            return task
        return (yield from self.fetch(task, output, on_update))

    @silent
    def resume(
        self,
        task: Task | str,
        output: str | Path | None,
        timeout: float | None,
        on_update: OnUpdate | None,
    ) -> Flow[Task]:
        """Take a task up where it was left."""
        given = yield from self._records.given(task)
        place = absolute(output) if output else None
        if _without_video(given) or (yield Do(lambda: lies_at(given, place))):
            return ended(given)
        loaded = self.session.load(given)

        def work(task: Task) -> Flow[Task]:
            fresh = task.state == "recorded"  # any other may be ready by now
            if output:
                task = msgspec.structs.replace(task, output=str(absolute(output)))
            task = yield from accepted(self.session, loaded, task, on_update)
            if task.state == "completed" and not (yield Do(lambda: lies_at(task, place))):
                task = yield from look_again(self.session, loaded, task, on_update)
            task = yield from self._followed(loaded, task, timeout, on_update, at_once=not fresh)
            return (yield from self._fetched(loaded, task, output, on_update))

        flow = self._owning(loaded, given, work, _without_video, timeout, on_update)
        return ended((yield from flow))

    @silent
    def cancel(self, task: Task | str, on_update: OnUpdate | None) -> Flow[Task]:
        """Ask the provider to cancel a task."""
        task = yield from self._records.given(task)
        loaded = self.session.load(task)
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
        session = self.session
        try:
            answer, _ = yield from steps(
                generator, lambda call: session.send(loaded, call, session.timeouts.poll)
            )
        except (NotSent, Interrupted) as failure:
            reason = session.clean(loaded, str(failure))
            message = f"nobody answered that task {task.id} is cancelled ({reason}); ask again"
            raise StillRunningError(message, task=task) from failure
        if answer.status >= 300:
            raise ConfigurationError(
                f"the provider did not cancel task {task.id} "
                f"({session.clean(loaded, excerpt(answer))})",
                task=task,
            )
        # It may have ended just before: what became of it is what the provider says next, to
        # whoever owns the task.
        timeout = session.timeouts.poll
        return (
            yield from self._owning(
                loaded,
                task,
                lambda task: look_again(session, loaded, task, on_update),
                lambda seen: seen.ended,
                timeout,
                on_update,
            )
        )

    @silent
    def resolve(
        self,
        task: Task | str,
        remote_id: str | None,
        lost: bool,
        on_update: OnUpdate | None,
    ) -> Flow[Task]:
        """Take the caller's word for what became of a submit that nobody else knows about."""
        task = yield from self._records.given(task)
        if lost == bool(remote_id):
            raise ConfigurationError(
                "say one of the two: that the task is lost, or its remote id", task=task
            )

        def work(task: Task) -> Flow[Task]:
            if task.state not in ("sending", "unknown"):
                raise ConfigurationError(
                    f"task {task.id} is {task.state}; there is nothing to resolve", task=task
                )
            changed = msgspec.structs.replace(task, state="lost")
            if remote_id:
                changed = at(task, "queued", receipt=Receipt(remote_id))
            return (yield from self.session.record(changed, on_update))

        loaded = self.session.load(task)
        return (yield from self._owning(loaded, task, work, _never, 0.0, on_update))

    def _followed(
        self,
        loaded: LoadedVariant,
        task: Task,
        timeout: float | None,
        on_update: OnUpdate | None,
        *,
        at_once: bool = False,
    ) -> Flow[Task]:
        if task.ended:
            return ended(task)
        flow = follow(
            self.session, loaded, task, timeout=timeout, on_update=on_update, at_once=at_once
        )
        return (yield from flow)

    def _fetched(
        self,
        loaded: LoadedVariant,
        task: Task,
        output: str | Path | None,
        on_update: OnUpdate | None,
    ) -> Flow[Task]:
        place = absolute(output) if output else None
        return (yield from delivered(self.session, loaded, task, place, on_update))

    def _owning(
        self,
        loaded: LoadedVariant,
        task: Task,
        work: Work,
        enough: Callable[[Task], bool],
        timeout: float | None,
        on_update: OnUpdate | None,
    ) -> Flow[Task]:
        """Work on a task as its owner; `timeout` bounds the waiting for another one, too."""
        timeout = loaded.variant.polling.at_most if timeout is None else timeout
        flow = owning(self.session, task, work, enough=enough, timeout=timeout, on_update=on_update)
        return (yield from flow)
