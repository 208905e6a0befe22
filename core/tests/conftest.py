"""The provider's server, and drivers for both clients."""

import functools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from acme_driver import Drivers
from acme_server import Server, running
from installed_site import Site


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep every test from the keys, folders and proxies of whoever runs it."""
    for name in (
        "ACME_API_KEY",
        "ACME_BASE_URL",
        "RUSHES_TRUST",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("RUSHES_HOME", str(tmp_path / "default-home"))


@pytest.fixture(autouse=True, scope="session")
def one_tls_context() -> Iterator[None]:
    """Read the certificates once for all clients: it takes long, and no test here needs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpx, "create_ssl_context", functools.cache(httpx.create_ssl_context))
        yield


@pytest.fixture
def server() -> Iterator[Server]:
    """Run the provider."""
    with running() as server:
        yield server


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return the folder that the clients of a test share."""
    return tmp_path / "home"


@pytest.fixture(params=["sync", "async"])
def make(request: Any, server: Server, home: Path) -> Iterator[Drivers]:
    """Make drivers of either kind."""
    drivers = Drivers(request.param, server, home)
    yield drivers
    drivers.close()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Return a folder on sys.path to install distributions to."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return Site(folder)
