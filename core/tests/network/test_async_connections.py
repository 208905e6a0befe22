"""What happens to a connection of an event loop while nobody looks at it."""

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from raw_server import OK, RawServer, answering, still_open
from rushes import Call
from rushes._flow import Dispatch, NotSent, Send
from rushes._network import routes
from rushes._network.async_transport import AsyncTransport
from stalled_phases import wait_until_async
from transport_runner import settings

pytestmark = pytest.mark.usefixtures("trusted")


def poll(server: RawServer, host: str = "127.0.0.1") -> Send:
    return Send(call=Call.get(f"http://{host}:{server.port}/x"), total=60)


def paid(server: RawServer, host: str = "127.0.0.1", scheme: str = "http") -> Send:
    call = Call(method="POST", url=f"{scheme}://{host}:{server.port}/x", body=b"{}")
    return Send(call=call, total=60, dispatch=Dispatch(lambda: None))


@pytest.fixture
def server() -> Iterator[RawServer]:
    with RawServer(answering()) as server:
        yield server


def run(work: Any) -> None:
    asyncio.run(asyncio.wait_for(work, 20))


def test_an_address_that_was_given_up_spoils_nothing_when_it_closes(
    server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its time may be over in the very moment in which it is connected."""

    async def work() -> None:
        loop = asyncio.get_running_loop()
        create, tried = loop.create_connection, []

        async def late(make: Any, host: str, *rest: Any, **named: Any) -> Any:
            tried.append(host)
            made = await create(make, "127.0.0.1", *rest, **named)
            if len(tried) == 1:
                made[0].abort()  # the end is told in the loop's next turn
                raise TimeoutError
            return made

        monkeypatch.setattr(loop, "create_connection", late)
        given = settings(resolve=lambda host, port: ["127.0.0.2", "127.0.0.1"])
        transport = AsyncTransport(given)
        assert (await transport.send(paid(server, "api.acme.example"))).status == 200
        assert (await transport.send(poll(server, "api.acme.example"))).status == 200
        await transport.close()
        assert tried[:2] == ["127.0.0.2", "127.0.0.1"]

    if routes.ASYNC.lean is None:
        pytest.skip("httptools is not installed")
    run(work())


def hangs_up_after_one(server: RawServer, connection: socket.socket) -> None:
    next(server.requests(connection))
    connection.sendall(OK)
    server.release.wait(0.05)


def test_a_kept_connection_that_was_closed_just_now_ends_a_call_before_it_is_sent() -> None:
    async def work(server: RawServer) -> None:
        transport = AsyncTransport(settings())
        assert (await transport.send(poll(server))).status == 200
        ((kept, place),) = transport._routes._idle.items()
        await wait_until_async(kept.has_expired)
        kept.has_expired = lambda: False  # it was open when it was looked at
        transport._routes._idle[kept] = place
        with pytest.raises(NotSent, match="before the request"):
            await transport.send(poll(server))
        assert transport._routes._busy == {}
        await transport.close()

    if routes.ASYNC.lean is None:
        pytest.skip("httptools is not installed")
    with RawServer(hangs_up_after_one) as server:
        run(work(server))


def speaks_first(server: RawServer, connection: socket.socket) -> None:
    connection.sendall(OK)
    server.release.wait(20)


def test_a_call_is_not_sent_to_who_speaks_first(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(server: RawServer) -> None:
        loop = asyncio.get_running_loop()
        create = loop.create_connection

        async def later(make: Any, *rest: Any, **named: Any) -> Any:
            transport, opened = await create(make, *rest, **named)
            await wait_until_async(lambda: opened.over)
            return transport, opened

        monkeypatch.setattr(loop, "create_connection", later)
        transport, effect = AsyncTransport(settings()), paid(server)
        with pytest.raises(NotSent, match="wrote on it, before the request"):
            await transport.send(effect)
        assert effect.dispatch is not None
        assert not effect.dispatch.left
        await wait_until_async(lambda: not any(map(still_open, server._open)))
        await transport.close()

    if routes.ASYNC.lean is None:
        pytest.skip("httptools is not installed")
    with RawServer(speaks_first) as server:
        run(work(server))


@pytest.mark.parametrize("closes", ["the next call", "close"])
@pytest.mark.parametrize("times", [1, 3])
def test_idle_connections_are_closed_by_who_is_cancelled_meanwhile(
    server: RawServer, monkeypatch: pytest.MonkeyPatch, closes: str, times: int
) -> None:
    async def work() -> None:
        transport = AsyncTransport(settings(connections=6))
        await asyncio.gather(*(transport.send(paid(server)) for _ in range(6)))
        await asyncio.gather(*(transport.send(poll(server)) for _ in range(6)))
        assert len(transport._routes._idle) > 1
        monkeypatch.setattr(routes, "IDLE", 0.0)
        closing = transport.close() if closes == "close" else transport.send(poll(server))
        task = asyncio.ensure_future(closing)
        for _ in range(times):
            await asyncio.sleep(0)
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await wait_until_async(lambda: not any(map(still_open, server._open)))
        assert (transport._routes._idle, transport._routes._busy) == ({}, {})
        await transport.close()

    run(work())
