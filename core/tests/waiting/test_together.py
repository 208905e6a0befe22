"""Tasks of a provider that lists tasks: those that wait at one time are asked for in one call."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest
from acme_declared import ANSWERS, declared
from acme_driver import REQUEST
from hypothesis import given
from hypothesis import strategies as st
from rushes import (
    Answer,
    AsyncClient,
    Call,
    Client,
    Receipt,
    Steps,
    StillRunningError,
    Task,
    TaskEndedError,
    Variant,
    hookimpl,
    pick,
)
from rushes._plugins.loading import build
from rushes._plugins.reading import listed
from rushes._wait.together import MOST, WINDOW
from rushes.testing import DROPPED, Clock, Network
from stalled_phases import wait_until_async

ASKED = "/v1/clips"
LISTING = msgspec.structs.replace(ANSWERS, task="clips[]")
LISTED = {
    "answers": LISTING,
    "status_path": f"{ASKED}?refs={{id}}",
    "statuses_path": f"{ASKED}?refs={{ids}}",
}
FILM = "https://films.example.org"


def clip(name: str, **changes: Any) -> dict[str, Any]:
    """Return what the provider says of a clip that is done: an address that names it."""
    return {"ref": name, "stage": "ready", "links": [f"{FILM}/{name}.mp4"], **changes}


class Provider(Network):
    """Accepts every clip, and lists those that it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[list[str]] = []
        """The clips in each poll."""
        self.list: Callable[[list[str]], Any] = lambda names: {"clips": list(map(clip, names))}

    def _next(self, request: Any) -> Any:
        if request.method == "POST":
            return {"clip": {"ref": "c-0"}}
        names = next(iter(request.url.params.values())).split(",")
        self.asked.append(sorted(names))
        return self.list(names)

    def counts(self) -> list[int]:
        """Return how many clips each poll asked for."""
        return [len(names) for names in self.asked]


@pytest.fixture
def provider() -> Provider:
    return Provider()


class LongWindow(Clock):
    """A clock by which others are waited for for an hour."""

    def pause(self, seconds: float) -> float:
        real = super().pause(seconds)
        return 3600 if seconds == WINDOW else real


async def gathering(client: AsyncClient, number: int) -> "list[asyncio.Task[Task]]":
    """Wait for so many tasks; return once each of them waits for the others."""
    flows = [
        asyncio.ensure_future(client.wait(task, timeout=1e9))
        for task in await accepted(client, number)
    ]

    def together() -> int:
        groups: Any = vars(client).get("_groups")
        return max((len(group.items) for group in groups._open.values()), default=0)

    await wait_until_async(lambda: together() == number)
    return flows


def settings(provider: Provider, **changes: Any) -> dict[str, Any]:
    return {
        "plugins": [declared(**{**LISTED, **changes})],
        "keys": {"acme": "a-key-of-no-value"},
        "transport": provider,
        "journal": None,
        "clock": Clock(),
    }


async def accepted(client: AsyncClient, number: int) -> list[Task]:
    """Return tasks of clips `c-1`, `c-2` and so on, of which only one was really submitted."""
    task = await client.submit("acme/zoom", REQUEST)
    names = [f"c-{place}" for place in range(1, number + 1)]
    return [msgspec.structs.replace(task, id=name, receipt=Receipt(name)) for name in names]


def waited(
    provider: Provider, number: int, *, timeout: float = 1e6, **changes: Any
) -> dict[str, Any]:
    """Wait for so many tasks at once; return each task, or the error, by the clip's name."""

    async def run() -> dict[str, Any]:
        async with AsyncClient(**settings(provider, **changes)) as client:
            tasks = await accepted(client, number)
            flows = [client.wait(task, timeout=timeout) for task in tasks]
            ended = await asyncio.gather(*flows, return_exceptions=True)
            return {task.id: end for task, end in zip(tasks, ended, strict=True)}

    return asyncio.run(run())


def is_own(ended: Mapping[str, Any]) -> bool:
    """Whether every task has its own clip's film."""
    return all(
        [result.url for result in task.results] == [f"{FILM}/{name}.mp4"]
        for name, task in ended.items()
    )


def test_those_that_wait_at_once_are_asked_for_in_one_call(provider: Provider) -> None:
    assert is_own(waited(provider, 40))
    assert provider.counts() == [40]


def test_every_further_round_is_one_call_too(provider: Provider) -> None:
    rounds = iter(["waiting", "rendering", "rendering", "ready"])

    def slowly(names: list[str]) -> Any:
        stage = next(rounds)
        return {"clips": [clip(name, stage=stage) for name in names]}

    provider.list = slowly
    assert is_own(waited(provider, 30))
    assert provider.counts() == [30] * 4


def test_an_address_holds_so_many_ids_and_no_more(provider: Provider) -> None:
    assert is_own(waited(provider, 2 * MOST + 7))
    assert sorted(provider.counts()) == [7, MOST, MOST]


def test_a_single_task_does_not_wait_for_others(provider: Provider) -> None:
    changes = settings(provider)

    async def run() -> Task:
        async with AsyncClient(**changes) as client:
            return await client.wait(*await accepted(client, 1))

    assert asyncio.run(run()).state == "completed"
    assert WINDOW not in changes["clock"].pauses
    assert provider.asked == [["c-1"]]


def test_a_list_may_be_another_answer_than_a_tasks_own(provider: Provider) -> None:
    """Each id is a parameter of its own; a task that is listed twice is asked for alone."""

    def told(request: Any) -> Any:
        if request.method == "POST":
            return {"clip": {"ref": "c-0"}}
        names = request.url.params.get_list("of")
        provider.asked.append(sorted(names))
        if not names:
            return clip(request.url.path.rpartition("/")[2])
        return {"found": {"items": [*map(clip, names), clip("c-2"), clip("c-9")]}}

    provider._next = told  # type: ignore[method-assign]
    answers = msgspec.structs.replace(ANSWERS, task="", listed="found.items[]")
    paths: dict[str, Any] = {
        "status_path": f"{ASKED}/{{id}}",
        "statuses_path": f"{ASKED}?of={{ids*}}",
    }
    assert is_own(waited(provider, 4, answers=answers, **paths))
    assert provider.asked == [["c-1", "c-2", "c-3", "c-4"], []]
    assert provider.calls[-1].url.endswith("/v1/clips/c-2")


def test_a_task_that_the_list_lacks_is_asked_for_alone(provider: Provider) -> None:
    def lacking(names: list[str]) -> Any:
        return {"clips": [clip(name) for name in names if len(names) == 1 or name != "c-3"]}

    provider.list = lacking
    assert is_own(waited(provider, 5))
    assert provider.asked == [["c-1", "c-2", "c-3", "c-4", "c-5"], ["c-3"]]


def test_a_provider_that_looks_at_the_first_id_only_is_understood(provider: Provider) -> None:
    provider.list = lambda names: {"clips": [clip(names[0])]}
    assert is_own(waited(provider, 4))
    assert provider.counts() == [4, 1, 1, 1]


@pytest.mark.parametrize(
    "odd",
    [
        {"ref": "c-2", "stage": "unheard of"},
        {"ref": "c-2", "stage": ["ready"], "links": 7},
        {"ref": "c-2"},
        {"ref": ["c-2"], "stage": "ready"},
        {"stage": "ready", "links": [f"{FILM}/c-1.mp4"]},
        None,
        "c-2",
    ],
    ids=str,
)
def test_an_odd_item_harms_no_other(provider: Provider, odd: Any) -> None:
    good = iter([False] * 3)

    def oddly(names: list[str]) -> Any:
        whole = next(good, True)
        return {"clips": [clip(name) if whole or name != "c-2" else odd for name in names]}

    provider.list = oddly
    assert is_own(waited(provider, 3))


def test_each_ends_as_its_own_item_says(provider: Provider) -> None:
    ends = {"c-1": "ready", "c-2": "broken", "c-3": "gone", "c-4": "ready"}
    provider.list = lambda names: {
        "clips": [clip(name, stage=ends[name], why=f"why {name}") for name in reversed(names)]
    }
    ended = waited(provider, 4)
    assert is_own({name: ended[name] for name in ("c-1", "c-4")})
    for name, state in (("c-2", "failed"), ("c-3", "expired")):
        error = ended[name]
        assert isinstance(error, TaskEndedError)
        assert error.task is not None
        assert (error.task.id, error.task.state) == (name, state)
        assert f"why {name}" in str(error)
    assert provider.counts() == [4]


@pytest.mark.parametrize(
    "failure",
    [
        Answer(400, {}, b'{"error": {"message": "one id only"}}'),
        Answer(500, {}, b"{}"),
        Answer(301, {"location": "/elsewhere"}),
        Answer(200, {}, b"<html>"),
        {"clips": []},
        {"clips": {"c-1": {}}},
        DROPPED,
    ],
    ids=str,
)
def test_where_the_list_fails_each_is_asked_for_alone(provider: Provider, failure: Any) -> None:
    provider.list = lambda names: {"clips": [clip(names[0])]} if len(names) == 1 else failure
    assert is_own(waited(provider, 3))
    assert provider.counts() == [3, 1, 1, 1]


def test_a_provider_that_says_to_wait_says_it_to_all(provider: Provider) -> None:
    answers = iter([Answer(429, {"retry-after": "77"}, b"{}")])
    provider.list = lambda names: next(answers, {"clips": list(map(clip, names))})
    changes = settings(provider)

    async def run() -> dict[str, Task]:
        async with AsyncClient(**changes) as client:
            tasks = await accepted(client, 3)
            return {task.id: task for task in await asyncio.gather(*map(client.wait, tasks))}

    assert is_own(asyncio.run(run()))
    assert provider.counts() == [3, 3]
    assert changes["clock"].pauses.count(77) == 3


def test_a_refused_key_is_told_of_every_task(provider: Provider) -> None:
    provider.list = lambda names: Answer(401, {}, b"{}")
    ended = waited(provider, 3)
    assert {type(error) for error in ended.values()} == {StillRunningError}
    assert {error.task.id for error in ended.values()} == {"c-1", "c-2", "c-3"}
    assert provider.counts() == [3]


def test_a_task_whose_time_is_nearly_over_is_asked_for_alone(provider: Provider) -> None:
    assert is_own(waited(provider, 3, timeout=60))
    assert provider.counts() == [1, 1, 1]


def test_addresses_are_not_mixed(provider: Provider) -> None:
    async def run() -> None:
        async with AsyncClient(**settings(provider)) as client:
            here = await accepted(client, 4)
            there = "https://elsewhere.example.com"
            moved = [msgspec.structs.replace(task, base_url=there) for task in here[2:]]
            ended = await asyncio.gather(
                *(client.wait(task, timeout=1e6) for task in (*here[:2], *moved)),
                return_exceptions=True,
            )
            assert [getattr(end, "state", None) for end in ended] == ["completed"] * 2 + [None] * 2

    asyncio.run(run())
    polls = [call for call in provider.calls if call.method == "GET"]
    urls = [f"https://api.acme.example/v1/clips?refs={refs}" for refs in ("c-1,c-2", "c-2,c-1")]
    assert [call.url for call in polls] in ([urls[0]], [urls[1]])


@pytest.mark.parametrize("path", [None, f"{ASKED}?all={{ids}}"])
def test_variants_of_one_provider_share_a_call_if_their_list_is_the_same(
    provider: Provider, path: str | None
) -> None:
    other = msgspec.structs.replace(declared(**LISTED), id="acme/pan")
    given = settings(provider)
    given["plugins"] += [msgspec.structs.replace(other, statuses_path=path or other.statuses_path)]

    async def run() -> dict[str, Any]:
        async with AsyncClient(**given) as client:
            tasks = await accepted(client, 4)
            tasks[2:] = [msgspec.structs.replace(task, variant="acme/pan") for task in tasks[2:]]
            ended = await asyncio.gather(*(client.wait(task, timeout=1e6) for task in tasks))
            return {task.id: task for task in ended}

    assert is_own(asyncio.run(run()))
    asked = [call.url.partition("?")[2] for call in provider.calls if call.method == "GET"]
    assert len(asked) == (1 if path is None else 2)


def test_a_hook_that_asks_for_more_gets_its_part_and_asks(provider: Provider) -> None:
    @hookimpl
    def poll(variant: Variant, receipt: Receipt) -> Steps[Answer]:
        url = variant.url(variant.status_path, id=receipt.remote_id)
        first = yield Call.get(url)
        assert len(pick(first.json(), "clips")) == 1
        second = yield Call.get(f"{url}&again=yes")
        return second

    assert is_own(waited(provider, 3, hooks=(poll,)))
    assert provider.counts() == [3, 1, 1, 1]


def test_a_cancelled_wait_leaves_the_others_their_answer(provider: Provider) -> None:
    async def run() -> list[Any]:
        async with AsyncClient(**{**settings(provider), "clock": LongWindow()}) as client:
            first, *others = await gathering(client, 4)
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            for _, _, end in client._alarms._waiting:
                if not end.done():
                    end.set_result(False)  # the hour is over
            return await asyncio.gather(*others)

    ended = asyncio.run(run())
    assert is_own({task.id: task for task in ended})
    assert [task.id for task in ended] == ["c-2", "c-3", "c-4"]
    assert len(provider.asked) == 1


def test_once_all_are_cancelled_nothing_is_asked_any_more(provider: Provider) -> None:
    async def run() -> None:
        async with AsyncClient(**{**settings(provider), "clock": LongWindow()}) as client:
            flows = await gathering(client, 3)
            for flow in flows:
                flow.cancel()
            ended = await asyncio.gather(*flows, return_exceptions=True)
            assert [type(end) for end in ended] == [asyncio.CancelledError] * 3
            assert not client._groups._open
            assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())
    assert provider.asked == []


def test_a_client_in_a_thread_asks_for_each_alone(provider: Provider) -> None:
    with Client(**settings(provider)) as client:
        tasks = [client.wait(client.submit("acme/zoom", REQUEST)) for _ in range(2)]
    assert [task.state for task in tasks] == ["completed"] * 2
    assert provider.counts() == [1, 1]


NAMES = st.sampled_from(["c-1", "c-2", "c 3", "c,4", "\u00e9", ""])


@given(
    asked=st.lists(NAMES, min_size=1, unique=True),
    told=st.lists(NAMES | st.none() | st.integers() | st.just({"ref": ["c-1"]})),
    rest=st.dictionaries(st.sampled_from(["code", "clips2"]), st.integers()),
)
def test_a_part_holds_its_own_task_and_all_that_is_not_a_task(
    asked: list[str], told: list[Any], rest: dict[str, int]
) -> None:
    items = [{"ref": name, "stage": "ready"} if isinstance(name, str) else name for name in told]
    body = {**rest, "clips": items}
    parts = listed(LISTING, Answer(200, {}, msgspec.json.encode(body)), asked)
    assert {*parts} == {name for name in asked if name.strip() and name in told}
    loaded = build(declared(**LISTED), [], "acme/zoom")
    for name, part in parts.items():
        assert {*part.json()} == {*body}
        assert Counter(item["ref"] for item in part.json()["clips"]) == {name: told.count(name)}
        status = loaded.call("parse_status", answer=part, receipt=Receipt(name), task=None)
        assert (status.state, status.remote_id) == ("completed", name)


def test_a_list_deeper_inside_is_found_and_filled() -> None:
    answers = msgspec.structs.replace(LISTING, task="pages[0].clips[]")
    page = {"clips": [{"ref": "c-1"}, {"ref": "c-2"}], "more": False}
    body = {"pages": [page, {"clips": [{"ref": "c-3"}]}], "code": 0}
    parts = listed(answers, Answer(200, {}, msgspec.json.encode(body)), ["c-2", "c-3"])
    assert list(parts) == ["c-2"]
    alone = {**page, "clips": [{"ref": "c-2"}]}
    assert parts["c-2"].json() == {**body, "pages": [alone, body["pages"][1]]}  # type: ignore[index]
