"""What embedders test with: a clock that skips pauses, a network with scripted answers."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from acme_server import VIDEO
from acme_zoom import Zoom
from rushes import (
    Answer,
    AsyncClient,
    Client,
    NotSentError,
    OutcomeUnknownError,
    Polling,
    RefusedError,
    Request,
    StillRunningError,
)
from rushes.testing import DROPPED, UNREACHABLE, Clock, Network

REQUEST = Request("A red kite over dunes")
FILM = "https://cdn.example/film.mp4"
CREATED = {"clip": {"ref": "c-1", "stage": "waiting"}}
RENDERING = {"clip": {"ref": "c-1", "stage": "rendering"}}
READY = {"clip": {"ref": "c-1", "stage": "ready", "links": [FILM]}}


@pytest.fixture
def network() -> Network:
    network = Network()
    network.on("POST", "/v1/clips", CREATED)
    network.on("GET", "/v1/clips/*", RENDERING, RENDERING, READY)
    network.on("GET", "/film.mp4", VIDEO)
    return network


@pytest.fixture
def settings(network: Network, tmp_path: Path) -> dict[str, Any]:
    return {
        "plugins": [Zoom()],
        "keys": {"acme": "a-key"},
        "home": tmp_path,
        "transport": network,
        "clock": Clock(),
        "polling": Polling(first=60, every=600, at_most=7200),
    }


def sent(network: Network) -> list[tuple[str, str]]:
    return [(call.method, call.url.rpartition(".example")[2]) for call in network.calls]


WHOLE = [
    ("POST", "/v1/clips"),
    *[("GET", "/v1/clips/c-1")] * 3,
    ("GET", "/film.mp4"),
]


def test_a_whole_job_without_a_server_or_waiting(
    network: Network, settings: dict[str, Any]
) -> None:
    with Client(**settings) as client:
        task = client.generate("acme/zoom", REQUEST)
    assert Path(task.file or "").read_bytes() == VIDEO
    assert sent(network) == WHOLE
    assert settings["clock"].pauses == [pytest.approx(60, abs=5), 600, 600]


def test_a_whole_job_on_an_event_loop(network: Network, settings: dict[str, Any]) -> None:
    async def run() -> str | None:
        async with AsyncClient(**settings) as client:
            return (await client.generate("acme/zoom", REQUEST)).file

    assert Path(asyncio.run(run()) or "").read_bytes() == VIDEO
    assert sent(network) == WHOLE
    assert sum(settings["clock"].pauses) == pytest.approx(1260, abs=5)


def test_a_timeout_of_an_hour_passes_at_once(network: Network, settings: dict[str, Any]) -> None:
    network.on("GET", "/v1/clips/*", RENDERING)
    with Client(**settings) as client:
        task = client.submit("acme/zoom", REQUEST)
        with pytest.raises(StillRunningError):
            client.wait(task, timeout=3600)
    assert sum(settings["clock"].pauses) == pytest.approx(3600, abs=5)


def test_the_clock_can_be_moved_between_two_polls(
    network: Network, settings: dict[str, Any]
) -> None:
    with Client(**settings) as client:
        task = client.submit("acme/zoom", REQUEST)
        with pytest.raises(StillRunningError):
            client.wait(task, timeout=0)
        assert len(network.calls) == 1
        settings["clock"].advance(61)
        with pytest.raises(StillRunningError):
            client.wait(task.id, timeout=0)
        assert len(network.calls) == 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (UNREACHABLE, NotSentError),
        (DROPPED, OutcomeUnknownError),
        (Answer(402, {}, b'{"error": {"message": "no credit"}}'), RefusedError),
    ],
)
def test_network_faults_can_be_scripted(
    network: Network, settings: dict[str, Any], answer: Any, error: type[Exception]
) -> None:
    network.on("POST", "/v1/clips", answer)
    with Client(**settings) as client, pytest.raises(error):
        client.submit("acme/zoom", REQUEST)


def test_an_unscripted_call_is_an_assertion_error(
    network: Network, settings: dict[str, Any]
) -> None:
    with Client(**settings, base_urls={"acme": "https://api.acme.example/v9"}) as client:
        words = "no answer is scripted for POST /v9/v1/clips"
        with pytest.raises(AssertionError, match=words):
            client.submit("acme/zoom", REQUEST)
    with pytest.raises(ValueError, match="at least one answer"):
        network.on("GET", "/x")
