"""Shared by the tests of the sandbox: a clock, and clients of the gateways."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from rushes_sandbox import Sandbox
from sandbox_clients import PATHS, Clients, FrozenClock, GatewayClient


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def clients(
    request: pytest.FixtureRequest, clock: FrozenClock, rushes_sandbox_folder: Path
) -> Iterator[Clients]:
    """Start a sandbox, with the test's settings if it has some, and a client for each gateway."""
    options: dict[str, Any] = {"queue_seconds": 0, "render_seconds": 0, "clock": clock}
    options |= {"folder": rushes_sandbox_folder, **getattr(request, "param", {})}
    with Sandbox(**options) as sandbox:
        headers = {"Authorization": f"Bearer {sandbox.key}"}
        clients = {
            name: GatewayClient(
                sandbox,
                name,
                httpx.Client(base_url=url, headers=headers, verify=False, timeout=120),
                *PATHS[name],
            )
            for name, url in sandbox.base_urls.items()
            if name in PATHS
        }
        try:
            yield clients
        finally:
            for client in clients.values():
                client.client.close()
