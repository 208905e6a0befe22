"""One sandbox for every worker, a bench for every turn, and the table at the end."""

import functools
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import pytest
from rushes._addresses import is_public
from rushes_sandbox import Sandbox

from faults import table
from faults.bench import Bench
from faults.case import Case, Row
from faults.choosing import everything
from faults.films import Films
from faults.other_rows import Much
from faults.playing import DEADLINE, SHORT, Measured, Play, Record, by_itself, play
from faults.relay import Relay, trusting
from faults.secrecy import KEY


def pytest_configure(config: pytest.Config) -> None:
    """Gather what the turns measured, from all workers."""
    if everything() and not hasattr(config, "workerinput"):
        config.pluginmanager.register(table.Reporter(config))


@pytest.fixture(autouse=True)
def settings_of_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep every case from the keys, folders and proxies of whoever runs it."""
    for provider in ("TOAPIS", "APIMART", "UNIALL"):
        monkeypatch.delenv(f"{provider}_API_KEY", raising=False)
        monkeypatch.delenv(f"{provider}_BASE_URL", raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("RUSHES_HOME", str(tmp_path / "default-home"))


@pytest.fixture(autouse=True, scope="session")
def one_tls_context() -> Iterator[None]:
    """Read one certificate, once: that of the relay."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpx, "create_ssl_context", functools.cache(trusting))
        yield


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Run the three gateways; the workers share the films."""
    folder = tmp_path_factory.getbasetemp()
    folder = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    settings: dict[str, Any] = {"queue_seconds": 0, "render_seconds": 0, "poll_after": None}
    # So slowly that the head alone of an answer that drips takes longer than a case may.
    settings["drip_interval"] = 0.3
    with Sandbox(key=KEY, folder=folder / "sandbox", **settings) as running:
        yield running


@pytest.fixture(scope="session")
def films(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Films:
    """Return who sees to it that the films are there."""
    return Films(sandbox, tmp_path_factory.mktemp("films"))


@pytest.fixture
def relay(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
    """Let the sandbox seem to be on the internet: by names, over TLS, at an address of its own."""

    def judge(address: Any) -> bool:
        return str(address) == "127.0.0.1" or is_public(address)

    monkeypatch.setattr("rushes._network.connections.is_public", judge)
    with Relay(sandbox.url) as running:
        yield running


@pytest.fixture
def bench(
    sandbox: Sandbox, films: Films, tmp_path: Path, row: Row, provider: str, client: str
) -> Iterator[Bench]:
    """Make a bench whose log hears every logger."""
    films.have(provider, image=isinstance(row, (Case, Much)) and row.image)
    made = Bench(sandbox, tmp_path, provider, client)
    root = logging.getLogger()
    level = root.level
    root.addHandler(made.log)
    root.setLevel(logging.DEBUG)
    yield made
    root.removeHandler(made.log)
    root.setLevel(level)


@pytest.fixture
def measured(record_property: Callable[[str, object], None]) -> Record:
    """Take down what a turn measured, for the table."""

    def take(found: Measured) -> None:
        record_property(table.PROPERTY, asdict(found))

    return take


@pytest.fixture
def played(request: pytest.FixtureRequest, bench: Bench, measured: Record) -> Play:
    """Play a case to its end, and take down what was measured."""

    def run(case: Case) -> None:
        if case.public or case.strange:
            bench.relay = request.getfixturevalue("relay")
        if case.public and bench.relay:
            bench.base_url = f"{bench.relay.url}/{bench.provider}"
        deadline = SHORT if case.limits else DEADLINE
        measured(by_itself(lambda: play(case, bench), deadline))

    return run
