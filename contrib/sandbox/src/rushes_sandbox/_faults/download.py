"""Faults of the download of a video."""

import re
from collections.abc import Iterator

from rushes_sandbox._faults import effects
from rushes_sandbox._faults.fault import Effect, Fault, FaultContext
from rushes_sandbox._faults.status import FORBIDDEN_URLS
from rushes_sandbox._http.exchange import BufferedResponse

_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


def _first_half(response: BufferedResponse) -> bytes:
    """Return the requested bytes up to the middle of the whole video; no range goes beyond it."""
    found = _RANGE.fullmatch(response.headers.get("content-range", ""))
    start, total = (int(found[1]), int(found[2])) if found else (0, len(response.body))
    return response.body[: max(0, total // 2 - start)]


def _half(then: Effect, *, with_length: bool = True) -> Effect:
    """Send the video up to its middle, and then have another effect."""

    async def effect(context: FaultContext) -> BufferedResponse | None:
        response = await context.real_response()
        length = len(response.body) if with_length else None
        head = context.connection.head(response, length)
        await context.connection.write(head + _first_half(response))
        return await then(context)

    return effect


async def _second_half_when_released(context: FaultContext) -> None:
    await context.released()
    response = await context.real_response()
    await context.connection.write(response.body[len(_first_half(response)) :])
    await context.connection.close()


async def _expire(context: FaultContext) -> BufferedResponse | None:
    context.state.tasks.expire_url(context.task)
    return await effects.error(403, "the address of this video has expired")(context)


def _redirect(url: str) -> Effect:
    """Redirect to a URL, or to the same one for an empty string."""

    async def effect(context: FaultContext) -> BufferedResponse:
        return BufferedResponse(302, b"", {"location": url or context.exchange.path})

    return effect


def _faults() -> Iterator[Fault]:
    def fault(name: str, does: str, effect: Effect) -> Fault:
        return Fault(f"download-{name}", "download", f"{does}.", effect)

    short = "The connection closes halfway through the video, even for a range request"
    yield fault("short", short, _half(effects.drop))
    # A reset discards what the client has not read yet, so less than half may arrive.
    reset = "The connection is reset at most halfway through the video, even for a range request"
    yield fault("reset", reset, _half(effects.reset))
    silently = "The video ends halfway, with no `Content-Length` to show it"
    yield fault("cut-silently", silently, _half(effects.drop, with_length=False))
    stall = "The video stalls halfway unless a test releases it"
    yield fault("stall", stall, _half(_second_half_when_released))
    drip = "The video comes one byte at a time, headers included"
    yield fault("drip", drip, effects.drip)
    yield fault("endless", "The video never ends", effects.endless(None, b"\0"))
    bomb = f"The video is gzip that decompresses to {effects.BOMB_MEGABYTES} MB"
    yield fault("bomb", bomb, effects.bomb(b"\0", first=False))
    yield fault("500", "The answer is a 500", effects.error(500, "internal error"))
    video = {"content-type": "video/mp4"}
    yield fault("html", "The answer is a 200 with an HTML page", effects.proxy_page())
    error = effects.other_body(b'{"error": "gone"}', effects.JSON)
    yield fault("json", "The answer is a 200 with JSON", error)
    nothing = effects.other_body(b"", video)
    yield fault("empty", "The answer is a 200 with an empty body", nothing)
    page = "The answer is a 200 with an HTML page labelled video/mp4"
    yield fault("html-as-video", page, effects.proxy_page(video))
    expired = "The URL responds 403 from now on; the next status has a new one"
    yield fault("expired", expired, _expire)
    for name, url in FORBIDDEN_URLS.items():
        yield fault(f"redirect-{name}", f"The answer redirects to `{url}`", _redirect(url))
    yield fault("redirect-loop", "The answer redirects to the same URL", _redirect(""))


FAULTS = tuple(_faults())
