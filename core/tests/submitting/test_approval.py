"""The hook `approve`: asked right before the paid call, and told afterwards what became of it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rushes
from msgspec import structs
from rushes import (
    Answer,
    Client,
    ConfigurationError,
    Problem,
    Request,
    RequestError,
    Task,
    hookimpl,
)
from rushes.testing import DROPPED, UNREACHABLE, Clock, Network
from rushes.testing._small import CREATED, SMALL

PRICED = structs.replace(SMALL, cost=lambda payload: 0.35)
NO = Problem(path="", code="cap", message="the cap is reached")


class Cap:
    """Answers in turn, and keeps what it is asked and told."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.log: list[str] = []
        self.asked: list[Task] = []

    @hookimpl
    def approve(self, task: Task, now: float) -> Any:
        self.log.append(f"asked: {task.state}")
        self.asked.append(task)
        assert now >= task.created_at
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def __call__(self, task: Task) -> None:
        self.log.append(task.state)


def network(*answers: Any) -> Network:
    found = Network()
    found.on("POST", "/v1/videos", *answers)
    found.on("GET", "/v1/jobs/*", Answer(404, {}, b"{}"))
    return found


def submit(
    cap: Cap, wire: Network, home: Path, *, asynchronous: bool = False, task: str | None = None
) -> Task:
    parts: dict[str, Any] = {
        "plugins": [PRICED],
        "keys": {"example": "secret-key"},
        "wrappers": [cap],
        "observers": [cap],
        "transport": wire,
        "clock": Clock(),
        "home": home,
    }
    request = Request("A red kite")
    if not asynchronous:
        with Client(**parts) as client:
            return client.submit(PRICED.id, request, task=task)

    async def job() -> Task:
        async with rushes.AsyncClient(**parts) as client:
            return await client.submit(PRICED.id, request, task=task)

    return asyncio.run(job())


BOTH = pytest.mark.parametrize("asynchronous", [False, True], ids=["Client", "AsyncClient"])


@BOTH
def test_it_is_asked_with_the_whole_job_before_it_is_sent(
    tmp_path: Path, asynchronous: bool
) -> None:
    cap, wire = Cap([]), network(CREATED)
    task = submit(cap, wire, tmp_path, asynchronous=asynchronous)
    assert cap.log == ["recorded", "asked: recorded", "sending", "queued"]
    (asked,) = cap.asked
    assert (asked.id, asked.estimate, asked.client_id) == (task.id, 0.35, task.client_id)
    assert asked.call
    assert asked.call.json()["prompt"] == "A red kite"
    assert "secret-key" not in repr(structs.asdict(asked))


@BOTH
def test_a_refusal_is_recorded_told_and_raised_and_nothing_is_sent(
    tmp_path: Path, asynchronous: bool
) -> None:
    cap, wire = Cap([NO]), network(CREATED)
    with pytest.raises(RequestError) as caught:
        submit(cap, wire, tmp_path, asynchronous=asynchronous)
    assert caught.value.problems == (NO,)
    assert caught.value.task
    assert (caught.value.task.state, caught.value.task.error) == ("refused", NO.message)
    assert wire.calls == []
    assert cap.log == ["recorded", "asked: recorded", "refused"]
    with Client(plugins=[PRICED], home=tmp_path) as client:
        assert [task.state for task in client.tasks()] == ["refused"]


def test_every_wrapper_is_asked_and_all_problems_are_raised_at_once(tmp_path: Path) -> None:
    other = Problem(path="", code="moderation", message="no kites")
    caps = [Cap([NO]), Cap([other]), Cap(None)]
    with (
        Client(
            plugins=[PRICED],
            keys={"example": "k"},
            wrappers=caps,
            transport=network(CREATED),
            home=tmp_path,
        ) as client,
        pytest.raises(RequestError) as caught,
    ):
        client.submit(PRICED.id, Request("A red kite"))
    assert {problem.code for problem in caught.value.problems} == {"cap", "moderation"}
    assert [len(cap.asked) for cap in caps] == [1, 1, 1]


def test_a_refused_job_can_be_submitted_again_and_is_asked_for_again(tmp_path: Path) -> None:
    cap, wire = Cap([NO], []), network(CREATED)
    with pytest.raises(RequestError):
        submit(cap, wire, tmp_path, task="kite")
    task = submit(cap, wire, tmp_path, task="kite")
    assert (task.id, task.state, len(cap.asked)) == ("kite", "queued", 2)
    assert len(wire.calls) == 1


@BOTH
def test_an_approved_job_whose_call_then_fails_is_told_of(
    tmp_path: Path, asynchronous: bool
) -> None:
    class Cut(Cap):
        @hookimpl
        def authorize(self) -> Any:
            if self.asked:
                raise ValueError("the key is gone")

    cap, wire = Cut([]), network(CREATED)
    with pytest.raises(ConfigurationError, match="the key is gone"):
        submit(cap, wire, tmp_path, asynchronous=asynchronous)
    assert cap.log == ["recorded", "asked: recorded", "recorded"]
    assert wire.calls == []


@BOTH
def test_each_attempt_is_asked_for_and_what_became_of_it_is_told(
    tmp_path: Path, asynchronous: bool
) -> None:
    later = Answer(429, {"retry-after": "1"}, b"{}")
    cap, wire = Cap([], [], [NO]), network(later, UNREACHABLE, CREATED)
    with pytest.raises(RequestError):
        submit(cap, wire, tmp_path, asynchronous=asynchronous)
    attempt = ["asked: recorded", "sending", "recorded"]
    assert cap.log == ["recorded", *attempt, *attempt, "asked: recorded", "refused"]
    assert len(wire.calls) == 2


def test_a_look_up_and_a_replay_are_not_asked_for(tmp_path: Path) -> None:
    cap, wire = Cap([]), network(DROPPED, CREATED)
    assert submit(cap, wire, tmp_path).state == "queued"
    assert [call.method for call in wire.calls].count("POST") == 2
    assert cap.log == ["recorded", "asked: recorded", "sending", "unknown", "queued"]


def test_a_job_that_was_accepted_is_not_asked_for_again(tmp_path: Path) -> None:
    cap, wire = Cap([]), network(CREATED)
    first = submit(cap, wire, tmp_path, task="kite")
    assert submit(cap, wire, tmp_path, task="kite").remote_id == first.remote_id
    assert len(cap.asked) == 1


BROKEN: dict[str, tuple[Any, type[Exception], str]] = {
    "it raises": (
        ValueError("odd"),
        rushes.BrokenPluginError,
        r"the hook approve of the wrapper \S*test_approval\.Cap raised ValueError",
    ),
    "it exits": (SystemExit(0), rushes.BrokenPluginError, "raised SystemExit"),
    "it returns a word": (["no"], rushes.BrokenPluginError, "str, which is not a Problem"),
    "it returns no list": (
        7,
        rushes.BrokenPluginError,
        r"the hook approve of the wrapper \S*test_approval\.Cap raised TypeError: it returned int",
    ),
    "it says no": (False, rushes.BrokenPluginError, "it returned bool, which is not a Problem"),
    "it says yes": (True, rushes.BrokenPluginError, "it returned bool, which is not a Problem"),
    "it gives no words": ("", rushes.BrokenPluginError, "it returned str, which is not a Problem"),
    "it gives nothing": ({}, rushes.BrokenPluginError, "it returned dict, which is not a Problem"),
    "it returns one": (NO, rushes.BrokenPluginError, "returned one Problem; a list of them"),
    "it returns a note": (
        [rushes.Note(path="", code="cap", message="nearly")],
        rushes.BrokenPluginError,
        "it returned Note, which is not a Problem",
    ),
    "its file is broken": (ConfigurationError("no ledger"), ConfigurationError, "no ledger"),
}


@pytest.mark.parametrize(
    ("how", "asynchronous"), [*((how, False) for how in BROKEN), ("it raises", True)]
)
def test_a_broken_one_keeps_the_job_from_being_sent(
    tmp_path: Path, how: str, asynchronous: bool
) -> None:
    answer, kind, words = BROKEN[how]
    cap, wire = Cap(answer, []), network(CREATED)
    with pytest.raises(kind, match=words) as caught:
        submit(cap, wire, tmp_path, asynchronous=asynchronous)
    assert isinstance(caught.value, rushes.RushesError)
    assert caught.value.task
    assert caught.value.task.state == "recorded"
    assert wire.calls == []
    assert cap.log == ["recorded", "asked: recorded", "recorded"]  # what it reserved is given back
    assert submit(cap, wire, tmp_path).state == "queued"


def test_it_does_not_run_on_the_event_loop(tmp_path: Path) -> None:
    where: list[str] = []

    class Waits:
        @hookimpl
        def approve(self) -> None:
            try:
                asyncio.get_running_loop()
            except RuntimeError:
                where.append("a thread")
            else:
                where.append("the loop")

    async def job() -> None:
        async with rushes.AsyncClient(
            plugins=[PRICED],
            keys={"example": "k"},
            wrappers=[Waits()],
            transport=network(CREATED),
            home=tmp_path,
        ) as client:
            await client.submit(PRICED.id, Request("A red kite"))

    asyncio.run(job())
    assert where == ["a thread"]


def test_one_that_changes_what_the_others_say_is_blamed_for_what_it_returns(
    tmp_path: Path,
) -> None:
    class Softens:
        @hookimpl(wrapper=True)
        def approve(self) -> Any:
            yield
            return [False]

    cap, wire = Cap([]), network(CREATED)
    with (
        Client(
            plugins=[PRICED],
            keys={"example": "k"},
            wrappers=[Softens(), cap],
            transport=wire,
            home=tmp_path,
        ) as client,
        pytest.raises(rushes.BrokenPluginError, match=r"Softens raised .* it returned bool"),
    ):
        client.submit(PRICED.id, Request("A red kite"))
    assert wire.calls == []


def in_wrapper(hook: str, make: Callable[..., Any]) -> Any:
    return type("Bad", (), {hook: staticmethod(hookimpl(wrapper=True)(make))})()


def test_the_wrapper_whose_hook_raises_is_blamed_and_not_the_variant(tmp_path: Path) -> None:
    def raises() -> Any:
        yield
        raise ValueError("odd")

    wrappers = [in_wrapper("submit", raises)]
    with (
        Client(plugins=[SMALL], wrappers=wrappers, keys={"example": "k"}, home=tmp_path) as client,
        pytest.raises(rushes.BrokenPluginError) as caught,
    ):
        client.submit(SMALL.id, Request("A red kite"))
    assert "test_approval.Bad raised ValueError: odd" in str(caught.value)


def test_the_variant_is_blamed_for_what_it_raises_inside_a_wrapper(tmp_path: Path) -> None:
    class Bad:
        @hookimpl
        def submit(self) -> Any:
            raise ValueError("mine")

        @hookimpl
        def variant(self) -> rushes.Variant:
            return SMALL

    def passes() -> Any:
        return (yield)

    wrappers = [in_wrapper("submit", passes)]
    with (
        Client(plugins=[Bad()], wrappers=wrappers, keys={"example": "k"}, home=tmp_path) as client,
        pytest.raises(rushes.BrokenPluginError) as caught,
    ):
        client.submit(SMALL.id, Request("A red kite"))
    assert str(caught.value) == "example/small: the hook submit raised ValueError: mine"
