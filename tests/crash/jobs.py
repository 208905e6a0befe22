"""One paid job through its crashes: started, killed, judged, resumed, judged again."""

import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
from rushes import SQLiteJournal, Task
from rushes_sandbox import Exchange, Sandbox
from rushes_sandbox import GatewayTask as Created

from crash.nursery import HANG, Hung, Nursery, Victim
from crash.victims import Ended, Order

VARIANTS = {
    "toapis": ("toapis/kling-v3", 5),
    "apimart": ("apimart/kling-v3", 3),
    "uniall": ("uniall/kling-v3-std-silent", 3),
}
"""What each provider makes, and the least seconds that it makes of it."""
PROMPTS = ("A red kite over dunes", "A lantern sways over a wet street")


class Stage:
    """A sandbox and a nursery for one job after the other."""

    def __init__(self, sandbox: Sandbox, nursery: Nursery) -> None:
        self.sandbox, self.nursery = sandbox, nursery

    def job(self, home: Path, task: str, provider: str, prompt: int = 0) -> "Job":
        """Think of a job; nothing is done yet."""
        return Job(self, home, task, provider, PROMPTS[prompt])


class Job:
    """A job, what the sandbox has seen of it, and what its journal says."""

    def __init__(self, stage: Stage, home: Path, task: str, provider: str, prompt: str) -> None:
        variant, seconds = VARIANTS[provider]
        sandbox = stage.sandbox
        self.stage, self.provider = stage, provider
        self.output = home / "films" / task / "film.mp4"
        self.order = Order(
            verb="generate",
            home=str(home),
            keys={provider: sandbox.key},
            base_urls={provider: sandbox.base_urls[provider]},
            variant=variant,
            request={"prompt": prompt, "duration": seconds, **_marked(provider, task)},
            task=task,
            output=str(self.output),
        )
        self._exchanges = len(sandbox.exchanges)

    def __repr__(self) -> str:
        return f"<{self.order.task} at {self.provider}>"

    def start(
        self,
        verb: str,
        *,
        stop: str | None = None,
        remote_id: str | None = None,
        lease: float | None = None,
        nursery: Nursery | None = None,
    ) -> Victim:
        """Start a process that works on it."""
        order = msgspec.structs.replace(
            self.order, verb=verb, stop=stop, remote_id=remote_id, lease=lease
        )
        return (nursery or self.stage.nursery).start(order)

    def bills(self) -> list[str]:
        """Return the ids of what the provider has created for it."""
        return [task.id for task in self._created()]

    def seen(self) -> Counter[str]:
        """Count what the provider was asked: `submit`, `look`, `fetch`."""
        return Counter(map(kind, self.stage.sandbox.exchanges[self._exchanges :]))

    def record(self) -> Task | None:
        """Read what the journal says, after SQLite has said that the file is whole."""
        path = Path(self.order.home) / "journal.db"
        if not path.exists():
            return None
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        with closing(SQLiteJournal(path)) as journal:
            found = journal.find(self.order.task)
        assert [task.id for task in found] in ([], [self.order.task])
        return found[0] if found else None

    def judge(self) -> Task | None:
        """Check what must be true at any moment, also of the dead; return the record."""
        task, bills = self.record(), self.bills()
        assert len(bills) <= 1, f"{self!r} is billed {len(bills)} times"
        if bills:
            assert task, f"{self!r} is billed and nowhere recorded"
        if self.provider == "uniall":  # it knows no key: any second call may be a second bill
            assert self.seen()["submit"] <= 1
        if task and task.remote_id:
            assert [task.remote_id] == bills
        if self.output.exists():
            assert self.output.read_bytes() == self._film(), f"{self!r} has a wrong file"
        elif task:
            assert task.file is None
        return task

    def judge_delivered(self) -> None:
        """Check that it is over: billed once, the film at its place, and nothing beside it."""
        task = self.judge()
        assert task
        assert (task.state, task.file) == ("completed", str(self.output))
        assert self.bills() == [task.remote_id]
        assert list(self.output.parent.iterdir()) == [self.output]

    def resume(self) -> str:
        """Bring it to its end in a process of its own, as a person would; return how it went.

        `again`: nothing was recorded, so it was started again. `resumed`: as it should be.
        `told`: nobody could know what became of the submit, so it was looked up by hand.
        """
        if self.record() is None:
            assert not self.bills()
            self._done("generate")
            return self._end("again")
        ended = self._worked("resume")
        if ended.error is None:
            return self._end("resumed")
        assert ended.error == "OutcomeUnknownError", ended
        assert self.provider == "uniall", ended  # the others can be asked, or replay
        task = self.judge()
        assert task
        assert task.state == "unknown"
        bills = self.bills()
        self._done("resolve", remote_id=bills[0] if bills else None)
        if not bills:
            task = self.judge()
            assert task
            assert task.state == "lost"
            return "told: lost"
        self._done("resume")
        return self._end("told: its id")

    def wait_for_half(self) -> None:
        """Wait until a good part of the film is written beside its place."""
        quarter, end = len(self._film()) / 4, time.monotonic() + HANG
        while not any(part.stat().st_size > quarter for part in self.output.parent.glob(".*.part")):
            if time.monotonic() > end:
                raise Hung(f"nothing of the film of {self!r} is written within {HANG:g} s")
            time.sleep(0.002)  # a file tells nobody that it has grown

    def _end(self, how: str) -> str:
        self.judge_delivered()
        return how

    def _done(self, verb: str, *, remote_id: str | None = None) -> None:
        ended = self._worked(verb, remote_id=remote_id)
        assert ended.error is None, ended

    def _worked(self, verb: str, *, remote_id: str | None = None) -> Ended:
        """Let a process do it to the end; no claim of the dead may hold it up."""
        victim = self.start(verb, remote_id=remote_id)
        ended = victim.ended()
        victim.bury()
        assert ended, f"the process that was to {verb} vanished: {victim.said}"
        assert "kept-out" not in victim.said, "a claim of the dead holds"
        return ended

    def _film(self) -> bytes:
        (made,) = self._created()
        return made.video.path.read_bytes()

    def _created(self) -> list[Created]:
        mine = (self.provider, self.order.task)
        return [made for made in self.stage.sandbox.created if (made.gateway, name(made)) == mine]


def _marked(provider: str, task: str) -> dict[str, Any]:
    """Put our name into a request where the provider takes no name of ours."""
    return {"extra": {"extra_body": {"job": task}}} if provider == "uniall" else {}


def name(task: Created) -> str:
    """Return our name of what the sandbox has created."""
    return task.client_id or str(task.body["extra_body"]["job"])


def kind(exchange: Exchange) -> str:
    """Tell what a request was for."""
    if exchange.method == "POST":
        return "submit"
    return "fetch" if exchange.path.startswith("/results/") else "look"
