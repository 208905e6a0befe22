"""A simulated world for the client's flows: an unreliable network, a clock, a journal, a disk.

Flows make every decision and yield effects; here `World` performs them.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journal_memory import Memory
from msgspec.structs import replace
from rushes import Answer, Call, Task
from rushes._flow import Ask, Do, Effect, Gather, Interrupted, NotSent, Send, Sleep, Stream, drive
from rushes._urls import origin
from simulation_provider import API, KINDS, REGISTRIES, Provider

if TYPE_CHECKING:
    from simulation_process import Run

KEY = "zoom-secret-key-5f31c7"
CHUNKS = 3
LATEST = 3600.0
"""Seconds after which no call is in flight any more."""


class Killed(BaseException):
    """The process was killed; its flows are not told."""


class Cut(Exception):
    """The answer's head arrives, but only the beginning of its body."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("cut")
        self.answer = answer


Respond = Callable[[], Answer]
Fault = Callable[["World", Respond], Answer]
"""What happens to one call; `respond` makes the provider act and returns its answer."""


class World:
    """Performs effects. `tick` is called at each point at which a process may be killed or fail."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.folder, self.kind, self.registry = folder, KINDS[kind], REGISTRIES[kind]
        self.now = 1_000_000.0
        self.set_back = 0.0  # how far the wall clock is wrong
        self.provider = Provider(self.kind, lambda: self.now)
        self.memory = Memory()
        self.faults: dict[str, deque[Fault]] = defaultdict(deque)
        self.late: list[tuple[float, Respond]] = []
        self.posts: Counter[str] = Counter()
        self.bodies: dict[str, bytes | None] = {}
        self.updates: dict[str, list[Task]] = defaultdict(list)
        self.violations: list[str] = []
        self.tick: Callable[[str], None] = lambda point: None
        self.killed_processes: list[object] = []

    def output(self, job: str) -> Path:
        """Return the path of a job's video."""
        return self.folder / job / "video.mp4"

    def task(self, job: str) -> Task | None:
        """Return what the journal says of a job."""
        return self.memory.tasks.get(job)

    def arrive(self) -> None:
        """Deliver delayed calls to the provider, except those older than an hour."""
        while self.late:
            since, respond = self.late.pop()
            if self.now - since < LATEST:
                respond()

    def perform(self, run: "Run", effect: Effect) -> Any:
        """Perform one effect of one run."""
        what = type(effect).__name__
        if isinstance(effect, (Send, Stream)):
            what = route(effect.call)
        self.tick(f"before {what}")
        outcome: Any = None
        if isinstance(effect, Ask):
            outcome = getattr(run.process.session.journal, effect.method)(*effect.arguments)
        elif isinstance(effect, Do):
            outcome = effect.work()
        elif isinstance(effect, Sleep):
            run.sleep(effect.seconds)
        else:
            call = effect.alone if isinstance(effect, Gather) else effect
            outcome = self._exchanged(run, call)
        self.tick(f"after {what}")
        return outcome

    def _exchanged(self, run: "Run", effect: Send | Stream) -> Answer:
        self.now += 0.05
        self._addressed(effect)
        if effect.call.method == "POST":
            self._paid_for(run, effect)
        waiting = self.faults[route(effect.call)]
        dispatch = effect.dispatch if isinstance(effect, Send) else None
        if dispatch:
            if dispatch.confirm:
                drive(dispatch.confirm(), partial(self.perform, run), lambda _: None)
            dispatch.may_leave()
            dispatch.left = True
        cut = False
        try:
            answer = self._answer(effect.call, waiting.popleft() if waiting else None)
        except Cut as error:
            answer, cut = error.answer, True
        except NotSent:
            if dispatch:
                dispatch.left = False
            raise
        if dispatch:
            dispatch.answer = answer
        if isinstance(effect, Stream) and answer.status in (200, 206):
            self._streamed(run, effect, answer)
            answer = Answer(answer.status, answer.headers)
        if cut:
            raise Interrupted("the connection broke")
        return answer

    def _answer(self, call: Call, fault: Fault | None) -> Answer:
        def respond() -> Answer:
            return self.provider.answer(call)

        return fault(self, respond) if fault else respond()

    def _addressed(self, effect: Send | Stream) -> None:
        own = origin(effect.call.url) == origin(API)
        if (KEY in effect.call.headers.get("Authorization", "")) is not own:
            self.violations.append(f"a key where none belongs, or none where it does: {effect}")
        if effect.total <= 0:
            self.violations.append(f"no time at all for {effect}")

    def _paid_for(self, run: "Run", effect: Send | Stream) -> None:
        """Check a creating call: recorded before it is sent, and sent as recorded."""
        call, job = effect.call, effect.call.headers["X-Job"]
        self.posts[job] += 1
        if not isinstance(effect, Send) or effect.dispatch is None:
            self.violations.append("a call that creates is not marked so")
        if self.bodies.setdefault(job, call.body) != call.body:
            self.violations.append("two bodies under one key")
        if run.process.session.journal is None:
            return
        task = self.task(job)
        headers = {name: text for name, text in call.headers.items() if name != "Authorization"}
        if task is None or task.state not in ("sending", "unknown"):
            self.violations.append(f"sent while the journal says {task and task.state}")
        elif replace(call, headers=headers) != task.call:
            self.violations.append("what is sent is not what was recorded")
        elif not run.owns or job not in self.memory.owners:
            self.violations.append("sent by one that does not own the task")

    def _streamed(self, run: "Run", effect: Stream, answer: Answer) -> None:
        run.sinks.append(effect.sink)
        effect.sink.begin(Answer(answer.status, answer.headers))
        size = max(len(answer.body) // CHUNKS, 1)
        for start in range(0, len(answer.body), size):
            self.tick("within GET file")
            effect.sink.write(answer.body[start : start + size])


def route(call: Call) -> str:
    """Name the kind of a call."""
    if not call.url.startswith(API):
        return "GET file"
    return "GET job" if "/jobs/" in call.url else f"{call.method} clip"
