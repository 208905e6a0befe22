"""The queue for connections: first come, first served; no deadline runs while a call waits."""

import asyncio
import gc
import json
import math
import socket
import threading
from collections import Counter
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from acme_driver import KEY
from acme_zoom import Zoom
from hypothesis import given
from hypothesis import strategies as st
from raw_server import OK, RawServer, answering, silent
from rushes import (
    AsyncClient,
    Call,
    Client,
    ConfigurationError,
    Polling,
    Receipt,
    Task,
    Timeouts,
)
from rushes._flow import Interrupted, NotSent, Send, Stream
from rushes._network.async_transport import AsyncTransport
from rushes._network.connection_queue import ConnectionQueue, Turn
from rushes._network.transport import Transport
from stalled_phases import wait_until, wait_until_async
from transport_runner import Body, settings

steps = st.lists(
    st.tuples(st.sampled_from(["call", "download", "leave", "give up"]), st.integers(0, 20)),
    max_size=60,
)


def came(turn: Turn) -> bool:
    admitted = turn.admitted
    return admitted is None or bool(admitted.done() and not admitted.cancelled())


@given(st.integers(1, 6), steps)
def test_places_are_given_in_order_and_to_everyone(count: int, steps: Any) -> None:
    places, most = ConnectionQueue(count, Future), max(count // 2, 1)
    waiting: list[Turn] = []
    inside: list[Turn] = []
    for what, which in steps:
        if what in ("call", "download"):
            waiting.append(places.join(long=what == "download"))
        elif what == "leave" and inside:
            places.leave(inside.pop(which % len(inside)))
        elif what == "give up" and waiting:
            places.leave(waiting.pop(which % len(waiting)))
        admitted = [turn for turn in waiting if came(turn)]
        for turn in admitted:
            line = [each for each in waiting if each.long == turn.long]
            assert turn is line[0]
            waiting.remove(turn)
            inside.append(turn)
        downloads = sum(turn.long for turn in inside)
        assert len(inside) <= count
        assert downloads <= most
        if len(inside) < count:  # no place stays free while someone waits for it
            assert not [turn for turn in waiting if not turn.long or downloads < most]


@given(st.integers(1, 6), st.lists(st.booleans(), min_size=1, max_size=40), st.data())
def test_calls_and_downloads_do_not_starve_each_other(
    count: int, crowd: list[bool], data: Any
) -> None:
    """Whatever order they arrive in, calls and downloads take turns while both wait."""
    places = ConnectionQueue(count, Future)
    turns = [places.join(long=long) for long in crowd]
    inside = [turn for turn in turns if came(turn)]
    passed: Counter[bool] = Counter()
    while inside:
        leaving = data.draw(st.sampled_from(inside))
        before = {turn for turn in turns if came(turn)}
        lines = {turn.long for turn in turns if not came(turn)}
        room = sum(turn.long for turn in inside if turn is not leaving) < max(count // 2, 1)
        places.leave(leaving)
        inside.remove(leaving)
        for turn in turns:
            if came(turn) and turn not in before:
                inside.append(turn)
                passed[not turn.long] = 0
                passed[turn.long] += lines == {True, False} and room
                assert passed[turn.long] <= 1
    assert all(came(turn) for turn in turns)


def test_renewing_voids_the_turns_before() -> None:
    places = ConnectionQueue(1, Future)
    old = [places.join(long=False) for _ in range(3)]
    places._lock.acquire()  # as held by a thread that a forked child does not have
    places.renew()
    new = [places.join(long=False) for _ in range(2)]
    for turn in old:
        places.leave(turn)
    assert [came(turn) for turn in new] == [True, False]
    places.leave(new[0])
    assert came(new[1])


def get(port: int, path: str = "x", total: float = 20, patience: float | None = None) -> Send:
    call = Call.get(f"http://127.0.0.1:{port}/{path}")
    return Send(call=call, total=total, patience=patience)


class Orderly:
    """Answers one request each time the test releases it."""

    def __init__(self) -> None:
        self.unpause = threading.Semaphore(0)

    def __call__(self, server: RawServer, connection: socket.socket) -> None:
        for _ in server.requests(connection):
            self.unpause.acquire(timeout=30)
            connection.sendall(OK)


def order(server: RawServer) -> list[int]:
    return [int(head.split()[1][1:]) for head in server.heads]


def test_threads_are_served_in_order() -> None:
    behave = Orderly()
    with RawServer(behave) as server:
        transport = Transport(settings(connections=1))

        def arrived() -> int:
            return len(server.heads) + len(transport._routes.queue._lines[False])

        threads = []
        for number in range(8):
            effect = get(server.port, str(number))
            threads.append(threading.Thread(target=transport.send, args=(effect,)))
            threads[-1].start()
            wait_until(lambda: arrived() > number)  # noqa: B023 - called at once
        for _ in threads:
            behave.unpause.release()
        for thread in threads:
            thread.join(20)
        transport.close()
        assert order(server) == list(range(8))
        assert server.accepted == 1


def test_tasks_are_served_in_order() -> None:
    async def run(port: int) -> None:
        transport = AsyncTransport(settings(connections=1))
        calls = (transport.send(get(port, str(number))) for number in range(20))
        await asyncio.gather(*calls)
        await transport.close()

    with RawServer(answering()) as server:
        asyncio.run(run(server.port))
        assert order(server) == list(range(20))


def test_a_deadline_starts_when_a_connection_is_assigned() -> None:
    """Nine calls in a row take several times the deadline of each."""

    def answers_late(server: RawServer, connection: socket.socket) -> None:
        for _ in server.requests(connection):
            server.release.wait(0.2)
            connection.sendall(OK)

    async def run(port: int) -> list[Any]:
        transport = AsyncTransport(settings(connections=1))
        calls = (transport.send(get(port, total=1.2)) for _ in range(9))
        found = await asyncio.gather(*calls)
        await transport.close()
        return found

    with RawServer(answers_late) as server:
        assert [each.status for each in asyncio.run(run(server.port))] == [200] * 9


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_call_waits_for_a_connection_no_longer_than_its_patience(kind: str) -> None:
    async def awaiting(port: int) -> list[Any]:
        transport = AsyncTransport(settings(connections=2))
        calls = [transport.send(get(port, total=1.5)) for _ in range(2)]
        calls += [transport.send(get(port, patience=0.2)) for _ in range(7)]
        found = await asyncio.gather(*calls, return_exceptions=True)
        await transport.close()
        return found

    def threaded(port: int) -> list[Any]:
        transport, found = Transport(settings(connections=2)), list[Any]()

        def send(effect: Send) -> None:
            try:
                transport.send(effect)
            except (NotSent, Interrupted) as error:
                found.append(error)

        effects = [get(port, total=1.5)] * 2 + [get(port, patience=0.2)] * 7
        threads = [threading.Thread(target=send, args=(effect,)) for effect in effects]
        for number, thread in enumerate(threads):
            thread.start()
            if number == 1:
                wait_until(lambda: len(transport._routes.queue._inside) == 2)
        for thread in threads:
            thread.join(20)
        transport.close()
        return sorted(found, key=lambda error: isinstance(error, NotSent))

    with RawServer(silent) as server:
        found = threaded(server.port) if kind == "sync" else asyncio.run(awaiting(server.port))
    assert [type(each) for each in found] == [Interrupted] * 2 + [NotSent] * 7
    assert {str(each) for each in found[2:]} == {"no connection became free within 0.2 seconds"}


def test_a_free_connection_needs_no_patience() -> None:
    async def run(port: int) -> int:
        transport = AsyncTransport(settings(connections=1))
        answer = await transport.send(get(port, patience=0))
        await transport.close()
        return answer.status

    with RawServer(answering()) as server:
        assert asyncio.run(run(server.port)) == 200
        transport = Transport(settings(connections=1))
        assert transport.send(get(server.port, patience=0)).status == 200
        transport.close()


def streaming(port: int, number: int) -> Stream:
    call = Call.get(f"http://127.0.0.1:{port}/{number}")
    return Stream(call=call, total=60, sink=Body(), public_only=False)


@pytest.mark.parametrize("connections", [1, 2, 5])
def test_streams_of_calls_and_downloads_let_each_other_through(connections: int) -> None:
    """Both keep arriving; each kind is served while the other waits."""

    async def run(port: int) -> None:
        transport = AsyncTransport(settings(connections=connections))
        served: Counter[str] = Counter()
        enough = asyncio.Event()

        async def keep_on(kind: str, once: Any) -> None:
            while not enough.is_set():
                await once()
                served[kind] += 1
                if min(served["call"], served["download"]) >= 10:
                    enough.set()

        crowd = [keep_on("call", lambda: transport.send(get(port))) for _ in range(20)]
        crowd += [
            keep_on("download", lambda: transport.stream(streaming(port, 0))) for _ in range(20)
        ]
        await asyncio.gather(*crowd)
        await transport.close()

    with RawServer(answering()) as server:
        asyncio.run(asyncio.wait_for(run(server.port), 60))
        assert server.most <= connections + 1  # one may be closing while the next opens


TASKS, POLLS = 300, 3


def waiting(number: int, port: int) -> Task:
    return Task(
        id=f"kite-{number}", variant="acme/zoom", base_url=f"http://127.0.0.1:{port}",
        client_id=f"kite-{number}", call=None, created_at=0, updated_at=0, state="queued",
        receipt=Receipt(str(number)),
    )  # fmt: skip


def test_many_tasks_are_polled_in_turn_and_all_complete(tmp_path: Path) -> None:
    """One round over all tasks takes a second and more, each poll's timeout a fraction of that."""
    polls: Counter[bytes] = Counter()
    order: list[tuple[bytes, int]] = []
    lock = threading.Lock()

    def tells(server: RawServer, connection: socket.socket) -> None:
        for head in server.requests(connection):
            which = head.split()[1].rpartition(b"/")[2]
            with lock:
                polls[which] += 1
                order.append((which, polls[which]))
                last = polls[which] >= POLLS
            server.release.wait(0.003)
            clip: dict[str, Any] = {"ref": which.decode(), "stage": "rendering"}
            if last:
                clip = {**clip, "stage": "ready", "links": ["https://cdn.example/x.mp4"]}
            body = json.dumps({"clip": clip}).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            connection.sendall(head + body)

    async def run(port: int) -> list[Task]:
        async with AsyncClient(
            plugins=[Zoom()], keys={"acme": KEY}, home=tmp_path, connections=2, journal=None,
            base_urls={"acme": f"http://127.0.0.1:{port}"},
            timeouts=Timeouts(poll=0.3), polling=Polling(first=0, every=0.01, at_most=300),
        ) as client:  # fmt: skip
            tasks = [client.wait(waiting(number, port)) for number in range(TASKS)]
            return await asyncio.gather(*tasks)

    with RawServer(tells) as server:
        done = asyncio.run(asyncio.wait_for(run(server.port), 100))
    assert [task.state for task in done] == ["completed"] * TASKS
    asked: Counter[int] = Counter()
    for which, number in order:
        asked[number] += 1
        if number > 2:  # everyone's poll before the last one was made
            assert asked[number - 2] == TASKS, which


@pytest.mark.parametrize("client", [Client, AsyncClient])
@pytest.mark.parametrize("connections", [0, -1, True, 2.0, math.nan, "10", None])
def test_a_client_has_a_number_of_connections(
    client: type[Client] | type[AsyncClient], connections: Any
) -> None:
    with pytest.raises(ConfigurationError, match="connections must be a whole number from 1, not"):
        client(connections=connections)


def test_a_task_that_gets_no_connection_times_out_on_its_own() -> None:
    """It waits for a connection no longer than its own timeout, and the error says so."""

    async def run(port: int) -> str:
        async with AsyncClient(
            plugins=[Zoom()], keys={"acme": KEY}, connections=1, journal=None,
            base_urls={"acme": f"http://127.0.0.1:{port}"},
            polling=Polling(first=0, every=0.01, at_most=300),
        ) as client:  # fmt: skip
            busy = asyncio.create_task(client.wait(waiting(1, port)))
            await wait_until_async(lambda: bool(server.heads))
            with pytest.raises(Exception, match="no connection became free") as caught:
                await client.wait(waiting(2, port), timeout=0.2)
            busy.cancel()
            await asyncio.gather(busy, return_exceptions=True)
            return type(caught.value).__name__

    def stuck(server: RawServer, connection: socket.socket) -> None:
        next(server.requests(connection))
        server.release.wait(30)

    with RawServer(stuck) as server:
        assert asyncio.run(run(server.port)) == "StillRunningError"


# Nobody closes the first loop's connections; Python warns of that.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_transport_that_outlives_its_loop_starts_afresh_on_the_next() -> None:
    transport = AsyncTransport(settings(connections=1))

    async def run(port: int) -> int:
        return (await transport.send(get(port))).status

    with RawServer(answering()) as server:
        for _ in range(3):
            assert asyncio.run(run(server.port)) == 200
        asyncio.run(transport.close())
        gc.collect()


def test_a_download_is_written_even_if_all_executor_threads_are_blocked() -> None:
    async def run(port: int) -> bytes:
        transport, body = AsyncTransport(settings()), Body()
        loop = asyncio.get_running_loop()
        call = Call.get(f"http://127.0.0.1:{port}/x")
        effect = Stream(call=call, total=20, sink=body, public_only=False)
        done = threading.Event()
        blocking = [loop.run_in_executor(None, done.wait, 30) for _ in range(100)]
        try:
            async with asyncio.timeout(20):
                await transport.stream(effect)
        finally:
            done.set()
            await asyncio.gather(*blocking)
        await transport.close()
        return body.content

    with RawServer(answering()) as server:
        assert asyncio.run(run(server.port)) == b"{}"
