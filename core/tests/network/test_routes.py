"""Which kept connection a call gets, and what becomes of the others; no connection is opened."""

import ssl
from concurrent.futures import Future
from typing import Any

import pytest
from msgspec.structs import replace
from rushes._network import routes
from rushes._network.addresses import address_of
from rushes._network.routes import IDLE, SYNC, Routes
from transport_runner import settings

HERE, THERE = (address_of(f"http://{name}.example/x") for name in ("here", "there"))


class Connection:
    """A connection that counts how often it was asked whether the other side has closed it."""

    def __init__(self, *_: Any) -> None:
        self.closed = False
        self.asked = 0

    def is_available(self) -> bool:
        return True

    def has_expired(self) -> bool:
        self.asked += 1
        return self.closed


class Clock:
    """Stands for the module `time`."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(routes, "time", clock)
    return clock


def made(count: int) -> Routes:
    kinds = replace(SYNC, lean=Connection)
    return Routes(settings(connections=count), kinds, None, ssl.create_default_context, Future)


def taken(routes: Routes, *addresses: Any, fresh: bool = True) -> list[Any]:
    return [routes.take(None, address, fresh=fresh)[0] for address in addresses]


def test_only_the_connection_that_is_used_again_is_asked(clock: Clock) -> None:
    some = made(10)
    idle = taken(some, *[HERE] * 5, *[THERE] * 3)
    for connection in idle:
        clock.now += 0.1
        assert some.keep(connection)
    assert some.take(None, HERE, fresh=False) == (idle[4], [])
    assert [connection.asked for connection in idle] == [0, 0, 0, 0, 1, 0, 0, 0]


def test_one_that_was_closed_is_not_used_again(clock: Clock) -> None:
    some = made(10)
    idle = taken(some, HERE, HERE, THERE, HERE)
    for connection in idle:
        some.keep(connection)
    idle[3].closed = idle[1].closed = True
    assert some.take(None, HERE, fresh=False) == (idle[0], [idle[3], idle[1]])


def test_those_that_were_idle_for_long_are_closed(clock: Clock) -> None:
    some = made(10)
    old, young, other = taken(some, THERE, HERE, THERE)
    some.keep(old)
    clock.now += 1
    some.keep(young)
    clock.now += IDLE - 0.5
    some.keep(other)
    assert some.take(None, HERE, fresh=False) == (young, [old])
    clock.now += IDLE
    connection, closing = some.take(None, THERE, fresh=False)
    assert connection is not other
    assert closing == [other]


def test_no_more_are_kept_than_may_be_open(clock: Clock) -> None:
    some = made(2)
    first, second = taken(some, HERE, HERE)
    some.keep(second)
    some.keep(first)
    connection, closing = some.take(None, THERE, fresh=False)
    assert connection not in (first, second)
    assert closing == [second]
