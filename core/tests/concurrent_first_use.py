"""Many threads share a new client: `python concurrent_first_use.py HOME`.

The interpreter switches threads as often as it can, and all threads do the same at the same time,
so that whatever is created on first use is created by several of them at once.
"""

import sys
import threading
from collections.abc import Callable
from functools import partial
from importlib import reload
from itertools import product
from pathlib import Path
from typing import Any

import acme_zoom
import msgspec
from rushes import Answer, Client, Image, Request, Shot, Task

THREADS = 16
REQUESTS: list[Any] = [
    Request("A red kite", duration=10, shots=[Shot("over dunes"), Shot("over the sea")]),
    {"prompt": "A red kite", "images": [Image("https://acme.example/1.png", "reference")]},
    Request(extra={"model": "zoom", "text": "k", "parts": [{"prompt": "k"}], "look": {}}),
    {"extra": {"model": "zoom", "text": "k", "options": {"watermark": True, "odd": 1}}},
]
STATUS = Answer(200, {}, b'{"clip": {"stage": "ready", "links": ["https://acme.example/1.mp4"]}}')
TASK = b"""{
  "id": "kite", "variant": "acme/zoom", "base_url": "https://acme.example", "client_id": "kite",
  "call": {"method": "POST", "url": "https://acme.example", "headers": {"X": "y"}, "body": "e30="},
  "created_at": 1, "updated_at": 1, "state": "completed", "receipt": {"remote_id": "c-1"},
  "results": [{"url": "https://acme.example/1.mp4"}]
}"""


def in_all_threads(work: Callable[[], object]) -> None:
    """Call a function in every thread at the same time; raise the first error."""
    barrier, failures = threading.Barrier(THREADS), list[BaseException]()

    def run() -> None:
        try:
            barrier.wait()
            work()
        except BaseException as error:  # noqa: BLE001 - raised below
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def checks(client: Client, request: Any) -> None:
    report = client.check("acme/zoom", request)
    assert report.valid, report.problems


def reads(client: Client) -> None:
    status = client.registry.get("acme/zoom").call("parse_status", answer=STATUS)
    assert status.state == "completed"


def main(home: Path) -> None:
    sys.setswitchinterval(1e-6)
    in_all_threads(partial(msgspec.json.decode, TASK, type=Task))
    for loaded, request in product((True, False), REQUESTS):
        plugin = reload(acme_zoom).Zoom()  # with unused structs
        with Client(plugins=[plugin], home=home) as client:
            if loaded:
                client.registry.get("acme/zoom")
            in_all_threads(partial(checks, client, request))
    in_all_threads(partial(reads, client))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
