"""Reading what is at an address that somebody else gave: every hop is checked, the key stays."""

from collections.abc import Callable, Mapping
from urllib.parse import urljoin

import msgspec

from rushes._flow import Flow, PrivateAddress, Sink, Stream
from rushes._urls import public_url_objection, web_url_objection
from rushes.calls import Answer, Call
from rushes.urls import is_loopback, without_secrets

HOPS = 5
_REDIRECTS = (301, 302, 303, 307, 308)


class RefusedAddress(Exception):
    """An address that is not read from."""


def follow(
    call: Call,
    sink: Sink,
    *,
    what: str,
    loopback: bool,
    left: Callable[[], float],
    https: bool = True,
    headers: Mapping[str, str] = {},
    authorized: Callable[[Call], Call] = lambda call: call,
) -> Flow[Answer]:
    """Stream what a call leads to into `sink`, following redirects by hand; return the last answer.

    Only public addresses are read from, with `https` no others than those; with `loopback` (the
    provider is on this machine) private ones, too. `left` returns the seconds that are left.
    `headers` are sent to every address, what `authorized` adds to the first only. Raises
    RefusedAddress with a message that begins with `what`.
    """
    for hop in range(HOPS):
        if wrong := objection(call.url, loopback=loopback, https=https):
            raise RefusedAddress(f"{what}, {without_secrets(call.url)!r}, {wrong}")
        call = call if hop else authorized(call)
        call = msgspec.structs.replace(call, headers={**call.headers, **headers})
        seconds = max(left(), 0.001)
        stream = Stream(
            call=call, total=seconds, sink=sink, public_only=not loopback, patience=seconds
        )
        try:
            answer: Answer = yield stream
        except PrivateAddress as error:
            raise RefusedAddress(f"{what} {error}") from error
        if answer.status not in _REDIRECTS:
            return answer
        try:
            call = Call.get(urljoin(call.url, answer.headers.get("location", "")))
        except ValueError as error:
            raise RefusedAddress(f"{what} redirects to an invalid address: {error}") from error
    raise RefusedAddress(f"{what} redirects more than {HOPS} times")


def objection(url: str, *, loopback: bool, https: bool = True) -> str | None:
    """Say why an address is not read from, or None."""
    if loopback and is_loopback(url):
        return web_url_objection(url)  # `localhost` is accepted there; another scheme never is
    if wrong := public_url_objection(url, loopback=loopback):
        return wrong
    if https and not loopback and not url.lower().startswith("https:"):
        return "is not https"
    return None
