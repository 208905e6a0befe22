"""What faults of several steps do."""

import asyncio
import json
import zlib
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from rushes_sandbox.faults.fault import Answer, Moment, Strike

JSON = {"content-type": "application/json"}
HTML = {"content-type": "text/html; charset=utf-8"}

#: How much a bomb becomes when it is unpacked, in megabytes of 2^20 bytes.
BOMB_MEGABYTES = 256

#: JSON may start with white space: so much of it drips for an hour.
_LONG_PAUSE = b" " * 36_000

_BLOCK = 64 * 1024
_MEGABYTE = 1024 * 1024


async def drop(moment: Moment) -> None:
    """Close without an answer."""
    await moment.wire.hang_up()


async def reset(moment: Moment) -> None:
    """Reset the connection without an answer."""
    await moment.wire.reset()


async def stall(moment: Moment) -> Answer:
    """Say nothing until told to go on; then let the gateway answer."""
    await moment.order.released()
    return await moment.truth()


async def drip(moment: Moment) -> None:
    """Send the true answer one byte at a time."""
    answer = await moment.truth()
    body = answer.body
    if answer.headers.get("content-type", "").startswith("application/json"):
        body = _LONG_PAUSE + body
    await moment.wire.drip(moment.wire.head(answer, len(body)) + body)
    await moment.wire.hang_up()


def endless(start: bytes | None, more: bytes) -> Strike:
    """Send `start`, or what is true, and then `more` without end."""

    async def strike(moment: Moment) -> None:
        answer = await moment.truth()
        await moment.wire.write(moment.wire.head(answer, None))
        await moment.wire.write(answer.body if start is None else start)
        block = more * (_BLOCK // len(more))
        while True:
            await moment.wire.write(block)

    return strike


def bomb(filler: bytes, *, first: bool) -> Strike:
    """Send the true answer packed with a lot of `filler`, before it or behind it."""

    async def strike(moment: Moment) -> None:
        answer = await moment.truth()
        packed = await asyncio.to_thread(_packed, answer.body, filler, first=first)
        armed = Answer(answer.status, b"", {**answer.headers, "content-encoding": "gzip"})
        await moment.wire.write(moment.wire.head(armed, len(packed)) + packed)
        await moment.wire.hang_up()

    return strike


def _packed(body: bytes, filler: bytes, *, first: bool) -> bytes:
    # 31: as gzip. Level 1 is quick, and packs a monotonous filler to a two-hundredth.
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    parts = [] if first else [packer.compress(body)]
    block = filler * (_MEGABYTE // len(filler))
    parts += [packer.compress(block) for _ in range(BOMB_MEGABYTES)]
    parts += [packer.compress(body)] if first else []
    return b"".join([*parts, packer.flush()])


def refused(
    http: int, message: str, headers: Callable[[Moment], Mapping[str, str]] | None = None
) -> Strike:
    """Answer an error in the gateway's own shape; `{key}` in the message is the caller's key."""

    async def strike(moment: Moment) -> Answer:
        given = moment.exchange.headers.get("authorization", "").rpartition(" ")[2]
        body = moment.gateway.error(http, message.replace("{key}", given), "")
        more = headers(moment) if headers else {}
        return Answer(http, _json(body), {**JSON, **more})

    return strike


def instead(body: bytes, headers: Mapping[str, str]) -> Strike:
    """Answer 200 with another body."""

    async def strike(_moment: Moment) -> Answer:
        return Answer(200, body, dict(headers))

    return strike


def page(headers: Mapping[str, str] = HTML) -> Strike:
    """Answer 200 with a proxy's page, which repeats the request's headers, the key too."""

    async def strike(moment: Moment) -> Answer:
        lines = "\n".join(f"{name}: {value}" for name, value in moment.exchange.headers.items())
        text = f"<!doctype html><title>Bad gateway</title><pre>{escape(lines)}</pre>\n"
        return Answer(200, text.encode(), dict(headers))

    return strike


async def cut_json(moment: Moment) -> Answer:
    """Answer the first half of the true JSON, as if that were all."""
    answer = await moment.truth()
    return Answer(200, answer.body[: len(answer.body) // 2], JSON)


def edited(edit: Callable[[Any, Moment], None]) -> Strike:
    """Answer the true JSON after an edit."""

    async def strike(moment: Moment) -> Answer:
        body = json.loads((await moment.truth()).body)
        edit(body, moment)
        return Answer(200, _json(body), JSON)

    return strike


def named(http: int, message: str) -> Strike:
    """Answer an error in the gateway's own shape, with all that the true answer says in it."""

    async def strike(moment: Moment) -> Answer:
        true = json.loads((await moment.truth()).body)
        return Answer(http, _json({**true, **moment.gateway.error(http, message, "")}), JSON)

    return strike


def said(say: Callable[[Moment], Any]) -> Strike:
    """Answer 200 with JSON that is made up."""

    async def strike(moment: Moment) -> Answer:
        return Answer(200, _json(say(moment)), JSON)

    return strike


def _json(body: Any) -> bytes:
    # NaN is written as such, as careless servers do.
    return json.dumps(body).encode("ascii")
