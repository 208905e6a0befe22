"""Where faults strike: before a request is read, or between the record and the gateways."""

import asyncio
import json
from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rushes_sandbox.faults.fault import Answer, Moment
from rushes_sandbox.faults.orders import Order, Orders
from rushes_sandbox.faults.place import Place, place
from rushes_sandbox.faults.wire import Wire
from rushes_sandbox.ledger import Ledger
from rushes_sandbox.record import Exchange, opened

#: A request with this header is struck by the fault it names.
HEADER = "x-sandbox-fault"

#: From this HTTP status on the gateway did not do what was asked.
_NOT_DONE = 300


class Layer:
    """An ASGI layer: what was ordered strikes the requests that it is about.

    There are two. The outer one, in front of the record, is for faults that strike before a
    request is read; the inner one, behind it, is for all others.
    """

    def __init__(
        self, app: ASGIApp, orders: Orders, ledger: Ledger, closing: asyncio.Event, *, outer: bool
    ) -> None:
        self._app, self._orders, self._ledger = app, orders, ledger
        # Set when the server goes down: whatever is held up then ends.
        self._closing = closing
        self._outer = outer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or strike it."""
        found = place(scope["method"], scope["path"], self._ledger)
        exchange: Exchange = opened(scope) if self._outer else scope["exchange"]
        if found is None:
            await self._app(scope, receive, send)
            return
        step, gateway = found.step, found.gateway.id
        try:
            order = self._orders.first(
                step, gateway, unread=self._outer, named=exchange.headers.get(HEADER)
            )
        except ValueError as error:
            body = json.dumps(found.gateway.error(400, str(error), HEADER))
            await _say(Answer(400, body.encode(), {"content-type": "application/json"}), send)
            return
        if order is None:
            await self._app(scope, receive, send)
        else:
            await self._strike(self._moment(scope, found, order, exchange), receive, send)

    async def _strike(self, moment: Moment, receive: Receive, send: Send) -> None:
        order = moment.order
        order.take()
        if order.fault.when == "after" and (await moment.truth()).status >= _NOT_DONE:
            order.give_back()
            await _say(await moment.truth(), send)
            return
        moment.nth = order.announce()
        answer = await self._watched(order.fault.strike(moment), receive)
        if answer is not None:
            await _say(answer, send)
        else:
            moment.wire.abort()
            await _gone(receive)

    def _moment(self, scope: Scope, found: Place, order: Order, exchange: Exchange) -> Moment:
        connection = scope["state"]["connection"]
        return Moment(
            exchange=exchange,
            gateway=found.gateway,
            ledger=self._ledger,
            task=found.task,
            order=order,
            wire=Wire(connection.transport, connection.flow, exchange),
            # The server is bound to a number; by name it is another origin to any client.
            elsewhere=f"http://localhost:{scope['server'][1]}{exchange.path}",
            ask=lambda: _asked(self._app, scope, exchange),
        )

    async def _watched(self, strike: Awaitable[Answer | None], receive: Receive) -> Answer | None:
        """Let a fault strike until it is done, the client is gone, or the sandbox closes."""
        work = asyncio.ensure_future(strike)
        ends = asyncio.ensure_future(_gone(receive)), asyncio.ensure_future(self._closing.wait())
        try:
            await asyncio.wait((work, *ends), return_when=asyncio.FIRST_COMPLETED)
            return work.result() if work.done() else None
        finally:
            for task in (work, *ends):
                task.cancel()
            await asyncio.gather(work, *ends, return_exceptions=True)


async def _asked(app: ASGIApp, scope: Scope, exchange: Exchange) -> Answer:
    """Let the gateway serve a request, and keep what it answers."""
    messages: list[Message] = [{"type": "http.request", "body": exchange.body, "more_body": False}]
    status, headers, body = 500, {}, bytearray()

    async def receive() -> Message:
        if not messages:
            # Nobody leaves before the whole answer is kept.
            await asyncio.Event().wait()
        return messages.pop()

    async def send(message: Message) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status = message["status"]
            headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in message["headers"]}
        else:
            body.extend(message.get("body", b""))

    await app(scope, receive, send)
    return Answer(status, bytes(body), headers)


async def _say(answer: Answer, send: Send) -> None:
    """Answer the usual way."""
    headers = {**answer.headers, "content-length": str(len(answer.body))}
    pairs = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": pairs})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})


async def _gone(receive: Receive) -> None:
    """Wait until the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
