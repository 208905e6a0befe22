"""The public keys that providers sign deliveries with: fetched, and kept for a while."""

import math

from msgspec import Struct

from rushes._fetch.in_memory import InMemory, TooLarge
from rushes._fetch.redirects import RefusedAddress, follow
from rushes._flow import Flow, Interrupted, NotSent, Sleep
from rushes._session.session import Session
from rushes.calls import Answer, Call
from rushes.errors import DeliveryError
from rushes.urls import is_loopback, without_secrets
from rushes.variant import Variant

LIFE = 3600.0
"""Seconds for which keys are used; fal, which publishes some, allows a day."""
PAUSE = 60.0
"""Seconds before keys, or what could not be fetched, are fetched again."""
MOST = 256 * 1024
"""Most bytes that are read."""
TIME = 10.0
"""Seconds that fetching may take."""
WAIT = 0.05
"""Seconds between two looks at what another flow is fetching."""


class _Kept(Struct):
    """What was fetched, and when; and of the last attempt, when it was made and why it failed."""

    answer: Answer | None = None
    at: float = -math.inf
    tried: float = -math.inf
    failure: str = ""
    fetching: bool = False


class PublicKeys:
    """What the deliveries to one client are verified with, by address."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._kept: dict[str, _Kept] = {}

    def get(self, variant: Variant, call: Call, *, anew: bool) -> Flow[Answer]:
        """Return the answer to a call, which carries no key of ours; fetch it if none is kept.

        It is fetched again if it is old, or with `anew`, but at most once a minute. Meanwhile, and
        if that fails, what is kept is used: a forger can cause a fetch at any time. Raises
        DeliveryError, which says to try again later.
        """
        kept = self._kept.setdefault(call.url, _Kept())
        while kept.fetching and (anew or not self._is_fresh(kept)):
            yield Sleep(WAIT)
        due = self._session.time.elapsed() - kept.tried >= PAUSE
        if due and (anew or not self._is_fresh(kept)):
            yield from self._renew(kept, variant, call)
        if kept.answer is not None and self._is_fresh(kept):
            return kept.answer
        shown = without_secrets(call.url)
        message = f"the delivery cannot be verified now: {shown} could not be read ({kept.failure})"
        raise DeliveryError(message, again=True)

    def _is_fresh(self, kept: _Kept) -> bool:
        return self._session.time.elapsed() - kept.at < LIFE

    def _renew(self, kept: _Kept, variant: Variant, call: Call) -> Flow[None]:
        """Fetch once, and note what came of it; another flow may go on meanwhile."""
        kept.fetching, kept.tried = True, self._session.time.elapsed()
        kept.failure = "it was interrupted"
        try:
            kept.answer = yield from self._fetched(variant, call)
            kept.at, kept.failure = kept.tried, ""
        except (NotSent, Interrupted, RefusedAddress, TooLarge) as failure:
            kept.failure = str(failure) or f"more than {MOST} bytes"
        finally:
            kept.fetching = False

    def _fetched(self, variant: Variant, call: Call) -> Flow[Answer]:
        clock, body = self._session.time, InMemory(MOST)
        end = clock.elapsed() + TIME
        answer = yield from follow(
            Call.get(call.url),
            body,
            what="the public keys' address",
            loopback=is_loopback(variant.base_url),
            left=lambda: end - clock.elapsed(),
            https=False,
        )
        if answer.status != 200:
            raise Interrupted(f"HTTP {answer.status}")
        return Answer(200, answer.headers, bytes(body.content))
