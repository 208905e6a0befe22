"""A provider that tells one sender to wait slows every sender with the same key."""

from collections.abc import Callable, Generator
from typing import Any

from rushes import Refusal, Variant, hookimpl

PAUSE = 5.0
"""Seconds to wait if the provider does not say how long."""
LONGEST = 3600.0
"""Seconds to wait at most, however long the provider says: nobody could end a longer wait."""


class Brake:
    """A wrapper for the client of a `Holder`: it notices every answer that says to wait.

    The client itself waits as told and tries again. Without a brake, all other senders would go on
    until the provider has told each of them.
    """

    def __init__(self) -> None:
        self.pressed: Callable[[str, float], None] = _nobody
        """Called with the provider and the seconds; it must not wait."""

    @hookimpl(wrapper=True)
    def parse_submit(self, variant: Variant) -> Generator[None, Any, Any]:
        """Notice a refusal inside an answer to a submit."""
        return self._noticed(variant, (yield))

    @hookimpl(wrapper=True)
    def parse_refusal(self, variant: Variant) -> Generator[None, Any, Any]:
        """Notice any other refusal, of a poll too: the key is used too often."""
        return self._noticed(variant, (yield))

    def _noticed(self, variant: Variant, verdict: Any) -> Any:
        if isinstance(verdict, Refusal) and verdict.kind == "wait":
            self.pressed(variant.provider, min(LONGEST, verdict.retry_after or PAUSE))
        return verdict


def _nobody(_provider: str, _seconds: float) -> None:
    """Tell nobody: no holder uses the brake."""
