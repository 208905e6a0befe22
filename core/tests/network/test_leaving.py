"""The creating call: what must hold before it is sent, and how far it got."""

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

import httpx
import pytest
from msgspec.structs import replace
from raw_server import OK, RawServer, answering, still_open
from rushes import Call
from rushes._flow import Dispatch, Interrupted, NotSent, Send
from rushes._network.active_call import ActiveCall
from rushes._network.async_transport import AsyncTransport
from rushes._network.connections import _mark_leaving
from rushes._network.routes import ASYNC
from rushes._network.transport import Transport
from stalled_phases import PHASES, Phase, wait_until, wait_until_async
from transport_runner import Perform, run_in_thread, settings

pytestmark = pytest.mark.usefixtures("trusted")


@pytest.fixture(params=["sync", "async", "sync over httpcore", "async over httpcore"])
def perform(request: Any) -> Perform:
    """Perform effects on each transport, over each kind of connection."""
    kind, _, over = request.param.partition(" ")
    return run_in_thread(kind, lean=not over)


def creating(url: str, dispatch: Dispatch, total: float = 20, body: bytes = b"{}") -> Send:
    call = Call(method="POST", url=url, body=body)
    return Send(call=call, total=total, dispatch=dispatch)


def allowed() -> Dispatch:
    return Dispatch(lambda: None)


class Tunnel:
    """A proxy that connects every CONNECT to one local port."""

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


@pytest.mark.parametrize("way", ["direct", "tls", "forwarded", "tunnel"])
def test_permission_is_asked_once_and_last_before_the_call_is_sent(
    perform: Perform, way: str
) -> None:
    with (
        RawServer(answering(), tls=way in ("tls", "tunnel")) as server,
        RawServer(Tunnel(server.port)) as tunnel,
    ):
        asked: list[tuple[int, int, bool]] = []

        def may_leave() -> None:
            # The connection is open and nothing was sent over it.
            wait_until(lambda: server.accepted == 1)
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
def test_a_call_that_may_not_leave_is_not_written(perform: Perform, error: Exception) -> None:
    received: list[bytes] = []
    over = threading.Event()

    def behave(server: RawServer, connection: socket.socket) -> None:
        received.append(connection.recv(65536))
        over.set()

    def may_leave() -> None:
        raise error

    dispatch = Dispatch(may_leave)
    with RawServer(behave) as server:
        with pytest.raises(type(error)) as caught:
            perform(settings(), creating(f"http://127.0.0.1:{server.port}/x", dispatch))
        assert over.wait(20)
    assert caught.value is error
    assert received == [b""]
    assert (dispatch.left, dispatch.answer) == (False, None)


def drops(server: RawServer, connection: socket.socket) -> None:
    next(server.requests(connection))


def test_a_call_that_left_unanswered_may_have_arrived(perform: Perform) -> None:
    dispatch = allowed()
    with RawServer(drops) as server, pytest.raises(Interrupted):
        perform(settings(), creating(f"http://127.0.0.1:{server.port}/x", dispatch))
    assert (dispatch.left, dispatch.answer) == (True, None)


def test_setting_up_a_tunnel_does_not_count_as_leaving() -> None:
    dispatch = allowed()
    exchange = ActiveCall(20, dispatch=dispatch)
    with exchange:
        for words in (
            b"",
            b"CONNECT api.example:443 HTTP/1.1\r\n",
            b"\x05\x01\x00",
            b"\x01\x04kite",
        ):
            _mark_leaving(words)
            assert (exchange.sent, dispatch.left) == (False, False)
        _mark_leaving(b"POST /x HTTP/1.1\r\n")
    assert (exchange.sent, dispatch.left) == (True, True)


def test_a_call_that_connects_too_late_does_not_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rushes._network.active_call.LEAVES_WITHIN", 0.0)
    asked: list[int] = []
    dispatch = Dispatch(lambda: asked.append(1))
    exchange = ActiveCall(20, dispatch=dispatch)
    with exchange, pytest.raises(NotSent, match="no connection within"):
        _mark_leaving(b"POST /x HTTP/1.1\r\n")
    assert (exchange.sent, dispatch.left, asked) == (False, False, [])


def test_a_failed_connection_is_not_kept() -> None:
    with RawServer(answering()) as server:
        pass
    url, transport = f"http://127.0.0.1:{server.port}/x", Transport(settings())
    with pytest.raises(NotSent):
        transport.send(Send(call=Call.get(url), total=20))
    assert (transport._routes._idle, transport._routes._busy) == ({}, {})
    transport.close()


def test_a_call_with_the_method_connect_is_refused(perform: Perform) -> None:
    with RawServer(answering()) as server:
        call = Call(method="CONNECT", url=f"http://127.0.0.1:{server.port}/x")
        with pytest.raises(NotSent, match="CONNECT"):
            perform(settings(), Send(call=call, total=20, dispatch=allowed()))
        assert server.accepted == 0


@pytest.mark.parametrize("phase", PHASES)
def test_a_call_connects_in_time_or_does_not_leave(
    perform: Perform, phase: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rushes._network.active_call.LEAVES_WITHIN", 0.3)
    dispatch = allowed()
    words = r"no connection within 0\.3 seconds"
    with phase() as held, pytest.raises(NotSent, match=words):
        perform(held.given, creating(held.url, dispatch, total=60))
    assert (dispatch.left, dispatch.answer) == (False, None)


def test_a_call_that_has_left_gets_its_full_timeout(
    perform: Perform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rushes._network.active_call.LEAVES_WITHIN", 1.0)

    def answers_later(server: RawServer, connection: socket.socket) -> None:
        next(server.requests(connection))
        server.release.wait(1.2)
        connection.sendall(OK)

    with RawServer(answers_later) as server:
        effect = creating(f"http://127.0.0.1:{server.port}/x", allowed(), body=b"")
        assert perform(settings(), effect).body == b"{}"


def test_a_call_leaves_within_fifteen_seconds_whatever_the_timeouts() -> None:
    exchange = ActiveCall(120, dispatch=allowed())
    assert 14 < exchange.seconds_left <= 15
    exchange.leave()
    assert 118 < exchange.seconds_left <= 120
    assert ActiveCall(120).seconds_left > 118


async def cancel_at(
    transport: AsyncTransport, effect: Send, reached: Callable[[], bool], times: int
) -> None:
    """Cancel a call this many times once the condition is true."""
    work = asyncio.create_task(transport.send(effect))
    await wait_until_async(reached)
    for _ in range(times):
        work.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await work


@pytest.mark.parametrize("times", [1, 2, 5])
@pytest.mark.parametrize("phase", PHASES)
def test_a_call_cancelled_before_it_leaves_has_not_left(phase: Any, times: int) -> None:
    dispatch = allowed()

    async def run(held: Phase, port: int) -> None:
        transport = AsyncTransport(held.given)
        await cancel_at(transport, creating(held.url, dispatch), held.reached, times)
        # Its connection is free again.
        effect = creating(f"http://127.0.0.1:{port}/x", allowed())
        assert (await transport.send(effect)).status == 200
        await transport.close()

    with phase(connections=1) as held, RawServer(answering()) as server:
        asyncio.run(asyncio.wait_for(run(held, server.port), 20))
    assert (dispatch.left, dispatch.answer) == (False, None)


@pytest.mark.parametrize("times", [1, 2])
def test_a_call_cancelled_in_the_queue_has_not_left(times: int) -> None:
    dispatch = allowed()

    async def run(port: int, quick: int) -> None:
        transport = AsyncTransport(settings(connections=1))
        url = f"http://127.0.0.1:{port}/x"
        first = asyncio.create_task(transport.send(creating(url, allowed())))
        await wait_until_async(lambda: bool(server.heads))
        waiting = transport._routes.queue._lines[False]
        await cancel_at(transport, creating(url, dispatch), lambda: bool(waiting), times)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        effect = creating(f"http://127.0.0.1:{quick}/x", allowed())
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
def test_a_call_cancelled_after_leaving_may_have_arrived_and_is_disconnected(times: int) -> None:
    async def run() -> None:
        transport = AsyncTransport(settings(connections=2))
        url = f"http://127.0.0.1:{server.port}/x"
        for turn in range(5):
            dispatch = allowed()
            reached = lambda turn=turn: len(server.heads) > turn  # noqa: E731
            await cancel_at(transport, creating(url, dispatch), reached, times)
            assert (dispatch.left, dispatch.answer) == (True, None)
        await wait_until_async(lambda: not any(map(still_open, server._open)))
        await transport.close()

    with RawServer(hangs_until_left) as server:
        asyncio.run(asyncio.wait_for(run(), 20))


def hangs_until_left(server: RawServer, connection: socket.socket) -> None:
    for _ in server.requests(connection):
        pass


@pytest.mark.parametrize(("lean", "step"), [(True, "aclose"), (False, "end"), (False, "aclose")])
@pytest.mark.parametrize("times", [1, 2, 5])
def test_an_answer_that_was_read_survives_cancellation(
    times: int, lean: bool, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lean and ASYNC.lean is None:
        pytest.skip("httptools is not installed")
    dispatch = allowed()

    async def run(port: int) -> None:
        transport = AsyncTransport(settings(connections=1))
        closing, go_on = asyncio.Event(), asyncio.Event()
        kind: Any = ASYNC.lean if lean else ASYNC.wrapped
        if kind is None:
            pytest.skip("httptools is not installed")
        transport._routes._kinds = replace(ASYNC, lean=ASYNC.lean if lean else None)
        original = getattr(kind, step)

        async def slowly(connection: Any) -> None:
            closing.set()
            await go_on.wait()
            await original(connection)

        monkeypatch.setattr(kind, step, slowly)
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
        await wait_until_async(lambda: not any(map(still_open, server._open)))
        await transport.close()

    last = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
    with RawServer(answering(last)) as server:
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


def test_calls_of_an_abandoned_loop_do_not_block_exit() -> None:
    with RawServer(stuck) as server:
        url = f"http://127.0.0.1:{server.port}/x"
        command = [sys.executable, "-c", DROPS, str(Path(__file__).parents[1]), url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, "0\n")
    assert "Traceback" not in done.stderr  # asyncio itself may say that tasks were pending


def test_an_answer_that_was_read_survives_ctrl_c(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dispatch = allowed()
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


def press_ctrl_c(reached: Callable[[], bool]) -> threading.Thread:
    """Press Ctrl-C once the condition is true."""
    here = threading.get_ident()

    def press() -> None:
        wait_until(reached)
        signal.pthread_kill(here, signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    return thread


# Ctrl-C can leave a socket half made; Python closes it with a warning.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("phase", PHASES)
def test_a_call_stopped_by_ctrl_c_before_it_leaves_has_not_left(phase: Any) -> None:
    dispatch = allowed()
    with phase(connections=1) as held, RawServer(answering()) as server:
        transport = Transport(held.given)
        thread = press_ctrl_c(held.reached)
        with pytest.raises(KeyboardInterrupt):
            transport.send(creating(held.url, dispatch))
        thread.join()
        effect = creating(f"http://127.0.0.1:{server.port}/x", allowed())
        assert transport.send(effect).status == 200
        transport.close()
    assert (dispatch.left, dispatch.answer) == (False, None)


def test_a_call_stopped_by_ctrl_c_in_the_queue_has_not_left() -> None:
    dispatch = allowed()
    with RawServer(stuck) as server, RawServer(answering()) as quick:
        transport = Transport(settings(connections=1))
        url = f"http://127.0.0.1:{server.port}/x"

        def hang() -> None:
            with suppress(Interrupted):
                transport.send(creating(url, allowed()))

        first = threading.Thread(target=hang)
        first.start()
        wait_until(lambda: bool(server.heads))
        thread = press_ctrl_c(lambda: bool(transport._routes.queue._lines[False]))
        with pytest.raises(KeyboardInterrupt):
            transport.send(creating(url, dispatch))
        thread.join()
        server.release.set()
        first.join(20)
        effect = creating(f"http://127.0.0.1:{quick.port}/x", allowed())
        assert transport.send(effect).status == 200
        transport.close()
    assert (dispatch.left, dispatch.answer) == (False, None)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_permission_is_asked_before_an_embedders_transport_gets_the_call(kind: str) -> None:
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
