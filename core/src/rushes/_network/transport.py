"""Exchanges for synchronous code, and what both transports share.

Connections are our own (`connections`); an embedder may pass an httpx transport instead, and then
only its exceptions show what was sent: https://www.python-httpx.org/advanced/transports/
"""

import contextlib
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import httpcore
import httpx

from rushes._flow import NotSent, Send, Stream
from rushes._network.connections import Backend
from rushes._network.exchange import Exchange, under_way
from rushes._network.messages import (
    BEGINNING,
    MAX_ANSWER,
    answer_of,
    body_of,
    bounded,
    core_of,
    failures,
    fresh,
    in_time,
    received,
    request_of,
    whole,
    without_frames,
)
from rushes._network.routes import SYNC, Routes
from rushes._network.settings import Settings
from rushes.calls import Answer


class Transport:
    """Performs exchanges one after the other, from any thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        backend = Backend(settings.resolve)
        self._routes = Routes(settings, SYNC, backend, httpx.create_ssl_context, Future)

    def send(self, effect: Send) -> Answer:
        """Make one call and return its whole answer."""

        def read(response: httpx.Response, exchange: Exchange) -> Answer:
            answer = whole(response, self._read(response, exchange, MAX_ANSWER + 1))
            if effect.dispatch:
                effect.dispatch.answer = answer
            return answer

        return self._exchange(effect, read)

    def stream(self, effect: Stream) -> Answer:
        """Make one call and stream a good answer's body; of any other, return the beginning."""

        def read(response: httpx.Response, exchange: Exchange) -> Answer:
            if response.status_code not in (200, 206):
                return answer_of(response, self._read(response, exchange, BEGINNING))
            effect.sink.begin(answer_of(response))
            for chunk in body_of(response):
                in_time(exchange)
                effect.sink.write(chunk)
                effect.sink.tell()
            return answer_of(response)

        return self._exchange(effect, read)

    def close(self) -> None:
        """Close every connection."""
        for connection in self._routes.drop():
            connection.close()
        if self._settings.transport is not None:
            self._settings.transport.close()

    def _exchange(
        self, effect: Send | Stream, read: Callable[[httpx.Response, Exchange], Answer]
    ) -> Answer:
        request = request_of(effect, self._settings)
        turn = self._routes.places.join(long=isinstance(effect, Stream))
        try:
            try:
                turn.come.result(effect.patience)
            except TimeoutError:
                raise no_place(effect) from None
            exchange = begun(effect)
            with under_way(exchange), failures(exchange):
                return self._made(request, effect, exchange, read)
        finally:
            self._routes.places.leave(turn)

    def _made(
        self,
        request: httpx.Request,
        effect: Send | Stream,
        exchange: Exchange,
        read: Callable[[httpx.Response, Exchange], Answer],
    ) -> Answer:
        if self._settings.transport is not None:
            exchange.leave()  # it is unknown when its first byte leaves
            given = self._settings.transport.handle_request(request)
            with contextlib.closing(given.stream):
                return read(given, exchange)
        core = core_of(request, effect)
        connection, closing = taken(self._routes, core.url, effect, exchange)
        try:
            for idle in closing:
                idle.close()
            response = connection.handle_request(core)
            with contextlib.closing(response):
                return read(received(response), exchange)
        finally:
            if not self._routes.keep(connection):
                connection.close()

    def _read(self, response: httpx.Response, exchange: Exchange, most: int) -> bytes:
        body = bytearray()
        for chunk in body_of(response):
            in_time(exchange)
            body += chunk
            if len(body) >= most:
                break
        return bounded(body, most)


def no_place(effect: Send | Stream) -> NotSent:
    """Return the error that no connection became free in time."""
    return NotSent(f"no connection became free within {effect.patience:g} seconds")


def begun(effect: Send | Stream) -> Exchange:
    """Start the time of a call, now that it has its place."""
    if isinstance(effect, Send):
        return Exchange(effect.total, dispatch=effect.dispatch)
    return Exchange(effect.total, guarded=effect.public_only)


def taken(
    routes: Routes, url: httpcore.URL, effect: Send | Stream, exchange: Exchange
) -> tuple[Any, list[Any]]:
    """Take a connection for a call; raise NotSent if none can be made."""
    proxy = routes.proxy(effect.call.url)
    if proxy is not None:
        exchange.guarded = False  # the proxy resolves the name
    try:
        return routes.take(proxy, url, fresh=fresh(effect))
    except (OSError, ValueError, RuntimeError) as error:
        raise NotSent(f"no connection can be made: {error}") from without_frames(error)
