"""What `cost` estimates is an amount, or nobody is asked to pay it."""

import math
from decimal import Decimal
from typing import Any

import pytest
from acme_declared import declared
from acme_driver import REQUEST, Maker
from acme_server import Server
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from rushes import BrokenPluginError, Request
from rushes._check.checking import check
from rushes._plugins.calling import LoadedVariant
from rushes._plugins.loading import build

WRONG: list[Any] = [
    "0.35", b"1", Decimal("0.35"), True, False, [0.35], {"usd": 0.35}, 1j, -1, -0.01, math.nan,
    math.inf, -math.inf, 10**400,
]  # fmt: skip


def priced(cost: Any) -> Any:
    return structs.replace(declared(), cost=lambda payload: cost)


def loaded(cost: Any) -> LoadedVariant:
    return build(priced(cost), [], "acme/zoom")


@given(st.integers(0, 10**9) | st.floats(0, allow_infinity=False))
def test_an_amount_is_a_number(cost: float) -> None:
    for request in (REQUEST, {"prompt": "A kite"}):  # the short way, and the full check
        found = check(loaded(cost), request).cost
        assert (type(found), found) == (float, cost)


@pytest.mark.parametrize("asked", [REQUEST, {"prompt": "A kite"}], ids=["short", "full"])
def test_what_is_not_known_is_none(asked: Any) -> None:
    assert check(loaded(None), asked).cost is None


@pytest.mark.parametrize("cost", WRONG, ids=lambda cost: f"{cost!r}"[:12])
def test_what_is_no_amount_is_the_plugins_fault(make: Maker, server: Server, cost: Any) -> None:
    driver = make(plugins=[priced(cost)])
    for verb in (driver.check, driver.submit):
        with pytest.raises(BrokenPluginError, match=r"^acme/zoom: its cost "):
            verb("acme/zoom", REQUEST)
    assert (driver.tasks(), server.lines) == ([], [])


def test_the_payload_is_no_amount() -> None:
    plugin = build(structs.replace(declared(), cost=lambda payload: payload), [], "acme/zoom")
    with pytest.raises(BrokenPluginError, match=r"its cost returned .* not an amount in USD"):
        check(plugin, Request("A kite"))
