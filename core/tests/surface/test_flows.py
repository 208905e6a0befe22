"""Flows and their drivers: one that ends with another flow, which goes on in its place."""

import asyncio
import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rushes._flow import Chain, Effect, Flow, Sleep, drive, drive_async, joined


class Broken(Exception):
    """What an effect raises."""


def in_thread(chain: Chain[Any], perform: Callable[[Effect], Any]) -> Any:
    return drive(chain, perform, lambda _: None)


def on_loop(chain: Chain[Any], perform: Callable[[Effect], Any]) -> Any:
    async def performed(_: None, effect: Effect) -> Any:
        return perform(effect)

    return asyncio.run(drive_async(chain, None, performed, lambda _, error: None))


def within_another(chain: Chain[Any], perform: Callable[[Effect], Any]) -> Any:
    return in_thread(joined(chain), perform)


DRIVERS = pytest.mark.parametrize("driven", [in_thread, on_loop, within_another])


def sleeping(number: float, then: Callable[[list[Any]], Any]) -> Chain[Any]:
    """Sleep so long, and end with what is made of that, perhaps another flow."""
    try:
        told = yield Sleep(number)
    except Broken:
        told = "broken"
    return then([number, told])


@DRIVERS
@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=5))
def test_flows_go_on_in_the_place_of_those_that_end_with_them(
    driven: Any, pauses: list[tuple[int, bool]]
) -> None:
    broken = iter([fails for _, fails in pauses])

    def perform(effect: Effect) -> str:
        assert isinstance(effect, Sleep)
        if next(broken):
            raise Broken
        return f"slept {effect.seconds}"

    def chain(before: list[Any], left: list[tuple[int, bool]]) -> Any:
        if not left:
            return before
        return sleeping(left[0][0], lambda told: chain([*before, *told], left[1:]))

    expected = [
        word
        for number, fails in pauses
        for word in (number, "broken" if fails else f"slept {number}")
    ]
    assert driven(chain([], pauses), perform) == expected


@DRIVERS
def test_the_error_of_a_flow_in_anothers_place_is_raised(driven: Any) -> None:
    def failing(_: list[Any]) -> Flow[None]:
        yield Sleep(2)
        raise Broken("the second")

    with pytest.raises(Broken, match="the second"):
        driven(sleeping(1, failing), lambda _: None)


def test_a_flow_that_is_over_is_not_kept_on_a_loop() -> None:
    alive: list[bool] = []

    def second(_: list[Any]) -> Flow[None]:
        yield Sleep(2)

    first = [sleeping(1, second)]
    seen = weakref.ref(first[0])

    async def performed(_driver: None, _effect: Effect) -> None:
        gc.collect()
        alive.append(seen() is not None)

    asyncio.run(drive_async(first.pop(), None, performed, lambda _, error: None))
    assert alive == [True, False]
