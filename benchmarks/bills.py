"""How many videos are bought when the answer to the paid call is lost: here, and elsewhere.

A provider creates a task, and its first answer goes wrong; every later one is right. Other
libraries are called as their documentation shows, with their own defaults, in an environment of
their own (`.nox/bills`). rushes runs against its sandbox, which counts by itself.
Usage: python benchmarks/bills.py [--write] (into docs/other-tools.md)
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from rushes import Client, Request, RushesError
from rushes.testing import Clock
from rushes_sandbox import Sandbox

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "other-tools.md"
ENVIRONMENT = ROOT / ".nox" / "bills"
PEERS = {
    "openai": "openai==2.54.0",
    "runwayml": "runwayml==5.24.0",
    "litellm": "litellm==1.106.2",
    "genblaze": "genblaze-core==0.3.8",
}
NAMES = {
    "openai": "openai, `videos.create`",
    "runwayml": "runwayml, `text_to_video.create`",
    "litellm": "litellm, `video_generation`",
    "genblaze": "genblaze, `invoke`, its provider on `http.client`",
}
FAULTS = {
    "drop": ("the connection closes", "drop-after-create"),
    "503": ("the answer is a 503", "503-after-create"),
    "409": ("the answer is a 409", "409-after-create"),
}
"""Each fault: in words, and as the sandbox names it."""
OURS = {
    "toapis/kling-v3": "**rushes**, where tasks can be looked up and replayed (ToAPIs)",
    "apimart/kling-v3": "**rushes**, where a call can be replayed by its key (APIMart)",
    "uniall/kling-v3-pro-audio": "**rushes**, where neither is possible (UniAll)",
}
BEGIN, END = "<!-- bills: begin -->", "<!-- bills: end -->"


class Provider(BaseHTTPRequestHandler):
    """Creates a task for each POST, unless it knows the call's key; the first answer goes wrong."""

    fault = ""
    keys: set[str]
    created = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = type(self)
        key = self.headers.get("Idempotency-Key", "")
        if not key or key not in kind.keys:
            kind.created += 1
            kind.keys.add(key)
        fault, kind.fault = kind.fault, ""
        if fault == "drop":
            self.close_connection = True
            return
        self._answer(int(fault or 200))

    def do_GET(self) -> None:
        self._answer(200)

    def _answer(self, status: int) -> None:
        task = {
            "id": "task_1", "object": "video", "model": "sora-2", "status": "completed",
            "progress": 100, "created_at": 1_700_000_000, "seconds": "4", "size": "720x1280",
            "result": {"data": [{"url": "https://films.example/1.mp4"}]},
        }  # fmt: skip
        error = {"error": {"message": "try again", "type": "server_error"}}
        body = json.dumps(task if status == 200 else error).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@contextmanager
def provider(fault: str) -> Iterator[tuple[str, type[Provider]]]:
    kind = type("Faulty", (Provider,), {"fault": fault, "keys": set(), "created": 0})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", kind
        finally:
            server.shutdown()


def install() -> Path:
    """Install the peers, unless they are; return their Python."""
    python, record = ENVIRONMENT / "bin" / "python", ENVIRONMENT / "peers.json"
    if not record.is_file() or json.loads(record.read_text()) != PEERS:
        uv = shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv")
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        subprocess.run([uv, "venv", "-q", "--python", sys.executable, str(ENVIRONMENT)], check=True)
        command = [uv, "pip", "install", "-q", "--python", str(python), *PEERS.values()]
        subprocess.run(command, check=True)
        record.write_text(json.dumps(PEERS))
    return python


def elsewhere(python: Path, peer: str, fault: str) -> str:
    """Return what came of one job with another library: videos bought, and how it ended."""
    with provider(fault) as (url, seen):
        command = [str(python), str(Path(__file__).parent / "bill_peers.py"), peer, url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
        return f"{seen.created} · {done.stdout.strip().splitlines()[-1]}"


def ours(variant: str, fault: str) -> str:
    """Return what came of one job with rushes."""
    with (
        tempfile.TemporaryDirectory() as home,
        Sandbox(queue_seconds=0, render_seconds=3600) as sandbox,
        Client(
            keys=dict.fromkeys(sandbox.base_urls, sandbox.key),
            base_urls=sandbox.base_urls,
            home=home,
            clock=Clock(longest=0.1),
        ) as client,
    ):
        sandbox.inject(fault)
        try:
            client.submit(variant, Request("A red kite", duration=5))
            end = "success"
        except RushesError as error:
            end = f"`{type(error).__name__}`"
        return f"{len(sandbox.created)} · {end}"


def table() -> str:
    """Run everything; return the table."""
    python = install()
    heads = " | ".join(words for words, _ in FAULTS.values())
    lines = [f"| a task is created, but | {heads} |", "|---" * (1 + len(FAULTS)) + "|"]
    for variant, words in OURS.items():
        cells = [ours(variant, name) for _, name in FAULTS.values()]
        lines.append(f"| {words} | {' | '.join(cells)} |")
    for peer, words in NAMES.items():
        cells = [elsewhere(python, peer, fault) for fault in FAULTS]
        version = PEERS[peer].partition("==")[2]
        lines.append(f"| {words} ({version}) | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name}")
    given = parser.parse_args()
    found = table()
    print(found)
    if given.write:
        text = PAGE.read_text(encoding="utf-8")
        before, _, rest = text.partition(BEGIN)
        after = rest.partition(END)[2]
        PAGE.write_text(f"{before}{BEGIN}\n{found}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
