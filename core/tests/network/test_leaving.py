"""The call that is paid for: what must hold before it leaves, and how far it came."""

import asyncio
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpcore
import httpx
import pytest
from raw_server import OK, RawServer, answering, still_open, trusting
from rushes import Call
from rushes._flow import Dispatch, Interrupted, NotSent, Send
from rushes._network.async_transport import AsyncTransport
from rushes._network.connections import _leaving
from rushes._network.exchange import Exchange, under_way
from rushes._network.transport import Transport
from stalled_phases import PHASES, Phase, soon, until
from transport_runner import Perform, run_in_thread, settings


@pytest.fixture(autouse=True)
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(httpx, "create_ssl_context", trusting)


@pytest.fixture(params=["sync", "async"])
def perform(request: Any) -> Perform:
    return run_in_thread(request.param)


def creating(url: str, dispatch: Dispatch, total: float = 20, body: bytes = b"{}") -> Send:
    call = Call(method="POST", url=url, body=body)
    return Send(call=call, total=total, dispatch=dispatch)


def freely() -> Dispatch:
    return Dispatch(lambda: None)


class Tunnel:
    """A proxy that leads every CONNECT to one port here."""

    def __init__(self, port: int) -> None:
        self._port = port

    def __call__(self, server: RawServer, connection: socket.socket) -> None:
        next(server.requests(connection))
        with socket.create_connection(("127.0.0.1", self._port)) as there:
            connection.sendall(b"HTTP/1.1 200 There you are\r\n\r\n")
            back = threading.Thread(target=self._pump, args=(there, connection))
            back.start()
            self._pump(connection, there)
            back.join(20)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("way", ["straight", "tls", "forwarded", "tunnel"])
def test_it_is_asked_once_whether_it_may_leave_when_all_else_is_done(
    perform: Perform, way: str
) -> None:
    with (
        RawServer(answering(), tls=way in ("tls", "tunnel")) as server,
        RawServer(Tunnel(server.port)) as tunnel,
    ):
        asked: list[tuple[int, int, bool]] = []

        def may_leave() -> None:
            # The connection is there and nothing was asked over it.
            until(lambda: server.accepted == 1)
            asked.append((len(server.heads), len(tunnel.heads), dispatch.left))

        dispatch = Dispatch(may_leave)
        proxy = {
            "forwarded": f"http://127.0.0.1:{server.port}",
            "tunnel": f"http://127.0.0.1:{tunnel.port}",
        }.get(way)
        scheme = "https" if server._tls else "http"
        given = settings(resolve=lambda host, port: ["127.0.0.1"], proxy=proxy)
        answer = perform(given, creating(f"{scheme}://cdn.example:{server.port}/x", dispatch))
        assert asked == [(0, int(way == "tunnel"), False)]
        assert (dispatch.left, dispatch.answer) == (True, answer)
        assert len(server.heads) == 1


@pytest.mark.parametrize("error", [NotSent("another owns it"), ValueError("odd")])
def test_what_may_not_leave_is_not_written(perform: Perform, error: Exception) -> None:
    came: list[bytes] = []
    over = threading.Event()

    def behave(server: RawServer, connection: socket.socket) -> None:
        came.append(connection.recv(65536))
        over.set()

    def may_leave() -> None:
        raise error

    dispatch = Dispatch(may_leave)
    with RawServer(behave) as server:
        with pytest.raises(type(error)) as caught:
            perform(settings(), creating(f"http://127.0.0.1:{server.port}/x", dispatch))
        assert over.wait(20)
    assert caught.value is error
    assert came == [b""]
    assert (dispatch.left, dispatch.answer) == (False, None)


def drops(server: RawServer, connection: socket.socket) -> None:
    next(server.requests(connection))


def test_what_left_and_was_not_answered_may_be_there(perform: Perform) -> None:
    dispatch = freely()
    with RawServer(drops) as server, pytest.raises(Interrupted):
        perform(settings(), creating(f"http://127.0.0.1:{server.port}/x", dispatch))
    assert (dispatch.left, dispatch.answer) == (True, None)


def test_who_asks_a_proxy_for_a_way_through_has_not_left() -> None:
    dispatch = freely()
    exchange = Exchange(20, dispatch=dispatch)
    with under_way(exchange):
        for words in (
            b"",
            b"CONNECT api.example:443 HTTP/1.1\r\n",
            b"\x05\x01\x00",
            b"\x01\x04kite",
        ):
            _leaving(words)
            assert (exchange.sent, dispatch.left) == (False, False)
        _leaving(b"POST /x HTTP/1.1\r\n")
    assert (exchange.sent, dispatch.left) == (True, True)


def test_what_has_connected_too_late_does_not_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rushes._network.exchange.LEAVES_WITHIN", 0.0)
    asked: list[int] = []
    dispatch = Dispatch(lambda: asked.append(1))
    exchange = Exchange(20, dispatch=dispatch)
    with under_way(exchange), pytest.raises(httpcore.ConnectTimeout, match="no connection within"):
        _leaving(b"POST /x HTTP/1.1\r\n")
    assert (exchange.sent, dispatch.left, asked) == (False, False, [])


def test_a_failed_connection_is_not_kept() -> None:
    with RawServer(answering()) as server:
        pass
    url, transport = f"http://127.0.0.1:{server.port}/x", Transport(settings())
    with pytest.raises(NotSent):
        transport.send(Send(call=Call.get(url), total=20))
    assert (transport._routes._idle, transport._routes._busy) == ({}, {})
    transport.close()


def test_a_call_cannot_pass_for_a_tunnel(perform: Perform) -> None:
    with RawServer(answering()) as server:
        call = Call(method="CONNECT", url=f"http://127.0.0.1:{server.port}/x")
        with pytest.raises(NotSent, match="CONNECT"):
            perform(settings(), Send(call=call, total=20, dispatch=freely()))
        assert server.accepted == 0


@pytest.mark.parametrize("phase", PHASES)
def test_it_connects_in_time_or_not_at_all(
    perform: Perform, phase: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rushes._network.exchange.LEAVES_WITHIN", 0.3)
    dispatch = freely()
    words = r"no connection within 0\.3 seconds"
    with phase() as held, pytest.raises(NotSent, match=words):
        perform(held.given, creating(held.url, dispatch, total=60))
    assert (dispatch.left, dispatch.answer) == (False, None)


def test_once_it_has_left_it_has_all_its_time(
    perform: Perform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rushes._network.exchange.LEAVES_WITHIN", 1.0)

    def answers_later(server: RawServer, connection: socket.socket) -> None:
        next(server.requests(connection))
        server.release.wait(1.2)
        connection.sendall(OK)

    with RawServer(answers_later) as server:
        effect = creating(f"http://127.0.0.1:{server.port}/x", freely(), body=b"")
        assert perform(settings(), effect).body == b"{}"


def test_it_leaves_within_fifteen_seconds_whatever_the_timeouts_say() -> None:
    exchange = Exchange(120, dispatch=freely())
    assert 14 < exchange.left <= 15
    exchange.leave()
    assert 118 < exchange.left <= 120
    assert Exchange(120).left > 118


async def stopped(
    transport: AsyncTransport, effect: Send, reached: Callable[[], bool], times: int
) -> None:
    """Cancel a call once it is where it is to be, as often as that."""
    work = asyncio.create_task(transport.send(effect))
    await soon(reached)
    for _ in range(times):
        work.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await work


@pytest.mark.parametrize("times", [1, 2, 5])
@pytest.mark.parametrize("phase", PHASES)
def test_cancelled_before_it_leaves_it_never_left(phase: Any, times: int) -> None:
    dispatch = freely()

    async def run(held: Phase, port: int) -> None:
        transport = AsyncTransport(held.given)
        await stopped(transport, creating(held.url, dispatch), held.reached, times)
        # Its place is free again.
        effect = creating(f"http://127.0.0.1:{port}/x", freely())
        assert (await transport.send(effect)).status == 200
        await transport.close()

    with phase(connections=1) as held, RawServer(answering()) as server:
        asyncio.run(asyncio.wait_for(run(held, server.port), 20))
    assert (dispatch.left, dispatch.answer) == (False, None)


@pytest.mark.parametrize("times", [1, 2])
def test_cancelled_while_it_waits_for_a_place_it_never_left(times: int) -> None:
    dispatch = freely()

    async def run(port: int, quick: int) -> None:
        transport = AsyncTransport(settings(connections=1))
        url = f"http://127.0.0.1:{port}/x"
        first = asyncio.create_task(transport.send(creating(url, freely())))
        await soon(lambda: bool(server.heads))
        waiting = transport._routes.places._lines[False]
        await stopped(transport, creating(url, dispatch), lambda: bool(waiting), times)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        effect = creating(f"http://127.0.0.1:{quick}/x", freely())
        assert (await transport.send(effect)).status == 200
        await transport.close()

    with RawServer(stuck) as server, RawServer(answering()) as other:
        asyncio.run(asyncio.wait_for(run(server.port, other.port), 20))
        assert len(server.heads) == 1
    assert (dispatch.left, dispatch.answer) == (False, None)


def stuck(server: RawServer, connection: socket.socket) -> None:
    next(server.requests(connection))
    server.release.wait(30)


@pytest.mark.parametrize("times", [1, 2, 5])
def test_cancelled_on_its_way_it_may_be_there_and_its_connection_is_gone(times: int) -> None:
    async def run() -> None:
        transport = AsyncTransport(settings(connections=2))
        url = f"http://127.0.0.1:{server.port}/x"
        for turn in range(5):
            dispatch = freely()
            reached = lambda turn=turn: len(server.heads) > turn  # noqa: E731
            await stopped(transport, creating(url, dispatch), reached, times)
            assert (dispatch.left, dispatch.answer) == (True, None)
        await soon(lambda: not any(map(still_open, server._open)))
        await transport.close()

    with RawServer(hangs_until_left) as server:
        asyncio.run(asyncio.wait_for(run(), 20))


def hangs_until_left(server: RawServer, connection: socket.socket) -> None:
    for _ in server.requests(connection):
        pass


@pytest.mark.parametrize("times", [1, 2, 5])
def test_an_answer_that_was_read_is_kept_however_its_connection_ends(
    times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatch = freely()

    async def run(port: int) -> None:
        transport = AsyncTransport(settings(connections=1))
        closing, go_on, back = asyncio.Event(), asyncio.Event(), transport._back

        async def slowly(*given: Any) -> None:
            closing.set()
            await go_on.wait()
            await back(*given)

        monkeypatch.setattr(transport, "_back", slowly)
        effect = creating(f"http://127.0.0.1:{port}/x", dispatch)
        work = asyncio.create_task(transport.send(effect))
        await closing.wait()
        for _ in range(times):
            work.cancel()
            await asyncio.sleep(0)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert transport._routes._busy == {}
        await soon(lambda: not any(map(still_open, server._open)))
        await transport.close()

    with RawServer(answering()) as server:
        asyncio.run(asyncio.wait_for(run(server.port), 20))
    assert dispatch.answer
    assert dispatch.answer.body == b"{}"


DROPS = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
from rushes import Call
from rushes._network.async_transport import AsyncTransport
from rushes._flow import Send, Stream
from transport_runner import Body, settings

transport, call = AsyncTransport(settings(connections=3)), Call.get(sys.argv[2])
loop = asyncio.new_event_loop()
effect = Stream(call=call, total=60, sink=Body(), public_only=False)
tasks = [loop.create_task(transport.stream(effect))]
tasks += [loop.create_task(transport.send(Send(call=call, total=60))) for _ in range(5)]
loop.run_until_complete(asyncio.sleep(0.1))
print(sum(task.done() for task in tasks))
"""


def test_what_is_dropped_with_its_loop_keeps_nobody_from_ending() -> None:
    with RawServer(stuck) as server:
        url = f"http://127.0.0.1:{server.port}/x"
        command = [sys.executable, "-c", DROPS, str(Path(__file__).parents[1]), url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")


def test_an_answer_that_was_read_is_kept_though_ctrl_c_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dispatch = freely()
    with RawServer(answering()) as server:
        transport = Transport(settings())

        def stop(connection: Any) -> bool:
            raise KeyboardInterrupt

        monkeypatch.setattr(transport._routes, "keep", stop)
        with pytest.raises(KeyboardInterrupt):
            transport.send(creating(f"http://127.0.0.1:{server.port}/x", dispatch))
        transport.close()
    assert dispatch.answer
    assert dispatch.answer.body == b"{}"


def interrupted(reached: Callable[[], bool]) -> threading.Thread:
    """Press Ctrl-C once somebody is where it is to be."""
    here = threading.get_ident()

    def press() -> None:
        until(reached)
        signal.pthread_kill(here, signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    return thread


# What Ctrl-C leaves of a half-made socket is closed by Python, which says so.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("phase", PHASES)
def test_ctrl_c_before_it_leaves_it_never_left(phase: Any) -> None:
    dispatch = freely()
    with phase(connections=1) as held, RawServer(answering()) as server:
        transport = Transport(held.given)
        thread = interrupted(held.reached)
        with pytest.raises(KeyboardInterrupt):
            transport.send(creating(held.url, dispatch))
        thread.join()
        effect = creating(f"http://127.0.0.1:{server.port}/x", freely())
        assert transport.send(effect).status == 200
        transport.close()
    assert (dispatch.left, dispatch.answer) == (False, None)


def test_ctrl_c_while_it_waits_for_a_place_it_never_left() -> None:
    dispatch = freely()
    with RawServer(stuck) as server, RawServer(answering()) as quick:
        transport = Transport(settings(connections=1))
        url = f"http://127.0.0.1:{server.port}/x"

        def hang() -> None:
            with suppress(Interrupted):
                transport.send(creating(url, freely()))

        first = threading.Thread(target=hang)
        first.start()
        until(lambda: bool(server.heads))
        thread = interrupted(lambda: bool(transport._routes.places._lines[False]))
        with pytest.raises(KeyboardInterrupt):
            transport.send(creating(url, dispatch))
        thread.join()
        server.release.set()
        first.join(20)
        effect = creating(f"http://127.0.0.1:{quick.port}/x", freely())
        assert transport.send(effect).status == 200
        transport.close()
    assert (dispatch.left, dispatch.answer) == (False, None)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_transport_of_the_embedders_is_asked_before_it_gets_the_call(kind: str) -> None:
    seen: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(f"{request.url.path} {dispatch.left}")
        if request.url.path == "/closed":
            raise httpx.ConnectError("closed")
        if request.url.path == "/cut":
            raise httpx.ReadError("cut")
        return httpx.Response(200, json={})

    def may_leave() -> None:
        seen.append(f"asked {dispatch.left}")
        if refused:
            raise NotSent("no")

    perform = run_in_thread(kind)
    given = settings(transport=httpx.MockTransport(handle))
    base = "http://api.acme.example"
    refused = False
    dispatch = Dispatch(may_leave)
    assert perform(given, creating(f"{base}/good", dispatch)) == dispatch.answer
    assert dispatch.left
    dispatch = Dispatch(may_leave)
    with pytest.raises(Interrupted):
        perform(given, creating(f"{base}/cut", dispatch))
    assert dispatch.left
    dispatch = Dispatch(may_leave)
    with pytest.raises(NotSent):
        perform(given, creating(f"{base}/closed", dispatch))
    assert not dispatch.left
    refused = True
    dispatch = Dispatch(may_leave)
    with pytest.raises(NotSent, match="no"):
        perform(given, creating(f"{base}/good", dispatch))
    assert not dispatch.left
    expected = ["asked False", "/good True", "asked False", "/cut True"]
    assert seen == [*expected, "asked False", "/closed True", "asked False"]
