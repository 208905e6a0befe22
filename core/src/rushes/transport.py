"""The one place that knows httpx: calls become exchanges, and failures become two words.

What failed before anything left is NotSent; whatever may have reached the other side is
Interrupted. https://www.python-httpx.org/exceptions/
"""

import asyncio
import email.utils
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx

from rushes.calls import Answer, Call
from rushes.flow import Interrupted, NotSent, Send, Stream
from rushes.network import Settings

MAX_ANSWER = 4 * 1024 * 1024
"""Bytes that an answer to anything but a download may have."""
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
"""Hosts that no proxy stands before."""


def options(settings: Settings, kind: Any) -> dict[str, Any]:
    """Return httpx's arguments; no redirect is followed and nothing is decoded for us."""
    limits = httpx.Limits(
        max_connections=settings.connections, max_keepalive_connections=settings.connections
    )
    # Reading the certificates takes long; one context serves every route.
    trusted = httpx.create_ssl_context()
    loopback = {f"all://{host}": kind(verify=trusted, limits=limits) for host in LOOPBACK}
    chosen: dict[str, Any] = (
        {"transport": settings.transport}
        if settings.transport
        else {"mounts": loopback, "proxy": settings.proxy, "verify": trusted}
    )
    return {
        **chosen,
        "limits": limits,
        "timeout": httpx.Timeout(
            settings.timeouts.read, connect=settings.timeouts.connect, pool=None
        ),
        "follow_redirects": False,
        "headers": {"Accept-Encoding": "identity", "User-Agent": "rushes"},
    }


class Transport:
    """Performs exchanges one after the other, from any thread."""

    def __init__(self, settings: Settings) -> None:
        self._client = httpx.Client(**options(settings, httpx.HTTPTransport))

    def send(self, effect: Send) -> Answer:
        """Make one call and return its whole answer."""
        end = time.monotonic() + effect.total
        with _failures(), self._open(effect.call, creating=effect.creating) as response:
            body = bytearray()
            for chunk in response.iter_raw(65536):
                _grow(body, chunk, end)
            return _answer(response, bytes(body))

    def stream(self, effect: Stream) -> Answer:
        """Make one call and stream a good answer's body; of another, return the beginning."""
        end = time.monotonic() + effect.total
        with _failures(), self._open(effect.call, creating=False) as response:
            if response.status_code not in (200, 206):
                return _answer(response, _beginning(response, end))
            effect.sink.begin(_answer(response, b""))
            # As it comes: what waits in httpx to fill a chunk is lost when the connection breaks.
            for chunk in response.iter_raw():
                _in_time(end)
                effect.sink.write(chunk)
            return _answer(response, b"")

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    @contextmanager
    def _open(self, call: Call, *, creating: bool) -> Iterator[httpx.Response]:
        request = _request(self._client, call, creating=creating)
        response = self._client.send(request, stream=True)
        try:
            yield response
        finally:
            response.close()


class AsyncTransport:
    """Performs many exchanges at once over a bounded number of connections."""

    def __init__(self, settings: Settings) -> None:
        self._client = httpx.AsyncClient(**options(settings, httpx.AsyncHTTPTransport))
        # httpx's own pool makes whoever waits for a connection walk the whole queue each time.
        self._places = asyncio.Semaphore(settings.connections)

    async def send(self, effect: Send) -> Answer:
        """Make one call and return its whole answer."""
        async with self._places, _deadline(effect.total):
            with _failures():
                async with self._open(effect.call, creating=effect.creating) as response:
                    end = time.monotonic() + effect.total
                    body = bytearray()
                    async for chunk in response.aiter_raw(65536):
                        _grow(body, chunk, end)
                    return _answer(response, bytes(body))

    async def stream(self, effect: Stream) -> Answer:
        """Make one call and stream a good answer's body; of another, return the beginning."""
        async with self._places, _deadline(effect.total):
            with _failures():
                async with self._open(effect.call, creating=False) as response:
                    if response.status_code not in (200, 206):
                        body = bytearray()
                        async for chunk in response.aiter_raw(4096):
                            body += chunk
                            if len(body) >= 4096:
                                break
                        return _answer(response, bytes(body))
                    effect.sink.begin(_answer(response, b""))
                    async for chunk in response.aiter_raw():
                        await asyncio.to_thread(effect.sink.write, chunk)
                    return _answer(response, b"")

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    @asynccontextmanager
    async def _open(self, call: Call, *, creating: bool) -> AsyncIterator[httpx.Response]:
        request = _request(self._client, call, creating=creating)
        response = await self._client.send(request, stream=True)
        try:
            yield response
        finally:
            await response.aclose()


def _request(
    client: httpx.Client | httpx.AsyncClient, call: Call, *, creating: bool
) -> httpx.Request:
    headers: Mapping[str, str] = (
        {**call.headers, "Connection": "close"} if creating else call.headers
    )
    try:
        return client.build_request(call.method, call.url, headers=headers, content=call.body)
    except (httpx.InvalidURL, ValueError) as error:
        raise NotSent(f"{call.url!r} is no address: {error}") from error


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except (
        httpx.ConnectError,
        httpx.ConnectTimeout,
        httpx.ProxyError,
        httpx.UnsupportedProtocol,
    ) as error:
        raise NotSent(_words(error)) from error
    except httpx.HTTPError as error:
        raise Interrupted(_words(error)) from error


@asynccontextmanager
async def _deadline(total: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(total):
            yield
    except TimeoutError as error:
        raise Interrupted(f"no whole answer within {total:g} seconds") from error


def _in_time(end: float) -> None:
    if time.monotonic() > end:
        raise Interrupted("the answer did not end in time")


def _grow(body: bytearray, chunk: bytes, end: float) -> None:
    _in_time(end)
    body += chunk
    if len(body) > MAX_ANSWER:
        raise Interrupted(f"the answer is larger than {MAX_ANSWER} bytes")


def _beginning(response: httpx.Response, end: float) -> bytes:
    body = bytearray()
    for chunk in response.iter_raw(4096):
        _in_time(end)
        body += chunk
        if len(body) >= 4096:
            break
    return bytes(body)


def _answer(response: httpx.Response, body: bytes) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    # Whoever has a clock notes when an answer without a Date came (RFC 9110, 6.6.1).
    headers.setdefault("date", email.utils.formatdate(usegmt=True))
    return Answer(response.status_code, headers, body)


def _words(error: Exception) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
