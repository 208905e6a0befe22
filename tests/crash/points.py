"""The named points: where a process is killed, and what must be true afterwards."""

from dataclasses import dataclass
from pathlib import Path

from crash.fork_server import HANG_SECONDS
from crash.jobs import Harness


@dataclass(frozen=True)
class Point:
    """A point of a job's life at which the process is known to be when it is killed.

    `stop` is a point of its own code (see `job_process.py`), `hold` a fault of the sandbox that
    holds an answer back. `state` is what the journal says then, `billed` whether there is a bill,
    `filed` whether the film has its final name.
    """

    name: str
    stop: str | None = None
    hold: str | None = None
    state: str | None = None
    billed: bool = False
    filed: bool = False


POINTS = (
    Point("before the record", stop="before add"),
    Point("recorded, not sent", stop="after add", state="recorded"),
    Point("record says sending, nothing has left", stop="after sending", state="sending"),
    Point("claim checked, the first byte is next", stop="before leaving", state="sending"),
    Point("POST under way, nothing created", hold="stall-before-create", state="sending"),
    Point("created, no answer yet", hold="stall-after-create", state="sending", billed=True),
    Point("answered, receipt not written", stop="before queued", state="sending", billed=True),
    Point("receipt written", stop="after queued", state="queued", billed=True),
    Point("a poll under way", hold="status-stall", state="queued", billed=True),
    Point("between two polls", stop="after in_progress", state="in_progress", billed=True),
    Point("completion not written", stop="before completed", state="in_progress", billed=True),
    Point("completed, not fetched", stop="after completed", state="completed", billed=True),
    Point("halfway through the download", hold="download-stall", state="completed", billed=True),
    Point("download whole, not renamed", stop="before rename", state="completed", billed=True),
    Point(
        "renamed, not recorded", stop="after rename", state="completed", billed=True, filed=True
    ),
    Point("all recorded", stop="after file", state="completed", billed=True, filed=True),
)  # fmt: skip


def kill_at(point: Point, harness: Harness, home: Path, provider: str) -> str:
    """Kill a job's process at a point, finish the job, check all; return how it was finished."""
    name = "row" if harness.journal else "kite"
    job = harness.job(home, f"{name}-{POINTS.index(point)}", provider)
    names = [point.hold] if point.hold else []
    names.append("progress-null")  # so that the first poll finds it in progress
    orders = [harness.sandbox.inject(name, gateway=provider) for name in names]
    process = job.start("generate", stop=point.stop)
    if point.stop:
        process.wait_for("stopped")
    else:
        assert orders[0].wait(HANG_SECONDS), f"the process never came to {point.name!r}"
        if point.hold == "download-stall":
            job.wait_for_half()
    process.kill()
    process.reap()
    for order in orders:
        order.cancel()

    task = job.check_invariants()
    state = task.state if task else None
    found = (state, len(job.bills()), job.output.exists())
    assert found == (point.state, point.billed, point.filed), f"{job!r}, {point.name}: {found}"
    before = job.call_counts()
    how = job.resume()
    asked = job.call_counts() - before
    went = (how, asked["submit"], asked["fetch"])
    wanted = (expected(point, provider), posts(point, provider), fetches(point, how))
    assert went == wanted, f"{job!r}, {point.name}: {went}, not {wanted}"
    return how


def expected(point: Point, provider: str) -> str:
    """Return how a job must be finished."""
    if point.state is None:
        return "again"
    if point.state == "sending" and provider == "uniall":
        return "resolved: its id" if point.billed else "resolved: lost"
    return "resumed"


def posts(point: Point, provider: str) -> int:
    """Return how many creating calls must follow the crash."""
    if point.state in (None, "recorded"):
        return 1
    if point.state != "sending" or provider == "uniall":
        return 0
    found = provider == "toapis" and point.billed  # by look-up; else it is replayed
    return 0 if found else 1


def fetches(point: Point, how: str) -> int:
    """Return how many downloads must follow the crash."""
    # What the file will be is recorded before it gets its name, so that it is recognised.
    there = point.stop in ("after rename", "after file")
    return 0 if there or how == "resolved: lost" else 1
