"""How long a task took, from its history."""

from collections.abc import Sequence

from rushes import Task

from rushes_compare.results import Timing


def timing(history: Sequence[Task]) -> Timing:
    """Return the times between a task's changes, in seconds; None for what no poll saw.

    They are as precise as the polls: a change is noticed when the provider is polled. If no poll
    saw the rendering start, `waiting` stands for both. For a task without a video, rendering ends
    when the task does.
    """
    sent = _first(history, "sending")
    accepted = next((task.updated_at for task in history if task.receipt), None)
    started = _first(history, "in_progress")
    done = _first(history, "completed")
    over = _first(history, "completed", "failed", "cancelled", "expired")
    there = next((task.updated_at for task in history if task.file), None)
    return Timing(
        accepting=_between(sent, accepted),
        queued=_between(accepted, started),
        rendering=_between(started, over),
        waiting=_between(accepted, over) if started is None else None,
        downloading=_between(done, there),
    )


def _first(history: Sequence[Task], *states: str) -> float | None:
    return next((task.updated_at for task in history if task.state in states), None)


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else round(max(end - start, 0.0), 3)
