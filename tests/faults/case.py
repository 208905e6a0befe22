"""What a case is: what goes wrong, and what must come of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from rushes_sandbox import FAULTS

if TYPE_CHECKING:
    from faults.bench import Bench

PROVIDERS = ("toapis", "apimart", "uniall")
CLIENTS = ("sync", "async")
COMMAND = ("command",)

Then = Literal["nothing", "refused", "resumed", "named", "lost", "ended", "again"]
"""What is tried afterwards, the fault being gone.

nothing: it is done. refused, ended: a resume finds nothing to do. resumed: a resume brings the
video. named: only the remote id, told by hand, brings it. lost: only giving it up ends it.
again: no task was recorded, and the same call works.
"""


@dataclass(frozen=True)
class End:
    """What must come of a case: exit code, error, the task's state in the journal, bills."""

    exit: int
    error: str
    states: tuple[str, ...]
    bills: int
    then: Then


VIDEO = End(0, "", ("completed",), 1, "nothing")
REFUSED = End(4, "RefusedError", ("refused",), 0, "refused")
NOT_SENT = End(4, "NotSentError", ("refused",), 0, "refused")
REDIRECTED = End(3, "ConfigurationError", ("refused",), 0, "refused")
UNKNOWN = End(7, "OutcomeUnknownError", ("unknown",), 1, "named")
NOTHING_THERE = End(7, "OutcomeUnknownError", ("unknown",), 0, "lost")
FOUND_LATER = End(7, "OutcomeUnknownError", ("unknown",), 1, "resumed")
RUNNING = End(6, "StillRunningError", ("queued", "in_progress"), 1, "resumed")
NO_VIDEO = End(5, "ResultError", ("completed",), 1, "resumed")
NOT_IN_TIME = End(6, "StillRunningError", ("completed",), 1, "resumed")
UPLOAD_FAILED = End(4, "NotSentError", (), 0, "again")
UPLOAD_REFUSED = End(4, "RefusedError", (), 0, "again")


def ended(state: str) -> End:
    """Return the end that a provider puts to a task."""
    return End(5, "TaskEndedError", (state,), 1, "ended")


@dataclass(frozen=True)
class Row:
    """One line of the table: a step, what happens there, and who is put through it."""

    step: str
    name: str
    providers: tuple[str, ...] = PROVIDERS
    clients: tuple[str, ...] = CLIENTS


@dataclass(frozen=True)
class Case(Row):
    """A row that the sandbox makes happen, by the name of its fault (none: all is well)."""

    fault: str = ""
    times: int | None = 1
    ends: Mapping[str, End] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)
    timeout: float | None = None
    says: str = ""
    image: bool = False
    """Whether the request has a local image, which is uploaded first."""
    public: bool = False
    """Whether the provider seems to be on the internet, behind TLS and names."""
    strange: bool = False
    """Whether the base URL leads to a server with another host's certificate."""
    also: "Callable[[Bench], None] | None" = None

    @property
    def slug(self) -> str:
        """A short name for a test's id."""
        lasting = "" if self.times == 1 else "-for-ever" if self.times is None else f"-{self.times}"
        return f"{self.fault or 'well'}{lasting}{'-public' * self.public}{'-tls' * self.strange}"


_HOW_OFTEN = {1: "", None: " (for ever)"}


def struck(step: str, fault: str, end: End | Mapping[str, End], **more: Any) -> Case:
    """Make a case of a fault of the sandbox, in the sandbox's words."""
    times = more.get("times", 1)
    words = FAULTS[fault].does.rstrip(".").partition(" unless a test releases it")[0]
    words += _HOW_OFTEN.get(times, f" ({times} times)")
    if more.get("public"):
        words += ", at a provider on the internet"
    ends = end if isinstance(end, Mapping) else dict.fromkeys(PROVIDERS, end)
    return Case(step, words, fault=fault, ends=ends, **more)
