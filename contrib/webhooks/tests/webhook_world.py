"""An endpoint on a loopback socket, and what a sandbox saw of those who wait."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import rushes
import uvicorn
from rushes_sandbox import Sandbox
from rushes_webhooks.app import Endpoint

VARIANTS = {
    "toapis": "toapis/kling-v3",
    "fal": "fal/kling-v3-standard",
    "byteplus": "byteplus/seedance-1.5-pro",
}
"""Signed with a secret, signed with a published key, not signed (and of every change)."""


REQUEST = rushes.Request("A red kite", duration=5)
SETTINGS: dict[str, Any] = {
    "lies": ["smaller", "smaller"],  # rendered in no time
    "poll_after": None,
    "queue_seconds": 0.3,
    "render_seconds": 0.3,
    "webhook_delay": 0.3,
}


def client(sandbox: Sandbox, home: Path, **settings: Any) -> rushes.AsyncClient:
    keys = dict.fromkeys(sandbox.base_urls, sandbox.key)
    return rushes.AsyncClient(
        keys={**keys, "toapis.webhook_secret": sandbox.webhook_secret},
        base_urls=sandbox.base_urls,
        home=home,
        **settings,
    )


@asynccontextmanager
async def served(endpoint: Endpoint) -> AsyncIterator[str]:
    """Serve an endpoint on this event loop; yields its address."""
    config = uvicorn.Config(endpoint, http="h11", ws="none", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        work = asyncio.create_task(server.serve([listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await work


def polls(sandbox: Sandbox) -> Counter[str]:
    """Count how often each provider was asked how far a task is."""
    paths = [each.path for each in sandbox.exchanges if each.method == "GET"]
    tasks = {task.id: task.gateway for task in sandbox.created}
    status = [path.removesuffix("/status") for path in paths]
    asked = [tasks[path.rpartition("/")[2]] for path in status if path.rpartition("/")[2] in tasks]
    # fal is asked for the result, too, at the same path without `/status`.
    results = [
        "fal"
        for path in paths
        if not path.endswith("/status") and tasks.get(path.rpartition("/")[2]) == "fal"
    ]
    return Counter(asked) - Counter(results)
