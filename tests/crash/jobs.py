"""One paid job through its crashes: started, killed, checked, resumed, checked again."""

import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
from rushes import PostgresJournal, SQLiteJournal, Task
from rushes_sandbox import Exchange, Sandbox
from rushes_sandbox import GatewayTask as Created

from crash.fork_server import HANG_SECONDS, ForkServer, HangError, JobProcess
from crash.job_process import ExitReport, JobSpec

VARIANTS = {
    "toapis": ("toapis/kling-v3", 5),
    "apimart": ("apimart/kling-v3", 3),
    "uniall": ("uniall/kling-v3-std-silent", 3),
}
"""A variant of each provider, and its shortest duration in seconds."""
PROMPTS = ("A red kite over dunes", "A lantern sways over a wet street")


class Harness:
    """A sandbox and a fork server, which run one job after the other."""

    def __init__(
        self, sandbox: Sandbox, fork_server: ForkServer, journal: str | None = None
    ) -> None:
        self.sandbox, self.fork_server, self.journal = sandbox, fork_server, journal

    def job(self, home: Path, task: str, provider: str, prompt: int = 0) -> "Job":
        """Describe a job; nothing is started yet."""
        return Job(self, home, task, provider, PROMPTS[prompt])


class Job:
    """A job, the sandbox's log of it, and its record in the journal."""

    def __init__(self, harness: Harness, home: Path, task: str, provider: str, prompt: str) -> None:
        variant, seconds = VARIANTS[provider]
        sandbox = harness.sandbox
        self.harness, self.provider = harness, provider
        self.output = home / "films" / task / "film.mp4"
        self.spec = JobSpec(
            verb="generate",
            home=str(home),
            keys={provider: sandbox.key},
            base_urls={provider: sandbox.base_urls[provider]},
            variant=variant,
            request={"prompt": prompt, "duration": seconds, **_marked(provider, task)},
            task=task,
            output=str(self.output),
            journal=harness.journal,
        )
        self._exchanges = len(sandbox.exchanges)

    def __repr__(self) -> str:
        return f"<{self.spec.task} at {self.provider}>"

    def start(
        self,
        verb: str,
        *,
        stop: str | None = None,
        remote_id: str | None = None,
        lease: float | None = None,
        fork_server: ForkServer | None = None,
    ) -> JobProcess:
        """Start a process that works on it."""
        spec = msgspec.structs.replace(
            self.spec, verb=verb, stop=stop, remote_id=remote_id, lease=lease
        )
        return (fork_server or self.harness.fork_server).start(spec)

    def bills(self) -> list[str]:
        """Return the ids of what the provider has created for it."""
        return [task.id for task in self._created()]

    def call_counts(self) -> Counter[str]:
        """Count the requests that the provider received: `submit`, `poll`, `fetch`."""
        return Counter(map(call_kind, self.harness.sandbox.exchanges[self._exchanges :]))

    def record(self) -> Task | None:
        """Read the record from the journal, after SQLite has checked a file."""
        path = Path(self.spec.home) / "journal.db"
        if self.spec.journal is not None:
            opened: SQLiteJournal | PostgresJournal = PostgresJournal(self.spec.journal)
        elif path.exists():
            opened = SQLiteJournal(path)
            with closing(sqlite3.connect(path, timeout=30)) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        else:
            return None
        with closing(opened) as journal:
            found = journal.find(self.spec.task)
        assert [task.id for task in found] in ([], [self.spec.task])
        return found[0] if found else None

    def check_invariants(self) -> Task | None:
        """Check what must be true at any moment, even after a kill; return the record."""
        task, bills = self.record(), self.bills()
        assert len(bills) <= 1, f"{self!r} is billed {len(bills)} times"
        if bills:
            assert task, f"{self!r} is billed and nowhere recorded"
        if (
            self.provider == "uniall"
        ):  # it has no idempotency key: a second call may be a second bill
            assert self.call_counts()["submit"] <= 1
        if task and task.remote_id:
            assert [task.remote_id] == bills
        if self.output.exists():
            assert self.output.read_bytes() == self._film(), f"{self!r} has a wrong file"
        elif task:
            assert task.file is None
        return task

    def check_delivered(self) -> None:
        """Check that it is done: billed once, the film in place, and no other file beside it."""
        task = self.check_invariants()
        assert task
        assert (task.state, task.file) == ("completed", str(self.output))
        assert self.bills() == [task.remote_id]
        assert list(self.output.parent.iterdir()) == [self.output]

    def resume(self) -> str:
        """Finish it in new processes, as a user would; return how.

        `again`: nothing was recorded, so it was started again. `resumed`: `resume` was enough.
        `resolved`: the outcome of the submit was unknown, so the user looked it up and resolved it.
        """
        if self.record() is None:
            assert not self.bills()
            self._succeed("generate")
            return self._delivered("again")
        report = self._run("resume")
        if report.error is None:
            return self._delivered("resumed")
        assert report.error == "OutcomeUnknownError", report
        assert self.provider == "uniall", report  # the others can look it up or replay it
        task = self.check_invariants()
        assert task
        assert task.state == "unknown"
        bills = self.bills()
        self._succeed("resolve", remote_id=bills[0] if bills else None)
        if not bills:
            task = self.check_invariants()
            assert task
            assert task.state == "lost"
            return "resolved: lost"
        self._succeed("resume")
        return self._delivered("resolved: its id")

    def wait_for_half(self) -> None:
        """Wait until a good part of the film is in its part file."""
        quarter, end = len(self._film()) / 4, time.monotonic() + HANG_SECONDS
        while not any(part.stat().st_size > quarter for part in self.output.parent.glob(".*.part")):
            if time.monotonic() > end:
                raise HangError(
                    f"nothing of the film of {self!r} is written within {HANG_SECONDS:g} s"
                )
            time.sleep(0.002)  # a file's growth can only be polled

    def _delivered(self, how: str) -> str:
        self.check_delivered()
        return how

    def _succeed(self, verb: str, *, remote_id: str | None = None) -> None:
        report = self._run(verb, remote_id=remote_id)
        assert report.error is None, report

    def _run(self, verb: str, *, remote_id: str | None = None) -> ExitReport:
        """Run a process to its end; no claim of a dead process may keep it out."""
        process = self.start(verb, remote_id=remote_id)
        report = process.wait()
        process.reap()
        assert report, f"the process that should {verb} vanished: {process.lines}"
        assert "kept-out" not in process.lines, "a dead process's claim still holds"
        return report

    def _film(self) -> bytes:
        (made,) = self._created()
        return made.video.path.read_bytes()

    def _created(self) -> list[Created]:
        mine = (self.provider, self.spec.task)
        return [
            made for made in self.harness.sandbox.created if (made.gateway, job_name(made)) == mine
        ]


def _marked(provider: str, task: str) -> dict[str, Any]:
    """Mark the body with our name, where the provider has no field for it."""
    return {"extra": {"extra_body": {"job": task}}} if provider == "uniall" else {}


def job_name(task: Created) -> str:
    """Return our name for a task of the sandbox."""
    return task.client_id or str(task.body["extra_body"]["job"])


def call_kind(exchange: Exchange) -> str:
    """Return what a request was for."""
    if exchange.method == "POST":
        return "submit"
    return "fetch" if exchange.path.startswith("/results/") else "poll"
