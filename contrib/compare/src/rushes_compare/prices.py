"""Prices that the user gives, for variants whose own price is not known."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

FORM = "0.08/s or 0.4/task, in USD"
_PRICE = re.compile(r"(\d{1,9}(?:\.\d{1,9})?|\.\d{1,9})/(s|task)")


def estimated(price: str, seconds: float | None) -> float | None:
    """Return what a task costs in USD; None where the price is by the second and no length known.

    Raises ValueError where the text is not a price.
    """
    found = _PRICE.fullmatch(price)
    if found is None:
        raise ValueError(f"{price!r:.40} is not a price; write it like {FORM}")
    usd = float(found[1])
    if found[2] == "task":
        return usd
    return None if seconds is None else round(usd * seconds, 6)


def wrong_prices(prices: Mapping[Any, Any], where: str) -> Iterator[str]:
    """Say of each price by variant that it is none."""
    for variant, price in prices.items():
        try:
            estimated(str(price), None)
        except ValueError as error:
            yield f"{where}[{variant!s:.80}]: {error}"
