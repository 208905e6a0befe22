"""What providers send to a client's endpoint, made by the sandbox and read by the plugins."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from rushes import Answer, Client, Delivery, Event, Polling, Request
from rushes.plugins import Registry
from rushes_sandbox import Sandbox, protocols

SECRET = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI="
NOW = 1_800_000_000.0
SIGNED = {
    "toapis/kling-v3": True,
    "apimart/kling-v3": False,
    "fal/kling-v3-standard": True,
    "kling/kling-3.0": True,
    "openrouter/kling-v3.0-std": True,
    "byteplus/seedance-1.5-pro": False,
}
"""A variant of each provider that sends something, and whether it is signed."""

pytestmark = pytest.mark.rushes_sandbox(lies=["smaller", "smaller"])  # rendered in no time
INSTALLED = sorted(set(SIGNED) & set(Registry().ids()))


def read(loaded: Any, headers: dict[str, str], body: bytes) -> Event | None:
    """Have a plugin read a delivery; fetch what it asks for."""
    delivery = Delivery(headers, body)
    found = loaded.call("parse_webhook", delivery=delivery, secrets=[SECRET], now=NOW)
    if found is None or isinstance(found, Event):
        return found
    answer = None
    while True:
        try:
            call = found.send(answer)
        except StopIteration as end:
            event: Event | None = end.value
            return event
        got = httpx.request(call.method, call.url)
        names = {name.lower(): value for name, value in got.headers.items()}
        answer = Answer(got.status_code, names, got.content)


@pytest.mark.parametrize("variant", INSTALLED)
def test_a_plugin_reads_what_the_sandbox_sends(
    variant: str, rushes_sandbox: Sandbox, tmp_path: Path
) -> None:
    provider = variant.partition("/")[0]
    with Client(
        keys={provider: rushes_sandbox.key},
        base_urls=rushes_sandbox.base_urls,
        home=tmp_path,
        polling=Polling(first=0, every=0.05),
    ) as client:
        client.submit(variant, Request("A red kite", duration=5))
        loaded = client.registry.get(variant)
    (task,) = rushes_sandbox.created
    assert task.video.finished.wait(300)
    headers, body = rushes_sandbox.notification(task, SECRET, NOW)
    event = read(loaded, headers, body)
    assert event is not None
    assert (event.remote_id, event.verified) == (task.id, SIGNED[variant])
    if SIGNED[variant]:
        assert read(loaded, headers, body.replace(task.id.encode(), b"another")) is None
        late = {name: text.replace("1800000000", "1700000000") for name, text in headers.items()}
        assert read(loaded, late, body) is None


def test_the_table_has_every_provider_that_sends_something() -> None:
    told = {name for name, each in protocols().by_id.items() if each.notify is not None}
    # Google's models have ended: nothing can be ordered there.
    assert told - {"google"} <= {variant.partition("/")[0] for variant in SIGNED}


def test_who_sends_nothing_says_so(rushes_sandbox: Sandbox) -> None:
    url = f"{rushes_sandbox.base_urls['uniall']}/v1/video/generations"
    body = {"model": "kling-v3-std-silent", "prompt": "A red kite", "duration": 3}
    headers = {"Authorization": f"Bearer {rushes_sandbox.key}"}
    assert httpx.post(url, json=body, headers=headers).status_code == 200
    with pytest.raises(ValueError, match="uniall notifies nobody"):
        rushes_sandbox.notification(rushes_sandbox.created[0])
