"""What must hold for every job at any time, whatever has happened to it."""

from itertools import pairwise

from rushes import Task
from simulation_world import World

RANK = {
    "recorded": 0, "refused": 0, "sending": 0, "unknown": 1, "queued": 2, "in_progress": 3,
    "completed": 4, "failed": 5, "cancelled": 5, "expired": 5, "lost": 5,
}  # fmt: skip
"""How much is known. A video that was ready may be gone at the provider later."""


def violated_invariants(world: World, jobs: tuple[str, ...]) -> list[str]:
    """Return the invariants that a world violates."""
    found = list(world.violations)
    for job in jobs:
        bills, file = world.provider.of(job), world.output(job)
        if len(bills) > 1:
            found.append(f"{job} is billed {len(bills)} times")
        task = world.task(job)
        if task is None:
            found += [f"{job} is billed and not recorded"] if bills else []
            continue
        if task.state in ("recorded", "refused") and bills:
            found.append(f"{job} is {task.state} and billed")
        if file.exists() and file.read_bytes() not in [clip.video for clip in bills]:
            found.append(f"{job} has a file that is not its video")
        if task.file and not file.exists():
            found.append(f"{job} has no file, and the record says it has")
        history = world.memory.history[job]
        for before, after in pairwise(history):
            found += [f"{job}: {word}" for word in _worse(before, after)]
    return found


def _worse(before: Task, after: Task) -> list[str]:
    """Return what got lost between two records of a task."""
    found = []
    if RANK[after.state] < RANK[before.state]:
        found.append(f"{before.state} becomes {after.state}")
    if RANK[before.state] == 5 and after.state != before.state:
        found.append(f"{before.state} was an end, and becomes {after.state}")
    if before.receipt and after.receipt != before.receipt:
        found.append(f"the receipt {before.receipt} becomes {after.receipt}")
    if before.file and not after.file:
        found.append("the file is forgotten")
    kept = ("id", "variant", "base_url", "client_id", "fingerprint", "call", "created_at", "output")
    changed = [name for name in kept if getattr(before, name) != getattr(after, name)]
    return [*found, *(f"its {name} changes" for name in changed)]
