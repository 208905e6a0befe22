"""Faults of status polls."""

from faults.case import NO_VIDEO, RUNNING, VIDEO, Case, fault_case, task_ended
from faults.fault_run import FaultRun
from faults.providers import that_can

STEP = "status"
BRIEF = {"poll": 1.0}
PATIENCE = 300.0
"""Seconds that a client waits for a task; pauses are skipped."""


def polled_once(run: FaultRun) -> None:
    assert len(run.polls) == 1


def kept_the_reason(run: FaultRun) -> None:
    polled_once(run)
    assert "content policy does not allow this video" in str(run.error)


def warned_once(run: FaultRun) -> None:
    assert len(run.polls) > 2
    assert sum("not understood" in line for line in run.warnings) == 1


def gave_it_time(run: FaultRun) -> None:
    assert sum(run.pauses) > 120


def progressed(run: FaultRun) -> None:
    """Progress is a percentage or nothing, and never goes back."""
    states = [task.state for task in run.updates]
    assert states == sorted(states, key=["recorded", "sending", "queued", *_LATER].index)
    known = [task.progress for task in run.updates if task.progress is not None]
    assert known == sorted(known)
    assert all(0 <= progress <= 100 for progress in known)


_LATER = ("in_progress", "completed")


def saw_half(run: FaultRun) -> None:
    progressed(run)
    assert 50 in [task.progress for task in run.updates]


def saw_ninety(run: FaultRun) -> None:
    progressed(run)
    if run.provider in that_can("progress-percent"):
        assert {90, 100} == {task.progress for task in run.updates if task.progress}


_ODD = ("drop", "reset", "endless", "bomb", "500", "html", "cut-json", "empty", "429",
        "unknown-word", "other-task")  # fmt: skip

STATUS: tuple[Case, ...] = (
    *(fault_case(STEP, f"status-{what}", VIDEO, verify=progressed) for what in _ODD),
    *(fault_case(STEP, f"status-{what}", VIDEO, limits=BRIEF) for what in ("stall", "drip")),
    fault_case(STEP, "status-404", VIDEO, times=3),
    fault_case(STEP, "status-backwards", VIDEO, times=4, verify=saw_ninety),
    fault_case(STEP, "progress-percent", VIDEO, verify=saw_half),
    *(
        fault_case(STEP, f"progress-{what}", VIDEO, verify=progressed)
        for what in ("null", "150", "nan", "word", "negative")
    ),
    *(
        fault_case(STEP, f"status-{what}", RUNNING, times=None, timeout=PATIENCE)
        for what in ("drop", "500", "429")
    ),
    *(
        fault_case(
            STEP, f"status-{what}", RUNNING, times=None, timeout=PATIENCE, verify=warned_once
        )
        for what in ("html", "cut-json", "empty", "unknown-word", "other-task")
    ),
    fault_case(STEP, "status-stall", RUNNING, times=None, timeout=60, limits=BRIEF),
    fault_case(
        STEP, "status-404", RUNNING, times=None, verify=gave_it_time,
        message="every poll has been refused",
    ),
    fault_case(STEP, "status-401", RUNNING, message="refused the key from the argument `keys`"),
    fault_case(STEP, "status-cancelled", task_ended("cancelled"), verify=polled_once),
    fault_case(STEP, "status-expired", task_ended("expired"), verify=polled_once),
    fault_case(STEP, "status-failed", task_ended("failed"), verify=kept_the_reason),
    fault_case(STEP, "no-link", NO_VIDEO, message="no address"),
    *(fault_case(STEP, f"link-{what}", NO_VIDEO, message=what) for what in ("file", "ftp")),
    *(
        fault_case(STEP, f"link-{what}", NO_VIDEO, message=words, public=True)
        for what, words in (
            ("file", "file"), ("ftp", "ftp"), ("private", r"10\.0\.0\.1"),
            ("metadata", r"169\.254\.169\.254"),
        )
    ),
)  # fmt: skip
