"""Faults of the answers about a task."""

from faults.bench import Bench
from faults.case import NO_VIDEO, RUNNING, VIDEO, Case, ended, struck

STEP = "status"
BRIEF = {"poll": 1.0}
PATIENCE = 60.0
"""Seconds that a client waits for a task; pauses are noted and not slept."""


def looked_once(bench: Bench) -> None:
    assert len(bench.looks) == 1


def kept_the_reason(bench: Bench) -> None:
    looked_once(bench)
    assert "content policy does not allow this video" in str(bench.error)


def warned_once(bench: Bench) -> None:
    assert len(bench.looks) > 2
    assert sum("not understood" in line for line in bench.warnings) == 1


def gave_it_time(bench: Bench) -> None:
    assert sum(bench.pauses) > 120


def progressed(bench: Bench) -> None:
    """Progress is a percentage or nothing, and never goes back."""
    states = [task.state for task in bench.updates]
    assert states == sorted(states, key=["recorded", "sending", "queued", *_LATER].index)
    known = [task.progress for task in bench.updates if task.progress is not None]
    assert known == sorted(known)
    assert all(0 <= progress <= 100 for progress in known)


_LATER = ("in_progress", "completed")


def saw_half(bench: Bench) -> None:
    progressed(bench)
    assert 50 in [task.progress for task in bench.updates]


def saw_ninety(bench: Bench) -> None:
    progressed(bench)
    assert {90, 100} == {task.progress for task in bench.updates if task.progress}


_ODD = ("drop", "reset", "endless", "bomb", "500", "html", "cut-json", "empty", "429",
        "unknown-word", "other-task")  # fmt: skip

STATUS: tuple[Case, ...] = (
    *(struck(STEP, f"status-{what}", VIDEO, also=progressed) for what in _ODD),
    *(struck(STEP, f"status-{what}", VIDEO, limits=BRIEF) for what in ("stall", "drip")),
    struck(STEP, "status-404", VIDEO, times=3),
    struck(STEP, "status-backwards", VIDEO, times=4, also=saw_ninety),
    struck(STEP, "progress-percent", VIDEO, also=saw_half),
    *(
        struck(STEP, f"progress-{what}", VIDEO, also=progressed)
        for what in ("null", "150", "nan", "word", "negative")
    ),
    *(
        struck(STEP, f"status-{what}", RUNNING, times=None, timeout=PATIENCE)
        for what in ("drop", "500", "429")
    ),
    *(
        struck(STEP, f"status-{what}", RUNNING, times=None, timeout=PATIENCE, also=warned_once)
        for what in ("html", "cut-json", "empty", "unknown-word", "other-task")
    ),
    struck(STEP, "status-stall", RUNNING, times=None, timeout=15, limits=BRIEF),
    struck(
        STEP, "status-404", RUNNING, times=None, also=gave_it_time, says="has not known this task"
    ),
    struck(STEP, "status-401", RUNNING, says="refused the key from the argument `keys`"),
    struck(STEP, "status-cancelled", ended("cancelled"), also=looked_once),
    struck(STEP, "status-expired", ended("expired"), also=looked_once),
    struck(STEP, "status-failed", ended("failed"), also=kept_the_reason),
    struck(STEP, "no-link", NO_VIDEO, says="no address"),
    *(struck(STEP, f"link-{what}", NO_VIDEO, says=what) for what in ("file", "ftp")),
    *(
        struck(STEP, f"link-{what}", NO_VIDEO, says=words, public=True)
        for what, words in (
            ("file", "file"), ("ftp", "ftp"), ("private", r"10\.0\.0\.1"),
            ("metadata", r"169\.254\.169\.254"),
        )
    ),
)  # fmt: skip
