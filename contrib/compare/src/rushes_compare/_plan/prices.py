"""Prices given by the user, for variants whose price is not known."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

FORM = "0.08/s or 0.4/task, in USD"
_PRICE = re.compile(r"(\d{1,9}(?:\.\d{1,9})?|\.\d{1,9})/(s|task)")


def estimate(price: str, seconds: float | None) -> float | None:
    """Return the cost of a task in USD; None for a price per second without a known duration.

    Raises ValueError if the text is not a price.
    """
    found = _PRICE.fullmatch(price)
    if found is None:
        raise ValueError(f"{price!r:.40} is not a price; write it like {FORM}")
    usd = float(found[1])
    if found[2] == "task":
        return usd
    return None if seconds is None else round(usd * seconds, 6)


def price_errors(prices: Mapping[Any, Any], where: str) -> Iterator[str]:
    """Yield an error for each price that is not valid."""
    for variant, price in prices.items():
        try:
            estimate(str(price), None)
        except ValueError as error:
            yield f"{where}[{variant!s:.80}]: {error}"


def unused_price_errors(prices: Mapping[Any, Any], compared: Collection[Any]) -> Iterator[str]:
    """Yield an error for each price of a variant that is not compared."""
    listed = ", ".join(map(str, compared))
    for variant in prices:
        if variant not in compared:
            yield (
                f"there is a price for {variant!r:.80}, which is not compared "
                f"(compared: {listed}); compare it too, or leave out its price"
            )
