"""Flows and their drivers: one that ends with another flow, which goes on in its place."""

import asyncio
import gc
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rushes._flow import Chain, Effect, Flow, Pause, Sleep, Waiting, drive, drive_async, joined


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


class Rest(Waiting):
    """What `sleeping` keeps, as data."""

    number: float
    then: Callable[[list[Any]], Any]

    def go_on(self, heard: Any) -> Chain[Any]:
        return self._told(heard)

    def give_up(self, error: BaseException) -> Chain[Any]:
        return self._told("broken") if isinstance(error, Broken) else super().give_up(error)

    def _told(self, told: Any) -> Chain[Any]:
        yield from ()
        return self.then([self.number, told])


def pausing(number: float, then: Callable[[list[Any]], Any]) -> Chain[Any]:
    """Do what `sleeping` does, but end before the pause."""
    yield from ()
    return Pause(Sleep(number), Rest(number, then))


@DRIVERS
@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.booleans(), st.sampled_from([sleeping, pausing])),
        min_size=1,
        max_size=5,
    )
)
def test_flows_go_on_in_the_place_of_those_that_end_with_them(
    driven: Any, pauses: list[tuple[int, bool, Any]]
) -> None:
    broken = iter([fails for _, fails, _ in pauses])

    def perform(effect: Effect) -> str:
        assert isinstance(effect, Sleep)
        if next(broken):
            raise Broken
        return f"slept {effect.seconds}"

    def chain(before: list[Any], left: list[tuple[int, bool, Any]]) -> Any:
        if not left:
            return before
        number, _, kind = left[0]
        return kind(number, lambda told: chain([*before, *told], left[1:]))

    expected = [
        word
        for number, fails, _ in pauses
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


@DRIVERS
def test_an_error_that_ends_a_pause_is_raised(driven: Any) -> None:
    def perform(_: Effect) -> None:
        raise KeyError("from outside")

    with pytest.raises(KeyError, match="from outside"):
        driven(pausing(1, lambda _: None), perform)


@pytest.mark.parametrize(("kind", "kept"), [(sleeping, True), (pausing, False)])
def test_a_flow_that_is_over_is_not_kept_on_a_loop(kind: Any, kept: bool) -> None:
    alive: list[bool] = []

    def second(_: list[Any]) -> Flow[None]:
        yield Sleep(2)

    first = [kind(1, second)]
    seen = weakref.ref(first[0])

    async def performed(_driver: None, _effect: Effect) -> None:
        gc.collect()
        alive.append(seen() is not None)

    asyncio.run(drive_async(first.pop(), None, performed, lambda _, error: None))
    assert alive == [kept, False]


class Outside(Exception):
    """What ends a pause from outside."""


def ended_in_thread(chain: Chain[Any]) -> None:
    def perform(_: Effect) -> None:
        raise Outside

    with suppress(Outside):
        in_thread(chain, perform)


def ended_on_loop(chain: Chain[Any]) -> None:
    async def performed(_: None, _effect: Effect) -> None:
        raise Outside

    async def run() -> None:
        with suppress(Outside):  # here, since asyncio.run would keep it
            await drive_async(chain, None, performed, lambda _, error: None)

    asyncio.run(run())


@pytest.mark.parametrize("ended", [ended_in_thread, ended_on_loop])
def test_an_error_that_ends_a_pause_is_freed_without_the_collector(ended: Any) -> None:
    gc.collect()
    gc.disable()
    try:
        ended(pausing(1, lambda _: None))
        left = [one for one in gc.get_objects() if isinstance(one, Outside)]
    finally:
        gc.enable()
    assert left == []
