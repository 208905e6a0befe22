"""Fixtures: the provider's server, drivers for both clients, processes, installed distributions."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from acme_driver import Drivers
from acme_server import Server, running
from installed_site import Site
from made_up_hosts import trusting
from started_processes import Processes
from transport_runner import Perform, run_in_thread


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the certificate of the made-up hosts."""
    monkeypatch.setattr(httpx, "create_ssl_context", trusting)


@pytest.fixture(params=["sync", "async"])
def perform(request: Any) -> Perform:
    """Perform effects on the synchronous or the asynchronous transport."""
    return run_in_thread(request.param)


@pytest.fixture
def server() -> Iterator[Server]:
    """Run the provider."""
    with running() as server:
        yield server


@pytest.fixture
def storage() -> Iterator[Server]:
    """Run another server, which has files and is not the provider's."""
    with running() as server:
        yield server


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return the home that the clients of a test share."""
    return tmp_path / "home"


@pytest.fixture(params=["sync", "async"])
def make(request: Any, server: Server, home: Path) -> Iterator[Drivers]:
    """Make drivers for the synchronous or the asynchronous client."""
    drivers = Drivers(request.param, server, home)
    yield drivers
    drivers.close()


@pytest.fixture
def processes() -> Iterator[Processes]:
    """Start processes that use a journal; none of them outlives the test."""
    with closing(Processes()) as processes:
        yield processes


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Return a folder on sys.path to install distributions to."""
    site = Site.create(tmp_path)
    monkeypatch.syspath_prepend(str(site.folder))
    return site
