"""Deliveries that are verified with keys that the provider publishes: fetched, kept, renewed."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from acme_calling import SECRET, by_published_key, calling, delivery
from acme_driver import KEY, Maker, StoppedClock
from acme_server import Handler, Server, answers
from rushes import AsyncClient, Client, DeliveryError
from rushes._receive.public_keys import LIFE, MOST, PAUSE
from rushes.testing import Clock

NEW = "acme-newer-key-82"


def publishes(*keys: str) -> Any:
    return answers(200, {"keys": keys})


@pytest.fixture
def driver(make: Maker) -> Any:
    return make(plugins=[calling(by_published_key)], keys={"acme": KEY}, clock=StoppedClock())


def fetched(server: Server) -> int:
    return server.lines.count("GET /keys.json")


def receive(driver: Any, secret: str = SECRET, event: str = "e-1") -> None:
    headers, body = delivery("c-1", driver.clock.now(), secret=secret, event=event)
    assert driver.receive("acme", headers, body) is None


def test_keys_are_fetched_once_and_again_after_their_life(driver: Any, server: Server) -> None:
    server.on("GET /keys.json", publishes(SECRET), publishes(NEW))
    for event in ("e-1", "e-2", "e-3"):
        receive(driver, event=event)
    assert fetched(server) == 1
    driver.clock.advance(LIFE)
    receive(driver, NEW)
    assert fetched(server) == 2
    ((_, headers, _), *_) = server.seen
    assert "authorization" not in headers  # they are public


def test_a_newer_key_is_fetched_at_once_but_not_more_than_once_a_minute(
    driver: Any, server: Server
) -> None:
    server.on("GET /keys.json", publishes(SECRET), publishes(SECRET, NEW), publishes())
    receive(driver)
    with pytest.raises(DeliveryError, match="is not believed"):
        receive(driver, NEW)
    assert fetched(server) == 1
    driver.clock.advance(PAUSE)
    receive(driver, NEW)
    for _ in range(5):
        with pytest.raises(DeliveryError, match="is not believed") as caught:
            receive(driver, "forged")
        assert not caught.value.again
    assert fetched(server) == 2


@pytest.mark.parametrize(
    ("behaves", "words"),
    [
        (answers(503, b"later"), "HTTP 503"),
        (lambda handler: handler.hang_up(), "could not be read"),
        (answers(200, b" " * (MOST + 1)), f"more than {MOST:,} bytes"),
        (answers(200, b"x", content_encoding="br"), "content encoding 'br'"),
        (answers(302, location="http://192.0.2.1:1/"), "only a private network can reach"),
    ],
)
def test_keys_that_cannot_be_read_are_asked_for_again_later(
    driver: Any, server: Server, behaves: Any, words: str
) -> None:
    server.on("GET /keys.json", behaves, publishes(SECRET))
    for _ in range(2):
        with pytest.raises(DeliveryError, match="cannot be verified now") as caught:
            receive(driver)
        assert caught.value.again
    assert fetched(server) == 1
    driver.clock.advance(PAUSE)
    receive(driver)
    assert fetched(server) == 2


def test_a_forger_cannot_take_away_the_keys_that_are_kept(driver: Any, server: Server) -> None:
    """What is badly signed has them fetched again; if that fails, they are still the keys."""
    server.on("GET /keys.json", publishes(SECRET), answers(503, b"later"))
    receive(driver)
    driver.clock.advance(PAUSE)
    with pytest.raises(DeliveryError, match="is not believed"):
        receive(driver, "forged")
    assert fetched(server) == 2
    receive(driver, event="e-2")
    driver.clock.advance(LIFE)
    with pytest.raises(DeliveryError, match="cannot be verified now"):
        receive(driver, event="e-3")


def test_keys_that_are_odd_verify_nothing(driver: Any, server: Server) -> None:
    for body in (b"", b"[]", b'{"keys": 5}', b'{"keys": [null, 5, {"a": []}]}', b"[" * 9999):
        server.on("GET /keys.json", answers(200, body))
        with pytest.raises(DeliveryError, match="is not believed"):
            receive(driver)
        driver.clock.advance(LIFE)


def test_of_many_deliveries_at_once_one_fetches(server: Server, tmp_path: Path) -> None:
    def slowly(handler: Handler) -> None:
        handler.server.release.wait(0.3)
        publishes(SECRET)(handler)

    server.on("GET /keys.json", slowly)
    clock = Clock(longest=0.05)

    async def main() -> None:
        async with AsyncClient(
            plugins=[calling(by_published_key)],
            base_urls={"acme": server.url},
            home=tmp_path,
            clock=clock,
        ) as client:
            many = (delivery("c-1", clock.now(), event=f"e-{number}") for number in range(20))
            told = [client.receive("acme", *each) for each in many]
            assert await asyncio.gather(*told) == [None] * 20

    asyncio.run(main())
    assert fetched(server) == 1


@pytest.fixture
def far_away(tmp_path: Path) -> Iterator[Client]:
    with Client(
        plugins=[calling(by_published_key)],
        base_urls={"acme": "https://192.168.0.1"},
        home=tmp_path,
    ) as client:
        yield client


def test_keys_are_read_from_public_addresses_only(far_away: Client) -> None:
    with pytest.raises(DeliveryError, match="only a private network can reach"):
        far_away.receive("acme", *delivery("c-1", 0))
