"""What a call would buy: exactly this, for exactly this price, if the user agrees."""

import hmac
import json
from typing import Any

from msgspec import Struct
from pydantic import BaseModel, Field

from rushes_mcp._answers import plain
from rushes_mcp._budget import usd

_SHOWN = 1500
"""Characters of a request in a question; the rest is cut off."""


class Agreement(BaseModel):
    """The user's answer to the question whether to buy."""

    buy: bool = Field(description="Buy it at this price")


class Purchase(Struct, frozen=True, kw_only=True):
    """One call that may cost money: what it asks for, and its price in USD.

    `estimated` is the price of each variant that is still to be bought, None where it is not known;
    `price` is what they count as together.
    """

    tool: str
    name: str
    variants: tuple[str, ...]
    request: dict[str, Any]
    estimated: dict[str, float | None] = {}
    price: float = 0.0

    @property
    def due(self) -> bool:
        """Whether something is still to be bought."""
        return bool(self.estimated)

    @property
    def key(self) -> str:
        """The name under which the work is followed."""
        return f"{self.tool} {self.name}"

    @property
    def entry(self) -> str:
        """The name under which it is counted: a comparison may grow, and is then paid in parts."""
        return f"{self.key}: {', '.join(sorted(self.estimated))}"

    @property
    def content(self) -> str:
        """Everything that is agreed to, but the price: calls that differ in nothing are equal."""
        asked = [self.tool, self.name, sorted(self.variants), self.request]
        return json.dumps(asked, sort_keys=True)

    def token(self, secret: bytes) -> str:
        """Return what an agent has to repeat to buy this; the price stands in it for all to see."""
        signed = hmac.digest(secret, f"{self.price} {self.content}".encode(), "sha256")
        return f"buy-for-{usd(self.price).replace(' ', '-')}-{signed.hex()[:24]}"

    def agreed(self, token: str, secret: bytes) -> bool:
        """Whether a token is the one for exactly this purchase."""
        return hmac.compare_digest(token.encode(errors="replace"), self.token(secret).encode())

    def question(self) -> str:
        """Return the question to the user; what the agent wrote comes last, on one line."""
        listed = ", ".join(
            f"{variant} ({'price not known' if cost is None else usd(cost)})"
            for variant, cost in self.estimated.items()
        )
        request = json.dumps(self.request, ensure_ascii=False)
        cut = f" (the beginning of {len(request):,} characters)" if len(request) > _SHOWN else ""
        return (
            f"Buy from {listed}: {usd(self.price)} in all?\n"
            f"It will be called {self.name!r}. The agent asks for{cut}: {plain(request, _SHOWN)}"
        )
