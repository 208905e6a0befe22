"""Calls made by synchronous code, and what both transports share.

Connections come from `routes`; an embedder may pass an httpx transport instead, and then only its
exceptions show what was sent: https://www.python-httpx.org/advanced/transports/
"""

import contextlib
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import httpx

from rushes._flow import Flow, NotSent, Send, Stream
from rushes._network.active_call import ActiveCall
from rushes._network.connections import Backend
from rushes._network.messages import (
    BEGINNING,
    FAILED,
    MAX_ANSWER,
    answer_of,
    bounded,
    check_deadline,
    failed,
    kept_of,
    unpacked_answer,
)
from rushes._network.requests import (
    Incoming,
    Request,
    for_httpx,
    received,
    request_of,
    without_frames,
)
from rushes._network.routes import SYNC, Routes
from rushes._network.settings import NetworkSettings
from rushes.calls import Answer


class Transport:
    """Makes calls one after the other, from any thread."""

    def __init__(self, settings: NetworkSettings) -> None:
        self._settings = settings
        backend = Backend(settings.resolve)
        self._routes = Routes(settings, SYNC, backend, httpx.create_ssl_context, Future)

    def send(self, effect: Send, drive: Callable[[Flow[None]], None] | None = None) -> Answer:
        """Make one call and return its whole answer; `drive` lets a paid one be confirmed."""

        def read(incoming: Incoming, active: ActiveCall) -> Answer:
            body = self._read(incoming, active, MAX_ANSWER + 1, kept_of(effect))
            answer = unpacked_answer(incoming, body)
            if effect.dispatch:
                effect.dispatch.answer = answer
            return answer

        return self._perform(effect, read, drive)

    def stream(self, effect: Stream) -> Answer:
        """Make one call and stream a good answer's body; of any other, return the beginning."""

        def read(incoming: Incoming, active: ActiveCall) -> Answer:
            if incoming.status not in (200, 206):
                return answer_of(incoming, self._read(incoming, active, BEGINNING))
            effect.sink.begin(answer_of(incoming))
            for chunk in incoming.pieces:
                check_deadline(active)
                effect.sink.write(chunk)
                effect.sink.report_progress()
            return answer_of(incoming)

        return self._perform(effect, read)

    def close(self) -> None:
        """Close every connection."""
        for connection in self._routes.drop():
            connection.close()
        if self._settings.transport is not None:
            self._settings.transport.close()

    def _perform(
        self,
        effect: Send | Stream,
        read: Callable[[Incoming, ActiveCall], Answer],
        drive: Callable[[Flow[None]], None] | None = None,
    ) -> Answer:
        request = request_of(effect, self._settings)
        turn = self._routes.queue.join(long=isinstance(effect, Stream))
        try:
            try:
                if turn.admitted is not None:
                    turn.admitted.result(effect.patience)
            except TimeoutError:
                raise no_connection_free(effect) from None
            if drive is not None and (confirming := confirmation(effect)) is not None:
                drive(confirming)
            active = start_call(effect)
            try:
                with active:
                    return self._exchange(request, active, read)
            except FAILED as error:
                raise failed(error, active) from without_frames(error)
        finally:
            self._routes.queue.leave(turn)

    def _exchange(
        self,
        request: Request,
        active: ActiveCall,
        read: Callable[[Incoming, ActiveCall], Answer],
    ) -> Answer:
        if self._settings.transport is not None:
            active.leave()  # it is unknown when its first byte leaves
            given = self._settings.transport.handle_request(for_httpx(request))
            with contextlib.closing(given.stream):
                return read(received(given), active)
        connection, closing = take_connection(self._routes, request, active)
        try:
            for idle in closing:
                idle.close()
            return read(connection.exchange(request, active), active)
        finally:
            kept = False
            try:
                kept = self._routes.keep(connection)
            finally:  # Ctrl-C may come at any moment
                if not kept:
                    connection.close()

    def _read(
        self,
        incoming: Incoming,
        active: ActiveCall,
        most: int,
        kept: Callable[[bytes], bytes] = bytes,
    ) -> bytes:
        body = bytearray()
        for chunk in incoming.pieces:
            check_deadline(active)
            body += kept(chunk)
            if len(body) >= most:
                break
        return bounded(body, most)


def no_connection_free(effect: Send | Stream) -> NotSent:
    """Return the error that no connection became free in time."""
    return NotSent(f"no connection became free within {effect.patience:g} seconds")


def confirmation(effect: Send | Stream) -> Flow[None] | None:
    """Return the flow that confirms a paid call once it has its place, if it is one."""
    dispatch = effect.dispatch if isinstance(effect, Send) else None
    return dispatch.confirm() if dispatch is not None and dispatch.confirm is not None else None


def start_call(effect: Send | Stream) -> ActiveCall:
    """Start the time of a call, now that it has its place."""
    if isinstance(effect, Send):
        return ActiveCall(effect.total, dispatch=effect.dispatch)
    return ActiveCall(effect.total, guarded=effect.public_only)


def take_connection(routes: Routes, request: Request, active: ActiveCall) -> tuple[Any, list[Any]]:
    """Take a connection for a request; raise NotSent if none can be made."""
    proxy = routes.proxy(request.url)
    if proxy is not None:
        active.guarded = False  # the proxy resolves the name
    try:
        return routes.take(proxy, request.address, fresh=request.fresh)
    except (OSError, ValueError, RuntimeError) as error:
        raise NotSent(f"no connection can be made: {error}") from without_frames(error)
