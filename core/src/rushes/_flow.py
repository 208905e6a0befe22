"""Flows: what has to be done, in order, without doing it; and the two drivers that do it.

A flow is a generator of effects. It holds every decision; the synchronous and the asynchronous
client differ only in who performs the effects.
"""

from collections.abc import Awaitable, Callable, Generator
from typing import Any, Protocol, TypeVar

from msgspec import Struct

from rushes.calls import Answer, Call, Steps
from rushes.urls import shown

T = TypeVar("T")


class NotSent(Exception):
    """The call provably never reached the other side."""


class Interrupted(Exception):
    """The call may have reached the other side; no whole answer came back."""


class Stalled(Interrupted):
    """Nothing came for so long, or so little, that nobody waits for the rest."""


class StopWaiting(Exception):
    """The caller no longer waits; raised where time is let pass."""


class Sink(Protocol):
    """Where a streamed body goes."""

    def begin(self, answer: Answer) -> None:
        """Take the answer's head; called once, for an answer with status 200 or 206."""

    def write(self, chunk: bytes) -> None:
        """Take the next piece of the body; raises to stop the stream."""

    def tell(self) -> None:
        """Tell whoever wants to know how far it is; called after a piece, where the flow runs."""


class Dispatch:
    """The call that is paid for, on its way: what must hold before it leaves, and how far it came.

    `may_leave` is called once, by whoever writes, right before the first byte of the request; it
    raises NotSent to keep the call here. `left` says whether anything may have left. `answer` is
    kept as soon as it is read whole: whatever interrupts the call after that loses nothing.
    """

    def __init__(self, may_leave: Callable[[], None]) -> None:
        self.may_leave = may_leave
        self.left = False
        self.answer: Answer | None = None


class Send(Struct, frozen=True, kw_only=True):
    """Make one call, and give its whole answer within `total` seconds.

    The time begins once the call has a place among the client's connections; for that it waits up
    to `patience` seconds, without a limit where that is None. A `dispatch` marks the call that is
    paid for: it gets a connection of its own, so that it never meets one that the other side is
    just closing.
    """

    call: Call
    total: float
    patience: float | None = None
    dispatch: Dispatch | None = None

    @property
    def creating(self) -> bool:
        """Whether this is the call that is paid for."""
        return self.dispatch is not None

    def __repr__(self) -> str:
        """Tell no header: a traceback that shows its locals shows this, and the key is in one."""
        return f"<Send {self.call.method} {shown(self.call.url)}>"


class Stream(Struct, frozen=True, kw_only=True):
    """Make one call, and stream a good answer's body into `sink` within `total` seconds.

    The time begins once the call has a place; for that it waits up to `patience` seconds.
    `public_only`: connect to addresses that anybody on the internet reaches, and to no other.
    """

    call: Call
    total: float
    sink: Sink
    public_only: bool = True
    patience: float | None = None

    def __repr__(self) -> str:
        """Tell neither header nor query: the key is in the one, a signature in the other."""
        return f"<Stream {self.call.method} {shown(self.call.url)}>"


class Sleep(Struct, frozen=True):
    """Let `seconds` pass."""

    seconds: float


class Do(Struct, frozen=True):
    """Do something that blocks."""

    work: Callable[[], Any]


class Ask(Struct, frozen=True):
    """Call one of the journal's methods. What is asked first is done first, whoever awaits it."""

    method: str
    arguments: tuple[Any, ...] = ()


Effect = Send | Stream | Sleep | Do | Ask
Flow = Generator[Effect, Any, T]


def drive(flow: Flow[T], perform: Callable[[Effect], Any]) -> T:
    """Run a flow to its end; what an effect raises is raised inside the flow."""
    try:
        effect = next(flow)
        while True:
            try:
                outcome = perform(effect)
            except BaseException as error:  # noqa: BLE001 - the flow decides, Ctrl-C included
                effect = flow.throw(error)
            else:
                effect = flow.send(outcome)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]


async def drive_async(flow: Flow[T], perform: Callable[[Effect], Awaitable[Any]]) -> T:
    """Run a flow to its end without blocking the event loop."""
    try:
        effect = next(flow)
        while True:
            try:
                outcome = await perform(effect)
            except BaseException as error:  # noqa: BLE001 - the flow decides, cancellation included
                effect = flow.throw(error)
            else:
                effect = flow.send(outcome)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]


def steps(generator: Steps[T], send: Callable[[Call], Effect]) -> Flow[tuple[T, Answer | None]]:
    """Run a plugin's generator of calls; return what it learned, and the last answer."""
    answer: Answer | None = None
    try:
        call = next(generator)
        while True:
            answer = yield send(call)
            call = generator.send(answer)
    except StopIteration as stop:
        return stop.value, answer
