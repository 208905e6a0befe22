"""Applies injected faults to requests."""

import asyncio
from collections.abc import Awaitable, Collection

from starlette.types import ASGIApp, Receive, Scope, Send

from rushes_sandbox._faults.effects import json_response
from rushes_sandbox._faults.fault import FaultContext, Phase
from rushes_sandbox._faults.injection import FaultInjector, InjectedFault
from rushes_sandbox._faults.targets import Target, Targets
from rushes_sandbox._http.asgi import fetch_response, send_response, wait_for_disconnect
from rushes_sandbox._http.connection import RawConnection
from rushes_sandbox._http.exchange import BufferedResponse, Exchange
from rushes_sandbox._protocols.incoming import Refused
from rushes_sandbox._state.state import GatewayState

#: A request with this header is hit by the fault that it names.
HEADER = "x-sandbox-fault"

#: From this HTTP status on the gateway has not done what the request asked for.
_NOT_DONE = 300


class FaultMiddleware:
    """ASGI middleware: faults of the given phases hit the requests that they match.

    One instance in front of the recording is for faults before reading; another one behind it is
    for all others.
    """

    def __init__(
        self,
        app: ASGIApp,
        injector: FaultInjector,
        targets: Targets,
        state: GatewayState,
        closing: asyncio.Event,
        phases: Collection[Phase],
    ) -> None:
        self._app, self._injector, self._state = app, injector, state
        self._targets = targets
        # Set when the server shuts down: whatever a fault holds up ends then.
        self._closing = closing
        self._phases = phases

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or let a fault hit it."""
        target = self._targets.find(scope["method"], scope["path"])
        if target is None:
            await self._app(scope, receive, send)
            return
        # Before the recording there is no exchange yet.
        exchange = scope.get("exchange") or Exchange.from_scope(scope)
        try:
            injected = self._injector.first_match(
                target.steps,
                target.protocol,
                target.endpoint,
                self._phases,
                exchange.headers.get(HEADER),
            )
        except ValueError as error:
            refused = self._targets.refusal(target, Refused(400, str(error), HEADER))
            await send_response(json_response(refused), send)
            return
        if injected is None:
            await self._app(scope, receive, send)
        else:
            context = self._context(scope, target, injected, exchange)
            await self._hit(injected, context, receive, send)

    async def _hit(
        self, injected: InjectedFault, context: FaultContext, receive: Receive, send: Send
    ) -> None:
        fault = injected.fault
        injected.use_up()
        handled = fault.phase == "after_handling"
        if handled and (await context.real_response()).status >= _NOT_DONE:
            injected.give_back()
            await send_response(await context.real_response(), send)
            return
        context.hits = injected.count_hit()
        response = await self._until_interrupted(fault.effect(context), receive)
        if response is not None:
            await send_response(response, send)
        else:
            context.connection.abort()
            await wait_for_disconnect(receive)

    def _context(
        self, scope: Scope, target: Target, injected: InjectedFault, exchange: Exchange
    ) -> FaultContext:
        connection = scope["state"]["connection"]
        return FaultContext(
            exchange=exchange,
            protocol=target.protocol,
            endpoint=target.endpoint,
            state=self._state,
            find_task=lambda: self._targets.task(target, exchange),
            tell=lambda view: self._targets.told(target, view),
            connection=RawConnection(connection.transport, connection.flow, exchange),
            # The server is bound to an IP address; its name is another origin to any client.
            url_at_other_origin=f"http://localhost:{scope['server'][1]}{exchange.path}",
            released=injected.released,
            handle=lambda: fetch_response(self._app, scope, exchange.body),
        )

    async def _until_interrupted(
        self, effect: Awaitable[BufferedResponse | None], receive: Receive
    ) -> BufferedResponse | None:
        """Run an effect until it is done, the client is gone, or the sandbox closes."""
        work = asyncio.ensure_future(effect)
        ends = (
            asyncio.ensure_future(wait_for_disconnect(receive)),
            asyncio.ensure_future(self._closing.wait()),
        )
        try:
            await asyncio.wait((work, *ends), return_when=asyncio.FIRST_COMPLETED)
            return work.result() if work.done() else None
        finally:
            for task in (work, *ends):
                task.cancel()
            await asyncio.gather(work, *ends, return_exceptions=True)
