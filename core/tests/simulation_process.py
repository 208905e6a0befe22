"""Processes that work on jobs in a simulated world, and can be killed between any two effects."""

from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from acme_zoom import Zoom
from journal_memory import SteppingJournal
from rushes import Report, RushesError, Task, Timeouts
from rushes._check.checking import check
from rushes._client.verbs import Jobs
from rushes._flow import Effect, Flow
from rushes._plugins.calling import LoadedVariant
from rushes._session.clock import SystemClock
from rushes._session.provider_keys import ProviderKeys
from rushes._session.session import Session
from rushes._submit.sending import PATIENCE
from rushes.home import Keys
from rushes.journal import essence
from simulation_world import KEY, Killed, World

TIMEOUTS = Timeouts()
AT_MOST = Zoom.declaration.polling.at_most


class WorldClock(SystemClock):
    """The made-up world's time; the clock on the wall may be set back."""

    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> float:
        return self._world.now - self._world.set_back

    def elapsed(self) -> float:
        return self._world.now

    def since_boot(self) -> float:
        return self._world.now

    def jitter(self, seconds: float) -> float:
        return seconds


class Process:
    """One process and its flows; what it knows is lost when it is killed."""

    def __init__(self, world: World, *, keeps_journal: bool = True) -> None:
        self.world, self.runs = world, list[Run]()
        self.journal = SteppingJournal(world.memory)
        self.session = Session(
            registry=world.registry,
            keys=ProviderKeys(world.registry, Keys({"acme": KEY}, {}, world.folder)),
            journal=self.journal if keeps_journal else None,
            home=world.folder / "home",
            timeouts=TIMEOUTS,
            polling=None,
            time=WorldClock(world),
        )
        self.session.__dict__["observers"] = ()  # none of this machine's observers
        self._jobs = Jobs(self.session, self._checked)

    def _checked(self, variant: str, request: Any) -> tuple[LoadedVariant, Report]:
        loaded = self.world.registry.get(variant)
        return loaded, check(loaded, request)

    def start(self, verb: str, job: str, given: Any, timeout: float | None = None) -> "Run":
        """Start a verb; `given` is its request, its task, or for `found` the remote id."""
        place = self.world.output(job), False  # nothing may be overwritten
        taken: dict[str, tuple[Any, ...]] = {
            "submit": ("acme/zoom", given, job, *place),
            "generate": ("acme/zoom", given, job, *place, timeout),
            "resume": (given, *place, timeout),
            "wait": (given, timeout),
            "fetch": (given, *place),
            "cancel": (given,),
            "lost": (given, None, None, True),
            "found": (job, given, None, False),
        }
        flows = getattr(self._jobs, "resolve" if verb in ("lost", "found") else verb)
        flow = flows(*taken[verb], lambda task: self._updated(job, task))
        return Run(self, flow, verb, job, AT_MOST if timeout is None else timeout)

    def _updated(self, job: str, task: Task) -> None:
        self.world.updates[job].append(task)
        if self.session.journal is not None and self.world.task(job) != task:
            self.world.violations.append(f"reported before it is recorded: {task.state}")

    def kill(self) -> None:
        """Die as by SIGKILL: nothing is cleaned up, but the system closes files and drops locks."""
        for run in self.runs:
            run.over = True
            for sink in run.sinks:
                if sink._file is not None:
                    sink._file.close()
        self.journal.close()
        self.world.killed_processes.append(self)  # a generator that is collected would clean up


class Run:
    """One running flow."""

    def __init__(
        self, process: Process, flow: Flow[Task], verb: str, job: str, timeout: float
    ) -> None:
        self.process, self.world, self.flow = process, process.world, flow
        self.verb, self.job, self.timeout = verb, job, timeout
        self.over = self.owns = False
        self.result: Task | None = None
        self.error: BaseException | None = None
        self.sinks: list[Any] = []
        self._slept: defaultdict[str, float] = defaultdict(float)
        process.runs.append(self)
        self._go(lambda: next(flow))

    def step(self) -> None:
        """Perform one effect."""
        try:
            outcome = self.world.perform(self, self._effect)
        except Killed:
            self.process.kill()
        except GeneratorExit:
            self._go(self.flow.close)
        except BaseException as error:  # noqa: BLE001 - the flow decides
            self.throw(error)
        else:
            self._go(lambda: self.flow.send(outcome))

    def throw(self, error: BaseException, *, performed: bool = False) -> None:
        """Raise in the flow an error of its effect, which may have been performed all the same."""
        if performed:
            with suppress(Exception):
                self.world.perform(self, self._effect)
        self._go(lambda: self.flow.throw(error))

    def run(self, most: int = 3000) -> "Run":
        """Perform effects until the flow is over, at most this many."""
        for _ in range(most):
            if self.over:
                break
            self.step()
        return self

    def sleep(self, seconds: float) -> None:
        """Let time pass; how much is allowed depends on the task's state."""
        task = self.world.task(self.job)
        why = task.state if task and self.owns else "another owner"
        limits = {
            "recorded": PATIENCE,
            "sending": TIMEOUTS.submit,
            "unknown": TIMEOUTS.submit,
            "queued": self.timeout,
            "in_progress": self.timeout,
            "completed": TIMEOUTS.download,
            "failed": 1.0,  # found out by a download, which looks why it cannot go on
            "cancelled": 1.0,
            "expired": 1.0,
            "another owner": 2 * max(AT_MOST, self.timeout),
        }
        self._slept[why] += seconds
        if seconds < 0 or self._slept[why] > limits.get(why, 0) + 0.001:
            self.world.violations.append(f"slept {self._slept[why]} s while {why}")
        self.world.now = max(self.world.now, self._since + seconds)

    def _go(self, on: Callable[[], Effect | None]) -> None:
        held = self.process.session.owned
        had = self.job in held
        try:
            effect = on()
            if effect is None:  # it was closed
                raise GeneratorExit
            self._effect = effect
        except StopIteration as stop:
            self.over, self.result = True, stop.value
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is judged
            self.over, self.error = True, error
        self._since = self.world.now
        self.owns = self.job in held and (self.owns or not had)
        if self.over:
            self.process.runs.remove(self)
            self._check_end()

    def _check_end(self) -> None:
        """Check how a flow ended: with its task, or with an error of ours that carries it."""
        if isinstance(self.error, (KeyboardInterrupt, GeneratorExit)):
            return
        task = self.error.task if isinstance(self.error, RushesError) else self.result
        if self.error is not None and not isinstance(self.error, RushesError):
            self.world.violations.append(f"{self.verb} ended with {self.error!r}")
        elif self.world.task(self.job) and (task is None or task.id != self.job):
            self.world.violations.append(f"{self.verb} ended without its task: {self.error!r}")
        elif self.result and not self._recorded(self.result):
            self.world.violations.append(
                f"{self.verb} returned what is not recorded: {self.result}"
            )
        elif self.owns:
            self.world.violations.append(f"{self.verb} ended and owns the task still")

    def _recorded(self, task: Task) -> bool:
        """Whether a task is what the journal held at some time."""
        now = self.world.task(self.job)
        if now is not None and task.file and now.file != task.file:
            return False
        history = self.world.memory.history.get(self.job, [task])
        return any(essence(was) == essence(task) for was in history)
