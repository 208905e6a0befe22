"""After a fork no process uses the other's connections, where it could read the other's answers."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from raw_server import RawServer

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
SCRIPT = Path(__file__).parents[1] / "forking_process.py"


def run(kind: str, scheme: str, port: int) -> list[str]:
    quiet = ("-W", "ignore::DeprecationWarning")  # forking beside threads is what is tested here
    command = [sys.executable, *quiet, str(SCRIPT), kind, str(port), scheme]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert done.returncode == 0
    return sorted(done.stdout.splitlines())


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("kind", ["sync", "busy", "async"])
def test_parent_and_child_each_get_their_own_answers(kind: str, scheme: str) -> None:
    seen: list[tuple[int, str]] = []

    def echoes(server: RawServer, connection: socket.socket) -> None:
        number = connection.getpeername()[1]
        for head in server.requests(connection):
            path = head.split()[1].decode().removeprefix("/")
            seen.append((number, path.partition("/")[0]))
            while path == "slow" and not any(who == "child" for _, who in seen):
                server.release.wait(0.01)
            body = path.encode()
            answer = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
            connection.sendall(answer)

    with RawServer(echoes, tls=scheme == "https") as server:
        assert run(kind, scheme, server.port) == ["child 30", "parent 30"]
    childs = {number for number, who in seen if who == "child"}
    parents = {number for number, who in seen if who != "child"}
    assert len(childs) == 1
    assert not childs & parents


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_running_download_stays_with_the_parent(scheme: str) -> None:
    def pieces(server: RawServer, connection: socket.socket) -> None:
        next(server.requests(connection))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n" + b"x" * 30)
        for _ in range(30):
            connection.sendall(b"x")
            server.release.wait(0.02)

    with RawServer(pieces, tls=scheme == "https") as server:
        assert run("within", scheme, server.port) == ["child 30", "parent 30"]
        assert server.accepted == 1
