"""`rushes worker`, whose calls to one port come from an address of its own.

All of 127.0.0.0/8 is this machine, so that a server there can tell its clients apart.
Usage: bound_worker.py ADDRESS PORT [the worker's own words]
"""

import socket
import sys
from typing import Any

from rushes_batch.command import worker

ADDRESS, PORT = sys.argv.pop(1), int(sys.argv.pop(1))
connect = socket.socket.connect


def connect_from_it(self: socket.socket, address: Any) -> None:
    if address[1] == PORT:
        self.bind((ADDRESS, 0))
    connect(self, address)


socket.socket.connect = connect_from_it  # type: ignore[method-assign,assignment]
worker(prog_name="rushes worker")
