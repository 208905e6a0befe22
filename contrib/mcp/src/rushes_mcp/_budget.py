"""What an agent may spend: limits that only the user sets, and what was spent so far."""

from collections.abc import Iterable

from msgspec import Struct

_HOW = "Only the user can change this, in the configuration of this server: "


class Limits(Struct, frozen=True, kw_only=True):
    """The user's limits in USD, for everything until the server ends and for a single call.

    `unknown_price` is what a video counts as if its price is not known; without it, such a video is
    not bought.
    """

    max_cost: float = 0.0
    max_cost_per_call: float | None = None
    unknown_price: float | None = None


class OverLimit(Exception):
    """A purchase would exceed a limit, or its price cannot be held against one."""


class Budget:
    """Keeps what is spent below the limits; what is under way counts with its expected price."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._amounts: dict[str, float] = {}

    @property
    def spent(self) -> float:
        """USD spent so far, or about to be."""
        return round(sum(self._amounts.values()), 6)

    def price(self, costs: Iterable[float | None]) -> float:
        """Return what several videos count as together; raises OverLimit if that is not known."""
        counted = [self.limits.unknown_price if cost is None else cost for cost in costs]
        known = [cost for cost in counted if cost is not None]
        if len(known) < len(counted):
            raise OverLimit(
                "the price of this video is not known, so it cannot be held against a limit. "
                f"{_HOW}--unknown-price USD says what it counts as"
            )
        return round(sum(known), 6)

    def require(self, name: str, price: float) -> None:
        """Raise OverLimit if a purchase would exceed a limit."""
        limits = self.limits
        if limits.max_cost_per_call is not None and not price <= limits.max_cost_per_call:
            raise OverLimit(
                f"it costs {usd(price)}, more than the {usd(limits.max_cost_per_call)} that one "
                f"call may cost. {_HOW}--max-cost-per-call USD"
            )
        others = round(self.spent - self._amounts.get(name, 0.0), 6)
        if not limits.max_cost and price:
            raise OverLimit(
                f"it costs {usd(price)}, and this server may spend nothing. {_HOW}--max-cost USD"
            )
        if not others + price <= limits.max_cost:
            raise OverLimit(
                f"it costs {usd(price)}; of {usd(limits.max_cost)}, {usd(others)} are spent. "
                f"{_HOW}--max-cost USD"
            )

    def reserve(self, name: str, price: float) -> bool:
        """Count a purchase from now on, unless it counts already; raises OverLimit."""
        self.require(name, price)
        new = name not in self._amounts
        self._amounts.setdefault(name, price)
        return new

    def settle(self, name: str, cost: float) -> None:
        """Count what was billed instead of what was expected."""
        if name in self._amounts:
            self._amounts[name] = cost

    def release(self, name: str) -> None:
        """Forget a purchase of which nothing was bought."""
        self._amounts.pop(name, None)


def usd(amount: float) -> str:
    """Write an amount of money."""
    return f"{amount:.4f}".rstrip("0").rstrip(".") + " USD"
