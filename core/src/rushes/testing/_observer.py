"""The conformance kit for observers, which are told what happens to tasks."""

import inspect
import threading
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, get_args

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from rushes._plugins.calling import PLUGIN_ERRORS
from rushes.calls import Call
from rushes.observers import Step
from rushes.problems import Problem
from rushes.report import Report
from rushes.task import Receipt, Result, State, Status, Task
from rushes.testing._barred import ImpureHookError, waits_barred
from rushes.testing._payload_checks import QUIET
from rushes.testing._small import JOBS, SMALL, run, run_alone
from rushes.testing._under_test import HIDDEN

__tracebackhide__ = HIDDEN
STEPS: tuple[Step, ...] = get_args(Step)
STATES: tuple[State, ...] = get_args(State)
SENT = Task(
    id="job-1",
    variant=SMALL.id,
    base_url=str(SMALL.base_url),
    client_id="job-1",
    call=Call.post_json("https://api.example.com/v1/videos", {"model": "small", "prompt": "k"}),
    created_at=1.8e9,
    updated_at=1.8e9,
)
ODD: tuple[dict[str, Any], ...] = (
    {},
    {"call": None, "base_url": "", "variant": "gone/away"},
    {"error": "HTTP 500: \ud83d \x00 " + "x" * 5000, "estimate": 0.35},
    {"receipt": Receipt("r-1", {"queue": 3}), "cost": 0.0, "progress": 100.0, "sent_at": 1.8e9},
    {"results": (Result(url="https://cdn.example.com/r-1.mp4?sig=a"),), "file": "r-1.mp4"},
)
"""What is known of a task besides its state."""


class ObserverConformance:
    """What every observer must do, whatever it is told.

        class TestWatch(ObserverConformance):
            observer = rushes_acme.watch

    It takes any task, in any order, from any thread; it neither raises nor waits; and jobs go with
    it as they go without it.
    """

    observer: ClassVar[Any]
    """The observer, as its entry point names it."""

    def test_it_is_called_and_not_awaited(self) -> None:
        """It is a function, or an object that can be called with a task; not an async one."""
        for told in (self._observer, getattr(self._observer, "__call__", None), self._step):  # noqa: B004
            assert not inspect.iscoroutinefunction(told), self._says(
                "is async, but observers are called, not awaited; start a task of your own in it"
            )
        assert callable(self._observer), self._says("cannot be called with a task")

    def test_it_does_not_wait(self) -> None:
        """It opens no socket and no database, starts no process and does not sleep.

        It is called in the thread of the client, where an event loop may run: what takes time
        belongs into a thread of its own.
        """
        try:
            with waits_barred():
                for state in STATES:
                    self._observer(msgspec.structs.replace(SENT, state=state, cost=0.35))
                for step in STEPS if self._step else ():
                    for outcome, error in _ends():
                        end = self._step(step, SMALL, SENT)
                        end and end(outcome, error)
        except ImpureHookError as found:
            words = str(found).removeprefix("a hook did I/O: ")
            raise AssertionError(self._says(f"waits in the client's thread: {words}")) from None

    @QUIET
    @example([(state, known) for state in reversed(STATES) for known in ODD])
    @given(st.lists(st.tuples(st.sampled_from(STATES), st.sampled_from(ODD)), max_size=12))
    def test_it_takes_any_task_in_any_order(
        self, changes: list[tuple[State, dict[str, Any]]]
    ) -> None:
        """Another process may have told it of the rest: a task may appear in any state, twice."""
        for state, known in changes:
            task = msgspec.structs.replace(SENT, **{**known, "state": state})
            self._quiet(f"a task that is {state}", self._observer, task)

    def test_it_takes_any_step_and_any_end(self) -> None:
        """A step may end with an outcome, with an error, twice at once, or never."""
        if self._step is None:
            return
        for step in STEPS:
            for outcome, error in _ends():
                for task in (SENT, None):
                    end = self._quiet(f"the step {step}", self._step, step, SMALL, task)
                    assert end is None or callable(end), self._says(
                        f"gives {end!r} for the step {step}; give a function, or None"
                    )
                    self._quiet(f"the step {step}", self._step, step, SMALL, task)  # never ends
                    if end is not None:
                        self._quiet(f"the end of the step {step}", end, outcome, error)

    def test_it_may_be_told_from_several_threads(self) -> None:
        """A client is shared between threads, and so are its observers."""
        raised: list[BaseException] = []

        def tell() -> None:
            try:
                for state in STATES:
                    self._observer(msgspec.structs.replace(SENT, state=state))
            except BaseException as error:  # noqa: BLE001 - it is reported below
                raised.append(error)

        threads = [threading.Thread(target=tell) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not raised, self._says(f"raises in a thread: {raised[0]!r}")

    def test_jobs_go_the_same_way_with_both_clients(self) -> None:
        """Whole jobs make the same calls and end as they do without it, and it raises nothing."""
        for job in JOBS:
            for asynchronous in (False, True):
                before = run_alone(job, asynchronous=asynchronous)
                listening = _Listening(self._observer)
                after = run(job, asynchronous=asynchronous, observers=[listening])
                assert (after.ended, after.calls) == (before.ended, before.calls), self._says(
                    f"changes how {job} goes: {after.ended} with it, {before.ended} without"
                )
                assert not listening.raised, self._says(f"raises in {job}: {listening.raised[0]!r}")

    @property
    def _observer(self) -> Any:
        found = inspect.getattr_static(type(self), "observer")  # a function is no method of ours
        return found.__func__ if isinstance(found, staticmethod) else found

    @property
    def _step(self) -> Any:
        return getattr(self._observer, "step", None)

    def _quiet(self, what: str, function: Callable[..., Any], *given: Any) -> Any:
        try:
            return function(*given)
        except PLUGIN_ERRORS as error:
            raise AssertionError(
                self._says(f"raises {type(error).__name__} for {what}: {error}")
            ) from error

    def _says(self, sentence: str) -> str:
        """Return what is wrong, as a failure begins."""
        name = getattr(self._observer, "__name__", type(self._observer).__name__)
        return f"{name} {sentence}"


class _Listening:
    """Passes on what an observer is told, and keeps what it raises."""

    def __init__(self, observer: Any) -> None:
        self.raised: list[BaseException] = []
        self._observer = observer
        if step := getattr(observer, "step", None):
            self.step = self._kept(step)

    def __call__(self, task: Task) -> None:
        self._kept(self._observer)(task)

    def _kept(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def told(*given: Any) -> Any:
            try:
                made = function(*given)
            except PLUGIN_ERRORS as error:
                self.raised.append(error)
                raise
            return self._kept(made) if callable(made) else made

        return told


def _ends() -> Iterator[tuple[Report | Task | Status | None, str | None]]:
    """Yield outcomes of steps, right and wrong for the step, and names of errors."""
    problem = Problem(path="seconds", code="range", message="13 is not accepted")
    yield Report(variant=SMALL.id, problems=(problem,), notes=()), None
    yield SENT, None
    yield msgspec.structs.replace(SENT, state="refused", error="HTTP 402: no credit"), None
    yield Status(state="completed", results=(Result(url="https://cdn.example.com/a?sig=b"),)), None
    yield None, None
    yield None, "GeneratorExit"
    yield None, "RefusedError"
