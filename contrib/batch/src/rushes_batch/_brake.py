"""What a provider says to one, that it must wait, is heard by all who send with the same key."""

from collections.abc import Callable, Generator
from typing import Any

from rushes import Refusal, Variant, hookimpl

PAUSE = 5.0
"""Seconds to wait if the provider does not say how long."""
LONGEST = 3600.0
"""Seconds after which it is asked again, however long it says: nobody else could end the wait."""


class Brake:
    """A wrapper for the client of a `Holder`: it notices every answer that says to wait.

    The client itself waits as told and tries again; without a brake, all others would go on until
    each has been told so itself.
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
