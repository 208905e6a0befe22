"""Effects shared by the faults of several steps."""

import asyncio
import json
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from html import escape
from typing import Any

from rushes_sandbox._faults.fault import Effect, FaultContext
from rushes_sandbox._http.exchange import BufferedResponse
from rushes_sandbox._http.json_bodies import encode_json
from rushes_sandbox._protocols.incoming import Reply

JSON = {"content-type": "application/json"}
HTML = {"content-type": "text/html; charset=utf-8"}

#: The size of a decompressed bomb, in megabytes of 2^20 bytes.
BOMB_MEGABYTES = 256

#: JSON may begin with white space: at ten bytes per second this much lasts an hour.
_LONG_PADDING = b" " * 36_000

_BLOCK = 64 * 1024
_MEGABYTE = 1024 * 1024


async def drop(context: FaultContext) -> None:
    """Close the connection without a response."""
    await context.connection.close()


async def reset(context: FaultContext) -> None:
    """Reset the connection without a response."""
    await context.connection.reset()


async def stall(context: FaultContext) -> BufferedResponse:
    """Wait until the fault is released; then let the gateway respond."""
    await context.released()
    return await context.real_response()


async def drip(context: FaultContext) -> None:
    """Send the real response one byte at a time."""
    response = await context.real_response()
    body = response.body
    if response.headers.get("content-type", "").startswith("application/json"):
        body = _LONG_PADDING + body
    head = context.connection.head(response, len(body))
    await context.connection.drip(head + body, context.state.settings.drip_interval)
    await context.connection.close()


def endless(start: bytes | None, filler: bytes) -> Effect:
    """Send `start`, or the real response, and then `filler` without end."""

    async def effect(context: FaultContext) -> None:
        response = await context.real_response()
        await context.connection.write(context.connection.head(response, None))
        await context.connection.write(response.body if start is None else start)
        block = filler * (_BLOCK // len(filler))
        while True:
            await context.connection.write(block)

    return effect


def bomb(filler: bytes, *, first: bool) -> Effect:
    """Send the real response compressed with a lot of `filler`, before it or after it."""

    async def effect(context: FaultContext) -> None:
        response = await context.real_response()
        packed = await asyncio.to_thread(_compressed, response.body, filler, first=first)
        headers = {**response.headers, "content-encoding": "gzip"}
        head = context.connection.head(BufferedResponse(response.status, b"", headers), len(packed))
        await context.connection.write(head + packed)
        await context.connection.close()

    return effect


def _compressed(body: bytes, filler: bytes, *, first: bool) -> bytes:
    """Return a body and a lot of filler as one gzip stream (RFC 1952).

    A megabyte of filler is compressed once, in blocks that refer to nothing before them, so it can
    be repeated.
    """
    block = filler * (_MEGABYTE // len(filler))
    parts = [(body, 1), (block, BOMB_MEGABYTES)]
    parts = parts[::-1] if first else parts
    checksum = size = 0
    packed = bytearray(b"\x1f\x8b\x08\0\0\0\0\0\0\xff")  # no file name, no time, no system
    for data, times in parts:
        packer = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
        packed += (packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)) * times
        for _ in range(times):
            checksum = zlib.crc32(data, checksum)
        size += len(data) * times
    packed += zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS).flush()
    return bytes(packed) + struct.pack("<II", checksum, size % 2**32)


def error(
    status: int, message: str, headers: Callable[[FaultContext], Mapping[str, str]] | None = None
) -> Effect:
    """Respond with an error in the gateway's format; `{key}` in the message is the client's key."""

    async def effect(context: FaultContext) -> BufferedResponse:
        key = context.protocol.key.given(context.exchange.headers)
        made = context.error(status, message.replace("{key}", key))
        more = headers(context) if headers else {}
        return json_response(replace(made, headers={**made.headers, **more}))

    return effect


def other_body(body: bytes, headers: Mapping[str, str]) -> Effect:
    """Respond 200 with this body."""

    async def effect(_context: FaultContext) -> BufferedResponse:
        return BufferedResponse(200, body, dict(headers))

    return effect


def proxy_page(headers: Mapping[str, str] = HTML) -> Effect:
    """Respond 200 with a proxy's HTML page, which repeats the request's headers and so the key."""

    async def effect(context: FaultContext) -> BufferedResponse:
        lines = "\n".join(f"{name}: {value}" for name, value in context.exchange.headers.items())
        text = f"<!doctype html><title>Bad gateway</title><pre>{escape(lines)}</pre>\n"
        return BufferedResponse(200, text.encode(), dict(headers))

    return effect


async def half_the_json(context: FaultContext) -> BufferedResponse:
    """Respond with the first half of the real JSON and its length."""
    response = await context.real_response()
    return BufferedResponse(200, response.body[: len(response.body) // 2], JSON)


def edited(edit: Callable[[Any, FaultContext], None]) -> Effect:
    """Respond with the real JSON after an edit."""

    async def effect(context: FaultContext) -> BufferedResponse:
        real = await context.real_response()
        body = json.loads(real.body)
        edit(body, context)
        return BufferedResponse(real.status, encode_json(body), JSON)

    return effect


def error_with_real_fields(status: int, message: str) -> Effect:
    """Respond with an error that also has all fields of the real response."""

    async def effect(context: FaultContext) -> BufferedResponse:
        real = json.loads((await context.real_response()).body)
        made = context.error(status, message)
        return json_response(replace(made, body={**real, **made.body}))

    return effect


def json_response(reply: Reply) -> BufferedResponse:
    """Return a reply whose body is JSON as it is sent."""
    return BufferedResponse(reply.status, encode_json(reply.body), {**JSON, **reply.headers})
