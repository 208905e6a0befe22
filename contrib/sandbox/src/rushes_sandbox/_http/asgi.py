"""Calling an ASGI application, and answering as one, with whole responses."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rushes_sandbox._http.exchange import BufferedResponse


async def fetch_response(app: ASGIApp, scope: Scope, body: bytes) -> BufferedResponse:
    """Let an application serve a request, and return its whole response."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    status, headers, content = 500, {}, bytearray()

    async def receive() -> Message:
        if not messages:
            # This client never disconnects before it has the whole response.
            await asyncio.Event().wait()
        return messages.pop()

    async def send(message: Message) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status = message["status"]
            headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in message["headers"]}
        else:
            content.extend(message.get("body", b""))

    await app(scope, receive, send)
    return BufferedResponse(status, bytes(content), headers)


async def send_response(response: BufferedResponse, send: Send) -> None:
    """Send a whole response."""
    headers = {**response.headers, "content-length": str(len(response.body))}
    pairs = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": pairs})
    await send({"type": "http.response.body", "body": response.body, "more_body": False})


async def wait_for_disconnect(receive: Receive) -> None:
    """Wait until the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
