"""A process that receives one delivery: `receiving_process.py HOME JOURNAL URL`, read from stdin.

JOURNAL is an address, or empty for the file in HOME. It prints the reference of the task, or None.
"""

import json
import sys
from typing import Any

from acme_calling import SECRET, calling
from acme_driver import KEY
from rushes import Client


def main(home: str, journal: str, url: str) -> None:
    headers, body = json.load(sys.stdin)
    given: dict[str, Any] = {"journal": journal} if journal else {}
    keys = {"acme": KEY, "acme.webhook_secret": SECRET}
    with Client(
        home=home, plugins=[calling()], base_urls={"acme": url}, keys=keys, **given
    ) as client:
        task = client.receive("acme", headers, body.encode())
        sys.stdout.write(f"{task.id if task else None}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
