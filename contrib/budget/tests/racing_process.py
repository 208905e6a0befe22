"""A process that submits jobs as soon as it is told to, and says how many were sent.

Called with a home folder, a name, a number of jobs, and whether to be killed while paying.
"""

import os
import sys
from pathlib import Path

import rushes
from budget_world import World
from rushes_budget import Budget


class Killed(rushes.testing.Network):
    """Ends the process without a word when the paid call arrives."""

    def handle_request(self, request: object) -> object:  # type: ignore[override]
        os._exit(9)


def main(home: str, name: str, count: int, *, killed: bool) -> None:
    world = World(Path(home))
    world.references = (f"{name}-{number}" for number in range(count))
    parts = {"transport": Killed()} if killed else {}
    with world.client(Budget(folder=home), **parts) as client:
        print("ready", flush=True)  # noqa: T201
        sys.stdin.readline()
        print(world.submits(client, count), flush=True)  # noqa: T201


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), killed=sys.argv[4:] == ["killed"])
