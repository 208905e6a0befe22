"""Faults of the way a video comes."""

import re
from collections.abc import Iterator

from rushes_sandbox.faults import strikes
from rushes_sandbox.faults.fault import Answer, Fault, Moment, Strike
from rushes_sandbox.faults.status import ADDRESSES

_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


def _first_half(answer: Answer) -> bytes:
    """Return what is asked for as far as the middle of the whole video: no Range goes beyond."""
    found = _RANGE.fullmatch(answer.headers.get("content-range", ""))
    start, total = (int(found[1]), int(found[2])) if found else (0, len(answer.body))
    return answer.body[: max(0, total // 2 - start)]


def _half(end: Strike, *, told: bool = True) -> Strike:
    """Send the video up to its middle, then do the rest; `told`: with the whole length."""

    async def strike(moment: Moment) -> Answer | None:
        answer = await moment.truth()
        length = len(answer.body) if told else None
        await moment.wire.write(moment.wire.head(answer, length) + _first_half(answer))
        return await end(moment)

    return strike


async def _rest(moment: Moment) -> None:
    await moment.order.released()
    answer = await moment.truth()
    await moment.wire.write(answer.body[len(_first_half(answer)) :])
    await moment.wire.hang_up()


async def _expire(moment: Moment) -> Answer | None:
    assert moment.task is not None  # noqa: S101 - its video was about to be sent
    moment.ledger.renew(moment.task)
    return await strikes.refused(403, "the address of this video has expired")(moment)


def _redirect(address: str) -> Strike:
    async def strike(moment: Moment) -> Answer:
        return Answer(302, b"", {"location": address or moment.exchange.path})

    return strike


def _faults() -> Iterator[Fault]:
    def fault(name: str, does: str, strike: Strike) -> Fault:
        return Fault(f"download-{name}", "download", f"{does}.", strike)

    middle = "the middle of the video, also when asked for a part"
    yield fault("short", f"The connection closes at {middle}", _half(strikes.drop))
    # By, not at: a reset takes with it what the client's side has not read yet.
    yield fault("reset", f"The connection is reset by {middle}", _half(strikes.reset))
    unseen = "The video ends at its middle, and no `Content-Length` tells"
    yield fault("cut-silently", unseen, _half(strikes.drop, told=False))
    stall = "The video stops at its middle unless a test releases it"
    yield fault("stall", stall, _half(_rest))
    yield fault("drip", "The video drips one byte at a time, its head too", strikes.drip)
    yield fault("endless", "The video never ends", strikes.endless(None, b"\0"))
    bomb = f"The video is gzip that unpacks to {strikes.BOMB_MEGABYTES} MB"
    yield fault("bomb", bomb, strikes.bomb(b"\0", first=False))
    yield fault("500", "The answer is a 500", strikes.refused(500, "internal error"))
    video = {"content-type": "video/mp4"}
    yield fault("html", "A page in HTML comes with a 200", strikes.page())
    yield fault(
        "json", "JSON comes with a 200", strikes.instead(b'{"error": "gone"}', strikes.JSON)
    )
    yield fault("empty", "Nothing comes with a 200", strikes.instead(b"", video))
    yield fault(
        "html-as-video", "A page in HTML comes with a 200, called video/mp4", strikes.page(video)
    )
    expired = "The address answers 403 from now on; the next look at the task tells another"
    yield fault("expired", expired, _expire)
    for name, address in ADDRESSES.items():
        yield fault(f"redirect-{name}", f"A redirect leads to `{address}`", _redirect(address))
    yield fault("redirect-loop", "A redirect leads to the same address", _redirect(""))


FAULTS = tuple(_faults())
