"""What a case is: what goes wrong, and what is expected."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from rushes_sandbox import FAULTS

from faults.providers import PROVIDERS, that_can

if TYPE_CHECKING:
    from faults.fault_run import FaultRun

CLIENTS = ("sync", "async")
COMMAND = ("command",)

FollowUp = Literal["nothing", "refused", "resumed", "named", "lost", "ended", "again"]
"""What is tried once the fault is gone, with its outcome.

nothing: the job is done. refused, ended: a resume finds nothing to do. resumed: a resume gets the
video. named: a resume gets it only after the user gave the remote id. lost: only giving the job up
ends it. again: no task was recorded, and repeating the call works.
"""


@dataclass(frozen=True)
class Expected:
    """The expected outcome: exit code, error, task states in the journal, bills, follow-up."""

    exit: int
    error: str
    states: tuple[str, ...]
    bills: int
    follow_up: FollowUp


VIDEO = Expected(0, "", ("completed",), 1, "nothing")
REFUSED = Expected(4, "RefusedError", ("refused",), 0, "refused")
NOT_SENT = Expected(4, "NotSentError", ("refused",), 0, "refused")
REDIRECTED = Expected(3, "ConfigurationError", ("refused",), 0, "refused")
UNKNOWN = Expected(7, "OutcomeUnknownError", ("unknown",), 1, "named")
NOTHING_THERE = Expected(7, "OutcomeUnknownError", ("unknown",), 0, "lost")
FOUND_LATER = Expected(7, "OutcomeUnknownError", ("unknown",), 1, "resumed")
RUNNING = Expected(6, "StillRunningError", ("queued", "in_progress"), 1, "resumed")
NO_VIDEO = Expected(5, "ResultError", ("completed",), 1, "resumed")
NOT_IN_TIME = Expected(6, "StillRunningError", ("completed",), 1, "resumed")
UPLOAD_FAILED = Expected(4, "NotSentError", (), 0, "again")
UPLOAD_REFUSED = Expected(4, "RefusedError", (), 0, "again")


def task_ended(state: str) -> Expected:
    """Return the outcome when the provider ends a task in a state."""
    return Expected(5, "TaskEndedError", (state,), 1, "ended")


@dataclass(frozen=True)
class Row:
    """One line of the table: a step, what goes wrong in it, and what it is tested with."""

    step: str
    name: str
    providers: tuple[str, ...] = tuple(PROVIDERS)
    clients: tuple[str, ...] = CLIENTS


@dataclass(frozen=True)
class Case(Row):
    """A row whose fault the sandbox injects, by its name (empty: nothing goes wrong)."""

    fault: str = ""
    times: int | None = 1
    expected: Mapping[str, Expected] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)
    timeout: float | None = None
    message: str = ""
    image: bool = False
    """Whether the request has a local image, which is uploaded first."""
    public: bool = False
    """Whether the provider appears to be on the internet, with TLS and host names."""
    wrong_certificate: bool = False
    """Whether the base URL leads to a server with another host's certificate."""
    verify: "Callable[[FaultRun], None] | None" = None

    @property
    def slug(self) -> str:
        """A short name for a test's id."""
        lasting = "" if self.times == 1 else "-forever" if self.times is None else f"-{self.times}"
        where = "-public" * self.public + "-tls" * self.wrong_certificate
        return f"{self.fault or 'well'}{lasting}{where}"


_HOW_OFTEN = {1: "", None: " (every time)"}


def fault_case(
    step: str, fault: str, expected: Expected | Mapping[str, Expected], **more: Any
) -> Case:
    """Make a case of a fault of the sandbox, with the sandbox's description."""
    times = more.get("times", 1)
    words = FAULTS[fault].does.rstrip(".").partition(" unless a test releases it")[0]
    words += _HOW_OFTEN.get(times, f" ({times} times)")
    if more.get("public"):
        words += ", at a provider on the internet"
    by_provider = expected if isinstance(expected, Mapping) else dict.fromkeys(PROVIDERS, expected)
    providers = tuple(name for name in more.pop("providers", PROVIDERS) if name in that_can(fault))
    return Case(step, words, fault=fault, expected=by_provider, providers=providers, **more)
