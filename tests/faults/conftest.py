"""One sandbox per worker, a `FaultRun` per test, and the table at the end."""

import functools
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import pytest
from made_up_hosts import PUBLIC_ADDRESS, Names, leading_here, resolving_with, trusting
from rushes_sandbox import Sandbox

from faults import runner, table
from faults.case import Case, Row
from faults.fault_run import FaultRun
from faults.films import Films
from faults.other_rows import MemoryRow
from faults.relay import Relay
from faults.runner import (
    DEADLINE,
    SHORT,
    CaseRunner,
    Measurement,
    Recorder,
    run_with_deadline,
)
from faults.secrecy import KEY
from faults.selection import runs_everything


def pytest_configure(config: pytest.Config) -> None:
    """Collect the measurements from all workers."""
    if runs_everything() and not hasattr(config, "workerinput"):
        config.pluginmanager.register(table.Reporter(config))


@pytest.fixture(autouse=True, scope="session")
def one_tls_context() -> Iterator[None]:
    """Read only the relay's certificate, and only once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpx, "create_ssl_context", functools.cache(trusting))
        yield


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Run the providers; the workers share the films."""
    folder = tmp_path_factory.getbasetemp()
    folder = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    settings: dict[str, Any] = {"queue_seconds": 0, "render_seconds": 0, "poll_after": None}
    # So slow that the head of a dripping answer alone takes longer than a case may.
    settings["drip_interval"] = 0.3
    with Sandbox(key=KEY, folder=folder / "sandbox", **settings) as running:
        yield running


@pytest.fixture(scope="session")
def films(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Films:
    """Return the films, rendered on demand."""
    return Films(sandbox, tmp_path_factory.mktemp("films"))


@pytest.fixture
def relay(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
    """Make the sandbox appear to be on the internet: host names, TLS, a public address."""
    resolving_with(Names([PUBLIC_ADDRESS]), monkeypatch)
    leading_here(monkeypatch)
    with Relay(sandbox.url, sandbox.storage_url) as running:
        yield running


@pytest.fixture
def run(
    sandbox: Sandbox, films: Films, tmp_path: Path, row: Row, provider: str, client: str
) -> Iterator[FaultRun]:
    """Return a run whose log captures every logger."""
    films.ensure(provider, image=isinstance(row, (Case, MemoryRow)) and row.image)
    made = FaultRun(sandbox, tmp_path, provider, client)
    root = logging.getLogger()
    level = root.level
    root.addHandler(made.log)
    root.setLevel(logging.DEBUG)
    yield made
    root.removeHandler(made.log)
    root.setLevel(level)


@pytest.fixture
def record(record_property: Callable[[str, object], None]) -> Recorder:
    """Return a function that records a measurement for the table."""

    def take(found: Measurement) -> None:
        record_property(table.PROPERTY, asdict(found))

    return take


@pytest.fixture
def run_case(request: pytest.FixtureRequest, run: FaultRun, record: Recorder) -> CaseRunner:
    """Return a function that runs a case to its end and records the measurement."""

    def run_and_record(case: Case) -> None:
        if case.public or case.wrong_certificate:
            run.relay = request.getfixturevalue("relay")
        if case.public and run.relay:
            run.base_url = f"{run.relay.url}/{run.provider}"
        deadline = SHORT if case.limits else DEADLINE
        record(run_with_deadline(lambda: runner.run_case(case, run), deadline))

    return run_and_record
