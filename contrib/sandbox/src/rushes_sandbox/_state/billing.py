"""What videos cost, and the balance that pays for them, in USD."""

#: USD per second of video. APIMart's prices; the other gateways' pages list none.
PRICES = {"std": 0.0672, "pro": 0.0896, "pro with sound": 0.112, "4k": 0.429}


def price(mode: str, seconds: float, *, sound: bool) -> float:
    """Return the price of a video, in USD."""
    with_sound = f"{mode} with sound"
    rate = PRICES.get(with_sound, PRICES[mode]) if sound else PRICES[mode]
    return round(rate * seconds, 4)


class Balance:
    """What may be spent, and what has been, in USD; a total of None means no limit."""

    def __init__(self, total: float | None) -> None:
        self.total = total
        self.spent = 0.0

    @property
    def remaining(self) -> float | None:
        """What is left; None for no limit."""
        return None if self.total is None else self.total - self.spent

    def covers(self, cost: float) -> bool:
        """Whether a cost can be paid."""
        return self.total is None or self.spent + cost <= self.total + 1e-9

    def charge(self, cost: float) -> None:
        """Take a cost off the balance."""
        self.spent += cost
