"""The one place that knows httpx: calls become exchanges, and failures become two words.

What failed before anything of the request left is NotSent; whatever may have reached the other side
is Interrupted. Connections are ours (rushes.connections); an embedder may give an httpx transport
instead, of which only the exceptions tell what left:
https://www.python-httpx.org/advanced/transports/, https://www.python-httpx.org/exceptions/
"""

import asyncio
import email.utils
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

import httpcore
import httpx

from rushes.calls import Answer
from rushes.connections import AsyncBackend, Backend, Pieces, deadline
from rushes.exchange import Exchange, keep_libraries_silent, under_way
from rushes.flow import Interrupted, NotSent, Send, Stream
from rushes.network import Settings
from rushes.routes import ASYNC, SYNC, Routes
from rushes.urls import shown

MAX_ANSWER = 4 * 1024 * 1024
"""Bytes that an answer to anything but a download may have."""
BEGINNING = 4096
"""Bytes that are read of an answer that was to be a video and is none."""
_NEVER_LEFT = (
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    httpcore.PoolTimeout,
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_FAILED = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
    httpx.HTTPError,
)

keep_libraries_silent()


class Transport:
    """Performs exchanges one after the other, from any thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._routes = Routes(settings, SYNC, Backend(settings.resolve), httpx.create_ssl_context)

    def send(self, effect: Send) -> Answer:
        """Make one call and return its whole answer."""
        exchange = Exchange(effect.total)
        with self._open(effect, exchange, fresh=effect.creating) as response:
            return _answer(response, self._read(response, exchange, MAX_ANSWER + 1))

    def stream(self, effect: Stream) -> Answer:
        """Make one call and stream a good answer's body; of another, return the beginning."""
        exchange = Exchange(effect.total, guarded=effect.public_only)
        with self._open(effect, exchange, fresh=True) as response:
            if response.status_code not in (200, 206):
                return _answer(response, self._read(response, exchange, BEGINNING))
            effect.sink.begin(_answer(response, b""))
            for chunk in _stream(response):
                _in_time(exchange)
                effect.sink.write(chunk)
                effect.sink.tell()
            return _answer(response, b"")

    def close(self) -> None:
        """Close every connection."""
        for pool in self._routes.pools:
            pool.close()
        if self._settings.transport is not None:
            self._settings.transport.close()

    @contextmanager
    def _open(
        self, effect: Send | Stream, exchange: Exchange, *, fresh: bool
    ) -> Iterator[httpx.Response]:
        request = _request(effect, self._settings, fresh=fresh)
        with under_way(exchange), _failures(exchange):
            if self._settings.transport is not None:
                exchange.sent = True  # when its first byte leaves, nobody knows
                response = self._settings.transport.handle_request(request)
            else:
                pool = _pool(self._routes, effect.call.url, exchange, fresh=fresh)
                response = _received(pool.handle_request(_core(request, effect)))
            try:
                yield response
            finally:
                _stream(response).close()

    def _read(self, response: httpx.Response, exchange: Exchange, most: int) -> bytes:
        body = bytearray()
        for chunk in _stream(response):
            _in_time(exchange)
            body += chunk
            if len(body) >= most:
                break
        return _bounded(body, most)


class AsyncTransport:
    """Performs many exchanges at once over a bounded number of connections."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        backend = AsyncBackend(settings.resolve)
        self._routes = Routes(settings, ASYNC, backend, httpx.create_ssl_context)
        # A pool of httpcore's makes whoever waits for a connection walk the whole queue each time.
        self._places = asyncio.Semaphore(settings.connections)
        # Downloads take long; the other half is left to calls.
        self._downloads = asyncio.Semaphore(max(settings.connections // 2, 1))

    async def send(self, effect: Send) -> Answer:
        """Make one call and return its whole answer."""
        exchange = Exchange(effect.total)
        async with self._open(effect, exchange, fresh=effect.creating) as response:
            return _answer(response, await self._read(response, MAX_ANSWER + 1))

    async def stream(self, effect: Stream) -> Answer:
        """Make one call and stream a good answer's body; of another, return the beginning."""
        exchange = Exchange(effect.total, guarded=effect.public_only)
        async with self._open(effect, exchange, fresh=True) as response:
            if response.status_code not in (200, 206):
                return _answer(response, await self._read(response, BEGINNING))
            await _written(effect.sink.begin, _answer(response, b""))
            async for chunk in _stream(response):
                await _written(effect.sink.write, chunk)
                effect.sink.tell()
            return _answer(response, b"")

    async def close(self) -> None:
        """Close every connection."""
        for pool in self._routes.pools:
            await pool.aclose()
        if self._settings.transport is not None:
            await self._settings.transport.aclose()

    @asynccontextmanager
    async def _open(
        self, effect: Send | Stream, exchange: Exchange, *, fresh: bool
    ) -> AsyncIterator[httpx.Response]:
        request = _request(effect, self._settings, fresh=fresh)
        with under_way(exchange), _failures(exchange):
            async with deadline(exchange), self._place(effect):
                response = await self._sent(request, effect, exchange, fresh=fresh)
                try:
                    yield response
                finally:
                    await _stream(response).aclose()

    @asynccontextmanager
    async def _place(self, effect: Send | Stream) -> AsyncIterator[None]:
        """Wait for a place; that is part of the exchange, of which nothing has left."""
        async with AsyncExitStack() as held:
            if isinstance(effect, Stream):
                await held.enter_async_context(self._downloads)
            await held.enter_async_context(self._places)
            yield

    async def _sent(
        self, request: httpx.Request, effect: Send | Stream, exchange: Exchange, *, fresh: bool
    ) -> httpx.Response:
        if self._settings.transport is not None:
            exchange.sent = True  # when its first byte leaves, nobody knows
            given: httpx.Response = await self._settings.transport.handle_async_request(request)
            return given
        pool = _pool(self._routes, effect.call.url, exchange, fresh=fresh)
        core = _core(request, effect)
        for idle in self._routes.surplus(pool, fresh, core.url.origin):
            await idle.aclose()
        return _received(await pool.handle_async_request(core))

    async def _read(self, response: httpx.Response, most: int) -> bytes:
        body = bytearray()
        async for chunk in _stream(response):
            body += chunk
            if len(body) >= most:
                break
        return _bounded(body, most)


def _request(effect: Send | Stream, settings: Settings, *, fresh: bool) -> httpx.Request:
    """Put a call into httpx's words; a connection that is used once says so.

    The call's own headers are nobody's local variable here: a traceback may show its locals.
    """
    read = min(settings.timeouts.read, effect.total)
    connect = min(settings.timeouts.connect, effect.total)
    timeouts = {"connect": connect, "read": read, "write": read, "pool": effect.total}
    where = repr(shown(effect.call.url))
    try:
        request = httpx.Request(
            effect.call.method,
            effect.call.url,
            headers={
                "Accept": "*/*",
                "Accept-Encoding": "identity",
                "User-Agent": "rushes",
                "Connection": "close" if fresh else "keep-alive",
                **{name.title(): value for name, value in effect.call.headers.items()},
            },
            content=effect.call.body,
            extensions={"timeout": timeouts},
        )
    except (httpx.InvalidURL, ValueError) as error:
        raise NotSent(f"{where} is no address: {error}") from _without_frames(error)
    if request.url.scheme not in ("http", "https"):
        raise NotSent(f"{where} is no http(s) address")
    return request


def _pool(routes: Routes, url: str, exchange: Exchange, *, fresh: bool) -> Any:
    proxy = routes.proxy(url)
    if proxy is not None:
        exchange.guarded = False  # it is the proxy that resolves the name
    try:
        return routes.pool(proxy, fresh=fresh)
    except (OSError, ValueError, RuntimeError) as error:
        raise NotSent(f"no connection can be made: {error}") from _without_frames(error)


def _core(request: httpx.Request, effect: Send | Stream) -> httpcore.Request:
    url = request.url
    return httpcore.Request(
        request.method,
        httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=Pieces(effect.call.body or b""),
        extensions=request.extensions,
    )


def _received(core: httpcore.Response) -> httpx.Response:
    stream: Any = core.stream
    return httpx.Response(core.status, headers=core.headers, stream=stream)


def _stream(response: httpx.Response) -> Any:
    """Return the body as it comes; what httpx gathers to fill a chunk is lost with a connection."""
    return response.stream


@contextmanager
def _failures(exchange: Exchange) -> Iterator[None]:
    """Turn what the libraries raise into our two words."""
    try:
        yield
    except _FAILED as error:
        text = str(error).strip()
        words = f"{type(error).__name__}: {text}" if text else type(error).__name__
        words = words if exchange.left > 0 else exchange.words
        left = exchange.sent and not isinstance(error, _NEVER_LEFT)
        cause = _without_frames(error)
        raise (Interrupted(words) if left else NotSent(words)) from cause


def _without_frames(error: Exception) -> Exception:
    """Take the libraries' frames off an error: they hold the request as sent, key and all."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


async def _written(write: Callable[[Any], None], what: Any) -> None:
    """Write in a thread, and to its end: what is being written must not outlive the exchange."""
    work = asyncio.ensure_future(asyncio.to_thread(write, what))
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise


def _in_time(exchange: Exchange) -> None:
    if exchange.left <= 0:
        raise Interrupted(exchange.words)


def _bounded(body: bytearray, most: int) -> bytes:
    if len(body) > MAX_ANSWER:
        raise Interrupted(f"the answer is larger than {MAX_ANSWER} bytes")
    return bytes(body[:most])


def _answer(response: httpx.Response, body: bytes) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    # Whoever has a clock notes when an answer without a Date came (RFC 9110, 6.6.1).
    headers.setdefault("date", email.utils.formatdate(usegmt=True))
    return Answer(response.status_code, headers, body)
