"""The budget around real clients, with real files, and across processes."""

import asyncio
import datetime
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import rushes
from budget_world import World
from hypothesis import given
from hypothesis import strategies as st
from rushes.testing import DROPPED, UNREACHABLE, ObserverConformance, WrapperConformance
from rushes_budget import Budget, Limits
from rushes_budget.ledger import Entry, Ledger, Limit, usd
from rushes_budget.limits import write

HERE = Path(__file__).parent
CENT = 10_000


class TestWrapper(WrapperConformance):
    wrapper = Budget(day=1000, unknown_price=0.01)


class TestObserver(ObserverConformance):
    observer = Budget(day=1000)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def left(budget: Budget, world: World) -> list[int]:
    """Return what is spent of each limit, in cents."""
    return [spent // CENT for _, spent in budget.spent(world.clock.now())]


def refusal(world: World, client: rushes.Client, *job: Any) -> list[str]:
    with pytest.raises(rushes.RequestError) as caught:
        world.submit(client, *job)
    return [problem.message for problem in caught.value.problems]


def test_a_day_has_a_limit_and_the_next_one_begins_at_0(world: World) -> None:
    budget = Budget(day=1, folder=world.home)
    with world.client(budget) as client:
        assert world.submits(client, 5) == 3
        (message,) = refusal(world, client)
        assert message.startswith(
            "the budget of 1.00 USD per day would be exceeded: 0.90 USD are spent or reserved, and "
            "this job may cost 0.30 USD; it resets at "
        )
        tomorrow = datetime.datetime.fromtimestamp(world.clock.now()).date()
        tomorrow += datetime.timedelta(days=1)
        assert f"{tomorrow} 00:00" in message
        world.clock.advance(24 * 3600 + 1)
        assert world.submits(client, 5) == 3


def test_a_run_has_a_limit_and_the_next_one_begins_at_0(world: World) -> None:
    with world.client(Budget(run=0.6, folder=world.home)) as client:
        assert world.submits(client, 3) == 2
        (message,) = refusal(world, client)
        assert "of 0.60 USD per run would be exceeded: 0.60 USD" in message
        assert "each run begins at 0" in message
    with world.client(Budget(run=0.6, folder=world.home)) as client:
        assert world.submits(client, 3) == 2


def test_a_provider_has_a_limit_of_its_own(world: World) -> None:
    budget = Budget(day=1, providers={"acme": 0.3, "none": 0}, folder=world.home)
    with world.client(budget) as client:
        assert world.submits(client, 2, "acme/film") == 1
        assert world.submits(client, 3, "other/film") == 2
        assert [message[:50] for message in refusal(world, client)] == [
            "the budget of 1.00 USD per day would be exceeded: ",
            "the budget of 0.30 USD per day at acme would be ex",
        ]


def test_it_counts_exactly(world: World) -> None:
    with world.client(Budget(day=0.9, folder=world.home)) as client:
        assert world.submits(client, 4) == 3  # 3 * 0.3 > 0.9 in floats


def test_an_unknown_price_is_refused_or_counts_as_configured(world: World) -> None:
    with world.client(Budget(day=1, folder=world.home)) as client:
        (message,) = refusal(world, client, "free/film")
        assert "free/film states no price for this job; say what such a job counts" in message
        assert "RUSHES_BUDGET_UNKNOWN_PRICE" in message
    budget = Budget(day=1, unknown_price=0.4, folder=world.home)
    with world.client(budget) as client:
        assert world.submits(client, 3, "free/film") == 2
    assert left(budget, world) == [80]


def test_nothing_is_limited_or_written_without_a_limit(world: World) -> None:
    budget = Budget(unknown_price=1, folder=world.home / "empty")
    with world.client(budget) as client:
        assert world.submits(client, 2, "free/film") == 2
    assert not (world.home / "empty").exists()


def test_async_clients_are_limited_too_however_many_jobs_start_at_once(world: World) -> None:
    async def jobs() -> list[Any]:
        async with rushes.AsyncClient(**world.parts(Budget(day=1, folder=world.home))) as client:
            request = rushes.Request("A red kite", duration=3)
            work = (client.submit("acme/film", request, task=f"a-{n}") for n in range(6))
            return await asyncio.gather(*work, return_exceptions=True)

    found = asyncio.run(jobs())
    assert sum(isinstance(one, rushes.Task) for one in found) == 3
    assert sum(isinstance(one, rushes.RequestError) for one in found) == 3


NOT_BOUGHT: dict[str, tuple[Any, type[rushes.RushesError]]] = {
    "refused": (rushes.Answer(402, {}, b"{}"), rushes.RefusedError),
    "never sent": (UNREACHABLE, rushes.NotSentError),
    "told to come back later": (
        rushes.Answer(429, {"retry-after": "999"}, b"{}"),
        rushes.RefusedError,
    ),
}


@pytest.mark.parametrize("how", NOT_BOUGHT)
def test_what_was_not_bought_is_given_back(world: World, how: str) -> None:
    answer, error = NOT_BOUGHT[how]
    world.network.on("POST", "/v1/videos", answer)
    budget = Budget(day=0.3, folder=world.home)
    with world.client(budget) as client:
        for _ in range(2):
            with pytest.raises(error):
                world.submit(client)
            budget.flush()
    assert left(budget, world) == [0]


def test_what_is_unknown_counts_as_spent(world: World) -> None:
    world.network.on("POST", "/v1/videos", DROPPED)
    budget = Budget(day=0.5, folder=world.home)
    with world.client(budget) as client:
        with pytest.raises(rushes.OutcomeUnknownError):
            world.submit(client)
        refusal(world, client)
    assert left(budget, world) == [30]


@pytest.mark.parametrize(("answer", "cents"), [
    ({"status": "done", "url": "https://cdn.example/1.mp4", "cost": 0.12}, 12),
    ({"status": "done", "url": "https://cdn.example/1.mp4"}, 30),
    ({"status": "failed", "cost": 0}, 0),
    ({"status": "failed"}, 30),
])  # fmt: skip
def test_what_was_billed_replaces_the_estimate(world: World, answer: Any, cents: int) -> None:
    world.network.on("GET", "/v1/videos/*", answer)
    budget = Budget(day=0.5, folder=world.home)
    with world.client(budget) as client:
        task = world.submit(client)
        assert left(budget, world) == [30]
        world.clock.advance(60)
        client.refresh(task)
    assert left(budget, world) == [cents]


def test_a_job_that_is_submitted_again_counts_once(world: World) -> None:
    budget = Budget(day=1, folder=world.home)
    later = rushes.Answer(429, {"retry-after": "1"}, b"{}")
    world.network.on("POST", "/v1/videos", later, UNREACHABLE, {"id": "r-1"})
    with world.client(budget) as client:
        world.submit(client)
    assert left(budget, world) == [30]


def test_a_late_word_does_not_give_back_what_was_reserved_since(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "budget.db")
    day = Limit(name="per day", setting="day", micros=CENT)
    for at in (100.0, 200.0):
        ledger.reserve(Entry(task="a", provider="acme", run="r", at=at, micros=CENT), [day])
    ledger.release("a", as_of=150.0)
    assert ledger.spent(day) == CENT
    ledger.release("a", as_of=201.0)
    assert ledger.spent(day) == 0


@pytest.fixture
def start(world: World) -> Iterator[Any]:
    with ExitStack() as stack:

        def start(*arguments: str) -> subprocess.Popen[str]:
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, str(HERE / "racing_process.py"), str(world.home), *arguments],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    env={**os.environ, "PYTHONPATH": str(HERE)},
                )
            )
            stack.callback(process.kill)
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            return process

        yield start


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("go\n")
    process.stdin.flush()


def test_two_processes_cannot_both_spend_the_last_of_it(world: World, start: Any) -> None:
    write(world.home, Limits(day=2))
    processes = [start(name, "6") for name in ("a", "b")]
    for process in processes:
        go(process)
    sent = [int(process.communicate()[0]) for process in processes]
    assert sum(sent) == 6  # of 12 jobs at 0.30 USD each
    assert left(Budget(folder=world.home), world) == [180]


def test_what_was_reserved_survives_a_kill(world: World, start: Any) -> None:
    write(world.home, Limits(day=0.5))
    process = start("a", "1", "killed")
    go(process)
    assert process.wait() == 9
    budget = Budget(folder=world.home)
    with world.client(budget) as client:
        refusal(world, client)
    assert left(budget, world) == [30]


def test_an_argument_beats_the_environment_which_beats_the_file(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(world.home, Limits(run=1, day=1, unknown_price=1))
    monkeypatch.setenv("RUSHES_BUDGET_DAY", "2")
    monkeypatch.setenv("RUSHES_BUDGET_UNKNOWN_PRICE", " 0.5 ")
    monkeypatch.setenv("RUSHES_BUDGET_PROVIDERS", "acme=5, other=0.5,")
    assert Budget(unknown_price=3, folder=world.home).limits() == Limits(
        run=1, day=2, providers={"acme": 5, "other": 0.5}, unknown_price=3
    )


MALFORMED = [
    ("RUSHES_BUDGET_DAY", "twenty"),
    ("RUSHES_BUDGET_RUN", "-1"),
    ("RUSHES_BUDGET_UNKNOWN_PRICE", "nan"),
    ("RUSHES_BUDGET_PROVIDERS", "acme"),
    ("RUSHES_BUDGET_PROVIDERS", "acme=x"),
]


@pytest.mark.parametrize(("name", "value"), MALFORMED)
def test_nothing_is_sent_while_a_variable_is_malformed(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with (
        world.client(Budget(folder=world.home)) as client,
        pytest.raises(rushes.ConfigurationError, match=f"{name} is '{value}'; expected USD"),
    ):
        world.submit(client)
    assert world.network.calls == []


@pytest.mark.parametrize("text", ['{"day": "20"}', '{"dya": 20}', "{", "", '{"day": -1}', "\xff"])
def test_nothing_is_sent_while_the_file_is_malformed(world: World, text: str) -> None:
    (world.home / "budget.json").write_text(text, encoding="latin-1")
    with (
        world.client(Budget(folder=world.home)) as client,
        pytest.raises(rushes.ConfigurationError, match=r"budget\.json cannot be read"),
    ):
        world.submit(client)
    assert world.network.calls == []


@pytest.mark.parametrize("kind", ["pipe", "device", "too large"])
def test_a_file_that_never_ends_is_not_read(world: World, kind: str) -> None:
    path = world.home / "budget.json"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        with path.open("wb") as file:
            file.truncate(2**32)
    why = "larger than 1 MiB" if kind == "too large" else "not a regular file"
    with (
        world.client(Budget(folder=world.home)) as client,
        pytest.raises(rushes.ConfigurationError, match=rf"budget\.json cannot be read .*{why}"),
    ):
        world.submit(client)
    assert world.network.calls == []


def test_nothing_is_sent_while_spending_cannot_be_counted(world: World) -> None:
    (world.home / "budget.db").write_bytes(b"no database at all" * 100)
    budget = Budget(day=1, folder=world.home)
    with (
        world.client(budget) as client,
        pytest.raises(rushes.ConfigurationError, match=r"cannot be counted in .*budget\.db"),
    ):
        world.submit(client)
    budget.flush()
    assert world.network.calls == []


@pytest.mark.parametrize("amount", [-1, float("nan"), float("inf")])
def test_an_amount_that_is_none_is_refused(amount: float) -> None:
    with pytest.raises(rushes.ConfigurationError, match="not an amount in USD"):
        Budget(providers={"acme": amount})


@given(
    limit=st.integers(0, 100),
    jobs=st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=6),
)
def test_the_limit_is_never_exceeded_and_nothing_is_refused_that_fits(
    tmp_path_factory: pytest.TempPathFactory, limit: int, jobs: list[tuple[int, bool]]
) -> None:
    ledger = Ledger(tmp_path_factory.mktemp("ledger") / "budget.db")
    day = Limit(name="per day", setting="day", micros=limit)
    expected = 0
    for number, (micros, back) in enumerate(jobs):
        entry = Entry(task=f"t{number}", provider="acme", run="r", at=time.time(), micros=micros)
        exceeded = ledger.reserve(entry, [day])
        assert bool(exceeded) == (expected + micros > limit)
        if not exceeded:
            expected += micros
            if back:
                ledger.release(entry.task, entry.at)
                expected -= micros
        assert ledger.spent(day) == expected <= limit


def test_amounts_are_written_with_the_decimals_they_need() -> None:
    amounts = (0, 350_000, 12_500, 1, 20_000_000)
    assert [usd(each) for each in amounts] == [
        "0.00 USD", "0.35 USD", "0.0125 USD", "0.000001 USD", "20.00 USD",
    ]  # fmt: skip
