"""Every phase of an exchange ends by its deadline; sent and unsent calls are told apart."""

import asyncio
import itertools
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpcore
import httpx
import pytest
from raw_server import OK, Behaviour, RawServer, answering, silent
from rushes import Call, Timeouts
from rushes._flow import Dispatch, Interrupted, NotSent, Send, Stalled, Stream
from rushes._network.active_call import ActiveCall
from rushes._network.async_transport import AsyncTransport
from rushes._network.messages import MAX_ANSWER, failed
from rushes._network.requests import PIECE
from rushes._network.routes import ASYNC, SYNC
from transport_runner import Body, Perform, retry_until_sent, run_in_thread, settings

pytestmark = pytest.mark.usefixtures("trusted")


def get(url: str, total: float = 20) -> Send:
    return Send(call=Call.get(url), total=total)


def drips_the_head(server: RawServer, connection: socket.socket) -> None:
    next(server.requests(connection))
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    server.drip(connection, itertools.repeat(b"x"))


def drips_the_body(server: RawServer, connection: socket.socket) -> None:
    next(server.requests(connection))
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    server.drip(connection, itertools.repeat(b"x"))


def drips_chunks(server: RawServer, connection: socket.socket) -> None:
    next(server.requests(connection))
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    server.drip(connection, itertools.repeat(b"1\r\nx\r\n"))


def hints_forever(server: RawServer, connection: socket.socket) -> None:
    next(server.requests(connection))
    server.drip(connection, itertools.repeat(b"HTTP/1.1 103 Early Hints\r\n\r\n"))


def drips_a_handshake(server: RawServer, connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc")
    server.drip(connection, itertools.repeat(b"\x03"))


def reads_a_little(server: RawServer, connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    while connection.recv(1) and not server.release.wait(0.01):
        pass


@pytest.mark.parametrize(
    "behave", [silent, drips_the_head, drips_the_body, drips_chunks, hints_forever]
)
@pytest.mark.parametrize("kind", ["send", "create", "stream"])
def test_an_endless_answer_ends_at_the_deadline(
    perform: Perform, behave: Behaviour, kind: str
) -> None:
    def attempt(total: float) -> Any:
        call = Call.get(f"http://127.0.0.1:{server.port}/x")
        effect: Any = Send(
            call=call, total=total, dispatch=Dispatch(lambda: None) if kind == "create" else None
        )
        if kind == "stream":
            effect = Stream(call=call, total=total, sink=Body(), public_only=False)
        return perform(settings(), effect)

    with (
        RawServer(behave) as server,
        pytest.raises(Interrupted, match=r"no whole answer within \d"),
    ):
        retry_until_sent(attempt)


@pytest.mark.parametrize("error", [httpcore.ReadTimeout(), httpx.ReadTimeout("")])
def test_a_timer_that_ends_a_moment_early_is_that_of_the_deadline(error: Exception) -> None:
    last, long = ActiveCall(0.01), ActiveCall(60)
    assert str(failed(error, last)) == "no connection within 0.01 seconds"
    last.sent = long.sent = True
    ended, stalled = failed(error, last), failed(error, long)
    assert (type(ended), str(ended)) == (Interrupted, "no whole answer within 0.01 seconds")
    assert (type(stalled), str(stalled)) == (Stalled, "ReadTimeout")
    assert str(failed(httpx.ConnectTimeout(""), last)) == "no connection within 0.01 seconds"


def test_an_embedders_transport_that_could_not_connect_says_why_however_late() -> None:
    active = ActiveCall(60, dispatch=Dispatch(lambda: None))
    active.leave()
    active._begun -= 20
    refused = failed(httpx.ConnectError("refused"), active)
    assert (type(refused), str(refused)) == (NotSent, "ConnectError: refused")


@pytest.mark.parametrize("behave", [silent, reads_a_little])
def test_an_upload_that_nobody_reads_ends_at_the_deadline(
    perform: Perform, behave: Behaviour
) -> None:
    with RawServer(behave) as server:
        url = f"http://127.0.0.1:{server.port}/x"
        call = Call(method="POST", url=url, body=bytes(20 * 1024 * 1024))
        with pytest.raises(Interrupted, match="no whole answer within"):
            retry_until_sent(lambda total: perform(settings(), Send(call=call, total=total)))


def test_an_upload_that_is_read_slowly_is_given_up(perform: Perform) -> None:
    read = 0

    def behave(server: RawServer, connection: socket.socket) -> None:
        nonlocal read
        while (chunk := connection.recv(65536)) and not server.release.wait(0.05):
            read += len(chunk)

    with RawServer(behave) as server:
        url = f"http://127.0.0.1:{server.port}/x"
        call = Call(method="POST", url=url, body=bytes(40 * 1024 * 1024))
        with pytest.raises(Interrupted, match="no whole answer within"):
            retry_until_sent(lambda total: perform(settings(), Send(call=call, total=total)))
    assert read < 20 * 1024 * 1024


@pytest.mark.parametrize("behave", [silent, drips_a_handshake])
def test_a_call_whose_tls_handshake_hangs_was_not_sent(perform: Perform, behave: Behaviour) -> None:
    with (
        RawServer(behave) as server,
        pytest.raises(NotSent, match=r"no connection within 0\.4 seconds"),
    ):
        perform(settings(), get(f"https://127.0.0.1:{server.port}/x", total=0.4))


@pytest.mark.parametrize("behave", [silent, drips_the_head])
def test_a_call_whose_tunnel_hangs_was_not_sent(perform: Perform, behave: Behaviour) -> None:
    with RawServer(behave) as server:
        given = settings(proxy=f"http://127.0.0.1:{server.port}")
        with pytest.raises(NotSent, match="no connection within"):
            perform(given, get("https://api.acme.example/x", total=0.4))


@pytest.mark.parametrize("behave", [silent, drips_the_head])
def test_a_call_through_a_forwarding_proxy_that_hangs_may_have_been_sent(
    perform: Perform, behave: Behaviour
) -> None:
    with RawServer(behave) as server:
        given = settings(proxy=f"http://127.0.0.1:{server.port}")
        with pytest.raises(Interrupted, match="no whole answer"):
            retry_until_sent(lambda total: perform(given, get("http://api.acme.example/x", total)))


@pytest.fixture
def hanging() -> Iterator[Callable[[str, int], list[str]]]:
    """Yield a resolver that does not answer until the test is over."""
    over = threading.Event()

    def resolve(host: str, port: int) -> list[str]:
        over.wait(60)
        return ["127.0.0.1"]

    yield resolve
    over.set()


def test_a_name_is_not_resolved_in_time(perform: Perform, hanging: Any) -> None:
    with pytest.raises(NotSent, match=r"no connection within 0\.4 seconds"):
        perform(settings(resolve=hanging), get("http://api.acme.example/x", total=0.4))
    quick = settings(resolve=hanging, timeouts=Timeouts(connect=0.1))
    with pytest.raises(NotSent, match=r"api\.acme\.example was not resolved in time"):
        perform(quick, get("http://api.acme.example/x", total=60))


def test_connect_and_read_timeouts_each_end_their_own_phase(perform: Perform) -> None:
    short_connect = settings(timeouts=Timeouts(connect=0.1, read=60))
    short_read = settings(timeouts=Timeouts(connect=60, read=0.1))
    with RawServer(silent) as server:
        with pytest.raises(Interrupted, match="ReadTimeout"):
            perform(short_read, get(f"http://127.0.0.1:{server.port}/x", total=60))
        with pytest.raises(NotSent, match="ConnectTimeout"):
            perform(short_connect, get(f"https://127.0.0.1:{server.port}/x", total=60))
        call = Call(method="POST", url=f"http://127.0.0.1:{server.port}/x", body=bytes(20 << 20))
        with pytest.raises(Interrupted, match="WriteTimeout"):
            perform(short_read, Send(call=call, total=60))


def unresolvable(host: str, port: int) -> list[str]:
    raise socket.gaierror(-2, "Name or service not known")


def unencodable(host: str, port: int) -> list[str]:
    host.encode("ascii")
    raise UnicodeError("label too long")


@pytest.mark.parametrize(
    ("resolve", "words"),
    [
        (unresolvable, "Name or service not known"),
        (unencodable, "label too long"),
        (lambda host, port: [], "has no address"),
    ],
)
def test_a_name_without_an_address(perform: Perform, resolve: Any, words: str) -> None:
    with pytest.raises(NotSent, match=words):
        perform(settings(resolve=resolve), get("http://api.acme.example/x"))


def test_the_second_address_is_tried_if_the_first_refuses(perform: Perform) -> None:
    with RawServer(answering()) as server:
        there = settings(resolve=lambda host, port: ["::1", "127.0.0.1"])
        assert perform(there, get(f"http://api.acme.example:{server.port}/x")).body == b"{}"


def test_nobody_listens(perform: Perform) -> None:
    with RawServer(silent) as server:
        pass
    with pytest.raises(NotSent, match="ConnectError"):
        perform(settings(), get(f"http://127.0.0.1:{server.port}/x"))


def resets(server: RawServer, connection: socket.socket) -> None:
    connection.recv(1, socket.MSG_PEEK)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_a_reset_before_the_request_was_read(perform: Perform) -> None:
    with RawServer(resets) as server, pytest.raises(Interrupted):
        perform(settings(), get(f"http://127.0.0.1:{server.port}/x", total=20))


def test_an_untrusted_certificate_or_one_for_another_host_is_refused(
    perform: Perform, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(answering(), tls=True) as server:
        here = settings(resolve=lambda host, port: ["127.0.0.1"])
        with pytest.raises(NotSent, match="CERTIFICATE_VERIFY_FAILED"):
            perform(here, get(f"https://other.example:{server.port}/x", total=20))
        monkeypatch.setattr(httpx, "create_ssl_context", ssl.create_default_context)
        with pytest.raises(NotSent, match="CERTIFICATE_VERIFY_FAILED"):
            perform(here, get(f"https://cdn.example:{server.port}/x", total=20))
        assert server.heads == []


def test_certificates_that_cannot_be_read(
    perform: Perform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> ssl.SSLContext:
        raise FileNotFoundError(2, "No such file or directory", "certificates.pem")

    monkeypatch.setattr(httpx, "create_ssl_context", missing)
    with pytest.raises(NotSent, match=r"no connection can be made: .*certificates\.pem"):
        perform(settings(), get("https://127.0.0.1:9/x"))
    if SYNC.lean is not None:  # those of httpcore know certificates from the start
        with RawServer(answering()) as server:
            assert perform(settings(), get(f"http://127.0.0.1:{server.port}/x")).status == 200


@pytest.mark.parametrize(
    ("proxy", "words"),
    [
        ("gopher://127.0.0.1", "begins with http"),
        ("127.0.0.1:3128", "begins with http"),
        ("http://", "has no host"),
        ("http://[::1", "malformed"),
        ("socks5://127.0.0.1:1", "socksio"),
    ],
)
def test_an_invalid_proxy_url(perform: Perform, proxy: str, words: str) -> None:
    with pytest.raises(NotSent, match=words):
        perform(settings(proxy=proxy), get("https://api.acme.example/x"))


def test_a_proxy_that_refuses(perform: Perform) -> None:
    with RawServer(answering(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n")) as server:
        proxy = f"http://kite:se%3Acret@127.0.0.1:{server.port}"
        with pytest.raises(NotSent, match="407"):
            perform(settings(proxy=proxy), get("https://api.acme.example/x", total=20))
    assert server.heads[0].startswith(b"CONNECT api.acme.example:443 ")
    assert b"Basic a2l0ZTpzZTpjcmV0" in server.heads[0]


def test_proxy_and_no_proxy_from_the_environment(
    perform: Perform, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(answering()) as server, RawServer(answering()) as here:
        monkeypatch.setenv("http_proxy", f"127.0.0.1:{server.port}")
        monkeypatch.setenv("no_proxy", "direct.example")
        url = f"http://direct.example:{here.port}/x"
        given = settings(resolve=lambda host, port: ["127.0.0.1"])
        perform(given, get("http://api.acme.example/x"), get(url))
        perform(given, get(f"http://127.0.0.1:{here.port}/y"))
        perform(given, get(f"http://localhost:{here.port}/z"))
    assert [head.split()[1] for head in server.heads] == [b"http://api.acme.example/x"]
    assert [head.split()[1] for head in here.heads] == [b"/x", b"/y", b"/z"]


def test_polls_share_connections_and_a_creating_call_begins_its_own(perform: Perform) -> None:
    with RawServer(answering()) as server:
        url = f"http://127.0.0.1:{server.port}"
        body = Body()
        perform(
            settings(),
            get(f"{url}/poll"),
            get(f"{url}/poll"),
            Send(call=Call.get(f"{url}/create"), total=20, dispatch=Dispatch(lambda: None)),
            Stream(call=Call.get(f"{url}/file"), total=20, sink=body, public_only=False),
            get(f"{url}/poll"),
        )
    assert server.accepted == 3
    assert body.content == b"{}"
    closing = [b"connection: close" in head.lower() for head in server.heads]
    assert closing == [False, False, False, True, False]


@pytest.mark.parametrize("lean", [True, False])
def test_only_a_librarys_connections_need_the_call_in_the_context(
    monkeypatch: pytest.MonkeyPatch, lean: bool
) -> None:
    """A waiting task would keep what is left of a context variable that was set once."""
    entered: list[ActiveCall] = []
    enter = ActiveCall.__enter__

    def entering(active: ActiveCall) -> ActiveCall:
        entered.append(active)
        return enter(active)

    monkeypatch.setattr(ActiveCall, "__enter__", entering)
    with RawServer(answering()) as server:
        run_in_thread("async", lean=lean)(settings(), get(f"http://127.0.0.1:{server.port}/"))
    assert len(entered) == (0 if lean and ASYNC.lean is not None else 1)


def test_many_calls_at_once_stay_within_the_connection_limit() -> None:
    async def run(port: int) -> None:
        here = settings(connections=4, resolve=lambda host, port: ["127.0.0.1"])
        transport = AsyncTransport(here)
        hosts = ("127.0.0.1", "localhost", "acme.localhost")
        calls = [
            Send(
                call=Call.get(f"http://{host}:{port}/"),
                total=30,
                dispatch=None if n % 4 else Dispatch(lambda: None),
            )
            for n, host in zip(range(60), itertools.cycle(hosts), strict=False)
        ]
        await asyncio.gather(*map(transport.send, calls))
        await transport.close()

    with RawServer(answering()) as server:
        asyncio.run(run(server.port))
        assert server.most <= 5  # one may be closing while the next is opened
        assert server.accepted >= 15


class Hanging(httpx.AsyncBaseTransport):
    """A transport of the embedder's that takes a request and never answers."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError(request)


def test_an_embedders_transport_is_held_to_the_deadline() -> None:
    async def run() -> None:
        transport = AsyncTransport(settings(connections=2, transport=Hanging()))
        await transport.send(get("http://api.acme.example/x", total=0.4))

    with pytest.raises(Interrupted, match=r"no whole answer within 0\.4 seconds"):
        asyncio.run(run())


@pytest.mark.parametrize(("connections", "downloads"), [(4, 2), (3, 1)])
def test_calls_continue_while_downloads_hang(connections: int, downloads: int) -> None:
    async def run(slow: int, quick: int) -> int:
        transport = AsyncTransport(settings(connections=connections))
        call = Call.get(f"http://127.0.0.1:{slow}/x")
        effects = [Stream(call=call, total=600, sink=Body(), public_only=False) for _ in range(10)]
        fetching = [asyncio.create_task(transport.stream(each)) for each in effects]
        async with asyncio.timeout(20):
            answer = await transport.send(get(f"http://127.0.0.1:{quick}/x", total=20))
            while server.accepted < downloads:
                await transport.send(get(f"http://127.0.0.1:{quick}/x", total=20))
        for each in fetching:
            each.cancel()
        await asyncio.gather(*fetching, return_exceptions=True)
        await transport.close()
        return answer.status

    with RawServer(drips_the_body) as server, RawServer(answering()) as quick:
        assert asyncio.run(run(server.port, quick.port)) == 200
        assert server.most == downloads


@pytest.mark.parametrize("length", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_a_body_arrives_unchanged(perform: Perform, length: int) -> None:
    body = bytes(range(256)) * (length // 256 + 1)
    body, came = body[:length], bytearray()

    def behave(server: RawServer, connection: socket.socket) -> None:
        head, _, rest = connection.recv(65536).partition(b"\r\n\r\n")
        server.heads.append(head)
        came.extend(rest)
        while len(came) < length:
            came.extend(connection.recv(65536))
        connection.sendall(OK)

    with RawServer(behave) as server:
        url = f"http://127.0.0.1:{server.port}/x"
        perform(settings(), Send(call=Call(method="POST", url=url, body=body), total=20))
    assert bytes(came) == body
    assert f"content-length: {length}".encode() in server.heads[0].lower()
    assert b"transfer-encoding" not in server.heads[0].lower()


@pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 200), (10**9, 200), (10**9, 500)])
def test_the_size_of_an_answer_is_limited(perform: Perform, more: int, status: int) -> None:
    length = MAX_ANSWER + more

    def behave(server: RawServer, connection: socket.socket) -> None:
        next(server.requests(connection))
        connection.sendall(f"HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n\r\n".encode())
        for _ in range(length // 65536 + 1):
            connection.sendall(bytes(65536))

    with RawServer(behave) as server:
        effect = get(f"http://127.0.0.1:{server.port}/x", total=20)
        if more:
            with pytest.raises(Interrupted, match="larger than"):
                perform(settings(), effect)
        else:
            assert len(perform(settings(), effect).body) == MAX_ANSWER


def test_only_the_beginning_of_an_error_answer_is_read(perform: Perform) -> None:
    def behave(server: RawServer, connection: socket.socket) -> None:
        next(server.requests(connection))
        connection.sendall(b"HTTP/1.1 404 Not Found\r\n\r\n" + b"x" * 10_000)
        server.drip(connection, itertools.repeat(b"x"))

    with RawServer(behave) as server:
        url = f"http://127.0.0.1:{server.port}/x"
        stream = Stream(call=Call.get(url), total=20, sink=Body(), public_only=False)
        answer = perform(settings(), stream)
    assert (answer.status, answer.body) == (404, b"x" * 4096)


def test_exceptions_of_an_embedders_transport_say_whether_the_call_was_sent(
    perform: Perform,
) -> None:
    raising: list[Exception] = [
        httpx.ConnectError("closed"),
        httpx.ConnectTimeout("slow"),
        httpx.ProxyError("no"),
        httpx.ReadError("cut"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("odd"),
    ]
    expected = [NotSent, NotSent, NotSent, Interrupted, Interrupted, Interrupted]

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/good":
            assert request.headers["accept-encoding"] == "identity"
            return httpx.Response(200, json={"ok": request.method})
        raise raising[int(request.url.path[1:])]

    given = settings(transport=httpx.MockTransport(handle))
    assert perform(given, get("http://api.acme.example/good")).json() == {"ok": "GET"}
    for number, kind in enumerate(expected):
        with pytest.raises(kind):
            perform(given, get(f"http://api.acme.example/{number}"))


@pytest.mark.parametrize(
    "url", ["http://[::1/x", "http://a b/", "http://\udc80.example/", "http://a:b/", "gopher://a/x"]
)
def test_a_call_to_an_invalid_url_was_not_sent(perform: Perform, url: str) -> None:
    with pytest.raises(NotSent):
        perform(settings(), get(url))
