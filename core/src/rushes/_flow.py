"""Flows: the steps of a job as data, and the two drivers that perform them.

A flow is a generator of effects. It makes every decision; the synchronous and the asynchronous
client differ only in how the effects are performed.
"""

from collections.abc import Awaitable, Callable, Generator, Hashable, Mapping
from types import GeneratorType
from typing import Any, Protocol, TypeVar

from msgspec import Struct

from rushes._structs.unshown import Unshown
from rushes.calls import Answer, Call, Steps
from rushes.errors import ConfigurationError
from rushes.task import Task
from rushes.urls import without_secrets

T = TypeVar("T")
D = TypeVar("D")


class NotSent(Exception):
    """The call provably never reached the other side."""


class Interrupted(Exception):
    """The call may have reached the other side; no complete answer came back."""


class PrivateAddress(Exception):
    """The call would have gone to an address that only a private network can reach."""


class Stalled(Interrupted):
    """Nothing, or too little, arrived for so long that the rest is not waited for."""


class Forked(Exception):
    """The flow belongs to the process that this one was forked from."""


class Sink(Protocol):
    """Where a streamed body is written."""

    def begin(self, answer: Answer) -> None:
        """Take the answer's head; called once, for an answer with status 200 or 206."""

    def write(self, chunk: bytes) -> None:
        """Take the next piece of the body; raise to stop the stream."""

    def report_progress(self) -> None:
        """Report progress; called after each piece, in the thread of the flow."""


class Dispatch:
    """The paid call on its way: the last checks before it leaves, and how far it got.

    `confirm` is a flow that the transport lets run once the call has its place among the
    connections; it may take long. `may_leave` is called once, right before the first byte of the
    request is written, and waits for nothing. Both raise NotSent to keep the call back. `left` says
    whether anything may have been sent. `answer` is set as soon as it is read completely: an
    interruption after that loses nothing.
    """

    def __init__(
        self, may_leave: Callable[[], None], confirm: "Callable[[], Flow[None]] | None" = None
    ) -> None:
        self.may_leave, self.confirm = may_leave, confirm
        self.left = False
        self.answer: Answer | None = None


class Send(Unshown, frozen=True, kw_only=True):
    """Make one call, and return its whole answer within `total` seconds.

    The time begins once the call has a place among the client's connections; it waits for one up to
    `patience` seconds, or without limit if that is None. With `thin`, long texts are left out of a
    JSON answer, which may then be large. A `dispatch` marks the paid call: it gets
    a new connection, so that it never uses one that the other side is just closing.
    """

    call: Call
    total: float
    patience: float | None = None
    thin: bool = False
    dispatch: Dispatch | None = None

    def __repr__(self) -> str:
        """Show no header: one contains the key, and tracebacks that show locals show this."""
        return f"<Send {self.call.method} {without_secrets(self.call.url)}>"


class Stream(Unshown, frozen=True, kw_only=True):
    """Make one call, and stream a successful answer's body into `sink` within `total` seconds.

    The time begins once the call has a place; for that it waits up to `patience` seconds.
    `public_only`: connect only to public addresses.
    """

    call: Call
    total: float
    sink: Sink
    public_only: bool = True
    patience: float | None = None

    def __repr__(self) -> str:
        """Show neither headers nor query: they may contain the key or a signature."""
        return f"<Stream {self.call.method} {without_secrets(self.call.url)}>"


class Sleep(Struct, frozen=True):
    """Let `seconds` pass; `task` is the one that is waited for, where the caller may stop that.

    With `until`, a provider and a remote id, it ends early once there is news of that task, and
    returns True.
    """

    seconds: float
    task: Task | None = None
    until: tuple[str, str] | None = None


class Do(Struct, frozen=True):
    """Do something that blocks; flows that do it at the same time under one name share it."""

    work: Callable[[], Any]
    shared: str | None = None


class Ask(Struct, frozen=True):
    """Call one of the journal's methods. Calls are made in the order in which they are asked."""

    method: str
    arguments: tuple[Any, ...] = ()


class Gather(Struct, frozen=True, kw_only=True):
    """Make one call for several flows that ask for parts of one answer at nearly the same time.

    Flows with the same `key` that ask within `seconds`, at most `most`, form a group. One of them
    provides `flow`, which is given the `item`s of all and returns what each is given. A flow that
    is given nothing makes the call `alone`; so does every flow of a driver that runs one at a time.
    """

    key: Hashable
    item: str
    flow: "Callable[[list[str]], Flow[Mapping[str, Answer]]]"
    alone: Send
    seconds: float
    most: int


Effect = Send | Stream | Sleep | Do | Ask | Gather
Flow = Generator[Effect, Any, T]


class Waiting(Struct):
    """What is left of a flow during a pause: data, from which the flow that goes on is made."""

    def __repr__(self) -> str:
        """Show only what it is: a traceback that shows locals would show the whole session."""
        return f"<{type(self).__name__}>"

    def __rich_repr__(self) -> None:  # type: ignore[override]
        """Let rich show the `repr`, too; msgspec would name every field."""

    def go_on(self, heard: bool) -> "Chain[Any]":
        """Return the flow that goes on after the pause; `heard` is what that returned."""
        raise NotImplementedError

    def give_up(self, error: BaseException) -> "Chain[Any]":
        """Return the flow that ends the work, and raises the error that has ended the pause."""
        return _raising(error)


def _raising(error: BaseException) -> Flow[Any]:
    yield from ()
    try:
        raise error
    finally:
        del error  # its traceback has this frame


class Pause(Struct, frozen=True):
    """The end of a flow that sleeps and then goes on as another: only `then` is kept meanwhile."""

    sleep: Sleep
    then: Waiting


Chain = Generator[Effect, Any, T | Flow[Any] | Pause]
"""A flow that may end with another one, which goes on in its place, or with a pause before that.

A flow that ends with the longest part of its work thus keeps nothing in memory meanwhile, where
`yield from` would keep its frame.
"""


def joined(chain: Chain[T]) -> Flow[T]:
    """Run a flow and those that go on in its place; return the outcome of the last."""
    outcome: T | Flow[Any] | Pause = chain
    del chain  # others may go on in its place
    while True:
        if isinstance(outcome, Pause):
            try:
                heard = yield outcome.sleep
            except BaseException as error:  # noqa: BLE001 - the flow decides, as everywhere
                outcome = outcome.then.give_up(error)
            else:
                outcome = outcome.then.go_on(heard)
        elif isinstance(outcome, Generator):
            outcome = yield from outcome
        else:
            return outcome


def drive(
    chain: Chain[T], perform: Callable[[Effect], Any], failed: Callable[[BaseException], None]
) -> T:
    """Run a flow to its end; an error raised by an effect is raised inside the flow.

    An error that ends the flow passes through `failed`, which may change what it shows.
    """
    flow = joined(chain)
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
    except BaseException as error:
        failed(error)
        raise


def _resumed(
    flow: Flow[Any] | Waiting, outcome: Any = None, error: BaseException | None = None
) -> tuple[Flow[Any] | Waiting, Effect]:
    """Resume a flow with the outcome or the error of its effect; return what to do next.

    That is an effect, together with the flow that it is for: the same, one in its place, or what is
    left of it during a pause. The end is raised, as StopIteration. (Caught where flows wait, it
    would keep a frame in memory.)
    """
    if isinstance(flow, Waiting):
        flow = flow.go_on(outcome) if error is None else flow.give_up(error)
        outcome = error = None
    while True:
        try:
            return flow, flow.send(outcome) if error is None else flow.throw(error)
        except StopIteration as stop:
            end = stop.value
            if isinstance(end, Pause):
                return end.then, end.sleep
            if not isinstance(end, GeneratorType):
                raise
            flow, outcome, error = end, None, None


async def drive_async(
    flow: Chain[T] | Waiting,
    driver: D,
    perform: Callable[[D, Effect], Awaitable[Any]],
    failed: Callable[[D, BaseException], None],
    leave: Callable[[], None] | None = None,
) -> T:
    """Do what `drive` does, without blocking the event loop.

    The two functions are given the driver: bound to it, they would take memory for each flow that
    waits. `leave` is called once, when the flow first pauses, or else when it ends. Raises
    ConfigurationError if the flow belongs to the process that this one was forked from.
    """
    try:
        flow, effect = _resumed(flow)
        while True:
            if leave is not None and type(effect) is Sleep:
                leave = leave()
            try:
                outcome = perform(driver, effect)
                del effect  # it may take long
                outcome = await outcome
            except BaseException as error:  # noqa: BLE001 - the flow decides, cancellation included
                flow, effect = _resumed(flow, error=error)
            else:
                flow, effect = _resumed(flow, outcome)
                del outcome  # the next effect may take long
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
    except Forked as error:
        raise ConfigurationError(str(error)) from error
    except BaseException as error:
        failed(driver, error)
        raise
    finally:
        if leave is not None:
            leave()


def steps(
    generator: Steps[T],
    send: Callable[[Call], Effect],
    judge: Callable[[Answer], None] | None = None,
) -> Flow[tuple[T, Call | None, Answer | None]]:
    """Run a plugin's generator of calls; return its result, the last call and its answer.

    `judge` sees each answer before the plugin does; the steps end if it raises.
    """
    call: Call | None = None
    answer: Answer | None = None
    try:
        call = next(generator)
        while True:
            answer = yield send(call)
            if judge is not None:
                judge(answer)
            call = generator.send(answer)
    except StopIteration as stop:
        return stop.value, call, answer
