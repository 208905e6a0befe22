"""A gateway, a home folder of its own for every test, and clients that poll at once."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import rushes
from cli_gateway import KEY, Gateway
from rushes_cli._runtime.home import home_option

SOON = rushes.Polling(first=0.01, every=0.01, at_most=20)


@pytest.fixture(autouse=True)
def home(clean_environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Give every test a home folder of its own."""
    monkeypatch.setenv("RUSHES_TRACEBACK", "")  # a command may set it
    folder = tmp_path / "home"
    monkeypatch.setenv("RUSHES_HOME", str(folder))
    home_option.set(None)
    return folder


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
    monkeypatch.setattr(rushes, "Client", partial(rushes.Client, polling=SOON))
    monkeypatch.setattr(rushes, "AsyncClient", partial(rushes.AsyncClient, polling=SOON))
