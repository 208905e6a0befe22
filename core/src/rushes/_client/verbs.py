"""The verbs, each a flow: submit, wait, fetch, generate, resume, cancel."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from rushes._check.quick import quick
from rushes._client.fallback import in_order
from rushes._fetch.download import ensure_fetched, videos_are_at
from rushes._fetch.target import may_replace, require_possible
from rushes._flow import Chain, Do, Flow
from rushes._plugins.calling import LoadedVariant
from rushes._receive.receiving import Receiver
from rushes._session.arguments import require
from rushes._session.owning import Work, as_owner, new_claim, taken, with_claim
from rushes._session.records import Records
from rushes._session.session import OnUpdate, Session, at, output_file
from rushes._structs.unshown import Unshown
from rushes._submit.ids import id_objection
from rushes._submit.intent import Turn
from rushes._submit.sending import ensure_accepted
from rushes._submit.submitting import submit
from rushes._wait.cancelling import cancel
from rushes._wait.outcomes import require_completed, still_running, without_remote_id
from rushes._wait.polling import poll_again, poll_once, poll_until_ended
from rushes.errors import BrokenPluginError, ConfigurationError
from rushes.problems import listing, show
from rushes.report import Report
from rushes.request import Request
from rushes.task import Receipt, Task

RequestLike = Request | Mapping[str, Any]


def absolute(output: str | Path) -> str:
    """Return an output path as absolute: a later resume may run in another folder.

    A folder ends with a slash; the file in it is named after its task.
    """
    try:
        path = Path(output).absolute()
    except OSError as error:
        message = f"{output} is relative, but the current folder is gone; give an absolute path"
        raise ConfigurationError(message) from error
    require_possible(path)
    there = os.path.isdir(path)  # noqa: PTH112 - Path.is_dir raises if it may not look there
    is_folder = there or os.fspath(output).endswith(("/", os.sep))
    return f"{path}{os.sep}" if is_folder else str(path)


def _json(memo: Any) -> str:
    return msgspec.json.encode(memo).decode()


def _output_file(output: str | Path | None, task: Task) -> Path | None:
    """Return the file that an output names for a task."""
    return output_file(absolute(output), task.id) if output else None


def _with_output(task: Task, output: str | Path | None, overwrite: bool | None) -> Task:
    """Return a task with the place, and the consent to overwrite, that a caller gives now."""
    if not output and overwrite is None:
        return task
    allowed = may_replace(task, output, overwrite)
    place = absolute(output) if output else task.output
    return msgspec.structs.replace(task, output=place, overwrite=allowed)


def _without_video(task: Task) -> bool:
    """Whether a task has ended without a video."""
    return task.ended and task.state != "completed"


def _never(_task: Task) -> bool:
    """Never accept another process's work as enough: this one was asked to do it."""
    return False


def _ended(task: Task) -> bool:
    """Whether the provider is done with a task."""
    return task.ended


def _finished(task: Task) -> bool:
    """Whether a task needs no more work."""
    return not task.unfinished


class _Fetch(Unshown, frozen=True):
    """Fetches a task's video. It is data: thousands of tasks wait for theirs to be completed."""

    session: Session
    loaded: LoadedVariant
    output: str | Path | None
    overwrite: bool | None
    on_update: OnUpdate | None
    end: float | None = None

    def __repr__(self) -> str:
        """Show no more: a traceback that shows locals would show the whole session."""
        return f"<{type(self).__name__}>"

    def __call__(self, task: Task) -> Flow[Task]:
        """Return the flow that fetches the video of a completed task."""
        output, overwrite = self.output, self.overwrite
        place, allowed = _output_file(output, task), may_replace(task, output, overwrite)
        given = (self.session, self.loaded, task, place, self.on_update)
        force = overwrite is True
        return ensure_fetched(*given, overwrite=allowed, force=force, end=self.end)


class Jobs:
    """Makes the flows that a client drives."""

    def __init__(
        self,
        session: Session,
        checked: Callable[[str, RequestLike], tuple[LoadedVariant, Report]],
    ) -> None:
        self.session = session
        self._records = Records(session)
        self._receiver = Receiver(session)
        self._checked = checked

    def submit(
        self,
        variant: str,
        request: RequestLike,
        task_id: str | None,
        output: str | Path | None,
        overwrite: bool | None,
        on_update: OnUpdate | None,
        end: float | None = None,
        then: Callable[[LoadedVariant, Task], Chain[Task]] | None = None,
        found: Callable[[Task], Task | Chain[Task]] = lambda task: task,
        turn: Turn | None = None,
        watch: bool = True,
    ) -> Chain[Task]:
        """Check a request and pay for it; `then` and `found` are for `submit`."""
        require(variant=variant, named=task_id, output=output, overwrite=overwrite)
        require(on_update=on_update)
        registry, report = self.session.registry, None
        known = registry.loaded(variant)
        loaded = known or (yield Do(lambda: registry.get(variant)))
        with self.session.step("check", loaded.variant) as step:
            if known and known.variant.ends is None:
                report = quick(known, request)  # without importing or reading anything
            if report is None:
                loaded, report = yield Do(lambda: self._checked(variant, request))
            step.outcome = report
        return submit(
            self.session,
            loaded,
            report,
            task_id=task_id,
            output=absolute(output) if output else None,
            overwrite=bool(output) if overwrite is None else overwrite,
            on_update=on_update,
            end=end,
            then=then,
            found=found,
            turn=turn,
            watch=watch,
        )

    def wait(
        self, task: Task | str, timeout: float | None, on_update: OnUpdate | None
    ) -> Chain[Task]:
        """Follow a task until it is completed."""
        require(task=task, timeout=timeout, on_update=on_update)
        end = self._end(timeout)
        task = yield from self._records.given(task)
        if task.ended:
            return require_completed(task)
        loaded = self.session.load(task)
        claim = new_claim()
        limit = self._limit(loaded, end)
        task, held = yield from taken(self.session, task, claim, _ended, limit, on_update)
        if not held:
            return require_completed(task)
        flow = poll_until_ended(self.session, loaded, task, end=end, on_update=on_update)
        return with_claim(self.session, task, claim, flow, _ended)

    def fetch(
        self,
        task: Task | str,
        output: str | Path | None,
        overwrite: bool | None,
        on_update: OnUpdate | None,
        watch: bool = True,
    ) -> Flow[Task]:
        """Download a completed task's video."""
        require(task=task, output=output, overwrite=overwrite, on_update=on_update)
        task = yield from self._records.given(task)
        if not task.ended:
            raise still_running(self.session, task) if task.receipt else without_remote_id(task)
        _output_file(output, task)  # what is wrong with it is raised before the task is taken
        loaded = self.session.load(task)
        work = _Fetch(self.session, loaded, output, overwrite, on_update)
        return (yield from self._owning(loaded, task, work, _never, None, on_update, watch=watch))

    def generate(
        self,
        variant: str | Sequence[str],
        request: RequestLike,
        task_id: str | None,
        output: str | Path | None,
        overwrite: bool | None,
        timeout: float | None,
        on_update: OnUpdate | None,
        watch: bool = True,
    ) -> Chain[Task]:
        """Check, submit, wait and fetch; with several variants, with the first that can."""
        require(variants=variant, named=task_id, output=output, overwrite=overwrite)
        require(timeout=timeout, on_update=on_update, watch=watch)
        end = self._end(timeout)

        def attempt(variant: str, reference: str | None, turn: Turn | None) -> Chain[Task]:
            place = output, overwrite
            return self._generated(variant, request, reference, *place, end, on_update, turn, watch)

        if isinstance(variant, str):
            return attempt(variant, task_id, None)
        return in_order(self.session, self._checked, attempt, variant, request, task_id)

    def _generated(
        self,
        variant: str,
        request: RequestLike,
        task_id: str | None,
        output: str | Path | None,
        overwrite: bool | None,
        end: float | None,
        on_update: OnUpdate | None,
        turn: Turn | None,
        watch: bool,
    ) -> Chain[Task]:
        def then(loaded: LoadedVariant, task: Task) -> Chain[Task]:
            return self._followed_and_fetched(loaded, task, output, overwrite, end, on_update)

        def found(task: Task) -> Chain[Task]:
            place = _output_file(output, task)
            if (yield Do(lambda: videos_are_at(require_completed(task), place))):
                return task
            return self.fetch(task, output, overwrite, on_update, watch)

        given = (variant, request, task_id, output, overwrite)
        return self.submit(*given, on_update, end, then, found, turn, watch)

    def resume(
        self,
        task: Task | str,
        output: str | Path | None,
        overwrite: bool | None,
        timeout: float | None,
        on_update: OnUpdate | None,
        watch: bool = True,
    ) -> Chain[Task]:
        """Continue a task where it was left."""
        require(task=task, output=output, overwrite=overwrite, timeout=timeout)
        require(on_update=on_update, watch=watch)
        end = self._end(timeout)
        given = yield from self._records.given(task)
        place = _output_file(output, given)
        if _without_video(given) or (yield Do(lambda: videos_are_at(given, place))):
            return require_completed(given)
        loaded = self.session.load(given)

        def work(task: Task) -> Chain[Task]:
            # Any other task may be ready by now; of some the journal has what the provider told.
            at_once = task.state != "recorded" and not self._is_told_of(task)
            task = _with_output(task, output, overwrite)
            task = yield from ensure_accepted(self.session, loaded, task, on_update, end)
            if task.state == "completed" and not (yield Do(lambda: videos_are_at(task, place))):
                task = yield from poll_again(self.session, loaded, task, on_update)
            return self._followed_and_fetched(
                loaded, task, output, overwrite, end, on_update, at_once=at_once
            )

        limit = self._limit(loaded, end) if watch else self.session.time.elapsed()
        claim = new_claim()
        task, held = yield from taken(self.session, given, claim, _without_video, limit, on_update)
        if not held:
            return require_completed(task)
        return with_claim(self.session, task, claim, work(task))

    def _is_told_of(self, task: Task) -> bool:
        """Whether what its provider tells of a task is kept, whoever follows it meanwhile."""
        return task.webhook and hasattr(self.session.journal, "news")

    def refresh(self, task: Task | str, on_update: OnUpdate | None) -> Flow[Task]:
        """Ask for a task's status once."""
        require(task=task, on_update=on_update)
        task = yield from self._records.given(task)
        if task.receipt is None or not task.unfinished:
            return task
        loaded = self.session.load(task)

        def poll(task: Task) -> Flow[Task]:
            return poll_once(self.session, loaded, task, on_update)

        flow = as_owner(
            self.session,
            task,
            poll,
            enough=_finished,
            end=self.session.time.elapsed(),
            on_update=on_update,
            or_as_seen=True,
        )
        return (yield from flow)

    def receive(self, provider: str, headers: Mapping[str, str], body: bytes) -> Flow[Task | None]:
        """Take what a provider sent to our webhook."""
        require(provider=provider, headers=headers, body=body)
        return self._receiver.receive(provider, headers, body)

    def cancel(self, task: Task | str, on_update: OnUpdate | None) -> Flow[Task]:
        """Ask the provider to cancel a task; drop a task that was never sent."""
        require(task=task, on_update=on_update)
        task = yield from self._records.given(task)
        loaded = self.session.load(task)
        if task.state == "recorded":
            return (yield from self._dropped(loaded, task, on_update))
        if task.ended:
            raise ConfigurationError(
                f"task {task.id} is {task.state}; there is nothing to cancel", task=task
            )
        yield from cancel(self.session, loaded, task)
        # The task may have ended just before: its owner asks the provider once more what became of
        # it.

        def poll(task: Task) -> Flow[Task]:
            return poll_again(self.session, loaded, task, on_update)

        end = self.session.time.elapsed() + self.session.timeouts.poll
        return (yield from self._owning(loaded, task, poll, _ended, end, on_update))

    def resolve(
        self,
        task: Task | str,
        remote_id: str | None,
        memo: Any,
        lost: bool,
        on_update: OnUpdate | None,
    ) -> Flow[Task]:
        """Record what the caller says became of a submit whose outcome is unknown."""
        require(task=task, remote_id=remote_id, lost=lost, on_update=on_update)
        task = yield from self._records.given(task)
        loaded = self.session.load(task)
        if lost == bool(remote_id):
            raise ConfigurationError(
                "give exactly one of the two: that the task is lost, or its remote id", task=task
            )
        receipt = Receipt(remote_id, memo) if remote_id else None
        if receipt is not None:
            yield from self._usable(loaded, task, receipt)

        def work(task: Task) -> Flow[Task]:
            if task.state not in ("sending", "unknown"):
                raise ConfigurationError(
                    f"task {task.id} is {task.state}; there is nothing to resolve", task=task
                )
            changed = msgspec.structs.replace(task, state="lost")
            if receipt is not None:
                changed = at(task, "queued", receipt=receipt)
            return (yield from self.session.record(changed, on_update))

        return (yield from self._owning(loaded, task, work, _never, 0.0, on_update))

    def _usable(self, loaded: LoadedVariant, task: Task, receipt: Receipt) -> Flow[None]:
        """Raise ConfigurationError if a receipt given by the caller cannot be used to poll."""
        if wrong := id_objection(receipt.remote_id):
            raise ConfigurationError(f"the remote id {show(receipt.remote_id)} {wrong}", task=task)
        try:
            given = _json(receipt.memo)
        except (TypeError, ValueError) as error:
            raise ConfigurationError(f"the memo is not JSON: {error}", task=task) from error
        try:
            with closing(loaded.call("poll", receipt=receipt, task=task)) as calls:
                next(calls, None)
        except BrokenPluginError as failure:
            tasks: list[Task] = []
            if self.session.journal is not None:
                tasks = yield from self._records.tasks(variant=task.variant, limit=100)
            like = [t.receipt.memo for t in tasks if t.receipt]
            example = next((f" (another task's is {_json(memo)})" for memo in like if memo), "")
            answers = loaded.variant.answers
            if answers and answers.keep and not example:
                example = f" (here an object with {listing(answers.keep)})"
            lacking = "has no memo" if receipt.memo is None else f"has the memo {given}"
            message = (
                f"{task.variant} cannot poll {show(receipt.remote_id)}, which {lacking}; "
                f"a memo is the JSON that the plugin keeps from a submit's answer besides the id"
                f"{example}: give the right one. The plugin reports: {failure}"
            )
            raise ConfigurationError(message, task=task) from failure

    def _dropped(self, loaded: LoadedVariant, task: Task, on_update: OnUpdate | None) -> Flow[Task]:
        """Give up a job that was never sent; nothing was bought."""

        def work(task: Task) -> Flow[Task]:
            if task.state != "recorded":
                raise ConfigurationError(
                    f"task {task.id} is now {task.state}; cancel it again", task=task
                )
            dropped = at(task, "cancelled", error="given up before it was sent")
            return (yield from self.session.record(dropped, on_update))

        return (yield from self._owning(loaded, task, work, _never, 0.0, on_update))

    def _followed_and_fetched(
        self,
        loaded: LoadedVariant,
        task: Task,
        output: str | Path | None,
        overwrite: bool | None,
        end: float | None,
        on_update: OnUpdate | None,
        *,
        at_once: bool = False,
    ) -> Chain[Task]:
        """Follow a task until it is completed, and fetch its video."""
        then = _Fetch(self.session, loaded, output, overwrite, on_update, end)
        given = (self.session, loaded, task)
        return poll_until_ended(*given, end=end, on_update=on_update, at_once=at_once, then=then)

    def _end(self, timeout: float | None) -> float | None:
        """Return the deadline of a verb, in the session's `elapsed`; None: the advice decides."""
        return None if timeout is None else self.session.time.elapsed() + timeout

    def _owning(
        self,
        loaded: LoadedVariant,
        task: Task,
        work: Work,
        enough: Callable[[Task], bool],
        end: float | None,
        on_update: OnUpdate | None,
        *,
        watch: bool = True,
    ) -> Flow[Task]:
        """Work on a task as its owner; wait for another owner until `end`, or not at all."""
        limit = self._limit(loaded, end) if watch else self.session.time.elapsed()
        return as_owner(self.session, task, work, enough=enough, end=limit, on_update=on_update)

    def _limit(self, loaded: LoadedVariant, end: float | None) -> float:
        """Return until when another owner is waited for."""
        if end is not None:
            return end
        return self.session.time.elapsed() + loaded.variant.polling.at_most
