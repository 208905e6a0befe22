"""A gateway, a home folder of its own for every test, and clients that do not wait."""

import functools
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import rushes
from cli_gateway import KEY, Gateway
from rushes_cli._runtime import clients
from rushes_cli._runtime.home import home_option

SOON = rushes.Polling(first=0.01, every=0.01, at_most=20)


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Isolate every test from the keys, folders and colours of the user who runs it."""
    for provider in ("TOAPIS", "APIMART", "UNIALL"):
        monkeypatch.delenv(f"{provider}_API_KEY", raising=False)
        monkeypatch.delenv(f"{provider}_BASE_URL", raising=False)
    for name in ("NO_COLOR", "COLUMNS", "FORCE_COLOR", "RUSHES_TRACEBACK", "RUSHES_TRUST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RUSHES_TRACEBACK", "")
    folder = tmp_path / "home"
    monkeypatch.setenv("RUSHES_HOME", str(folder))
    home_option.set(None)
    return folder


@pytest.fixture(autouse=True, scope="session")
def one_tls_context() -> Iterator[None]:
    """Read the certificates once for all clients: it takes long, and no test here needs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpx, "create_ssl_context", functools.cache(httpx.create_ssl_context))
        yield


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """Run a gateway, configured as ToAPIs."""
    with Gateway().running() as running:
        monkeypatch.setenv("TOAPIS_BASE_URL", running.url)
        monkeypatch.setenv("TOAPIS_API_KEY", KEY)
        yield running


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make clients in this process poll at once and often."""
    monkeypatch.setattr(clients, "make_client", lambda: rushes.Client(polling=SOON))
    monkeypatch.setattr(clients, "make_async_client", lambda: rushes.AsyncClient(polling=SOON))
