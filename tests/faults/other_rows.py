"""The rows that a fault of the sandbox alone does not make, and those that are proven elsewhere."""

from dataclasses import dataclass

from faults.case import COMMAND, Row
from faults.file_cases import UPLOADING


@dataclass(frozen=True)
class CallbackStop(Row):
    """Somebody stops the client: a callback that raises, at a state of the task."""

    state: str = ""
    by: str = ""


@dataclass(frozen=True)
class StalledCall(Row):
    """Somebody stops the client while a call waits for its answer."""

    fault: str = ""


@dataclass(frozen=True)
class MemoryRow(Row):
    """Too much comes, and memory is measured."""

    fault: str = ""
    image: bool = False


_STATES = ("recorded", "sending", "queued", "in_progress", "completed")
_HELD = {
    "stall-after-create": "the submit",
    "status-stall": "a look",
    "download-stall": "the video",
}

CALLBACKS = tuple(
    CallbackStop("stopped", f"{who} as the task is told to be {state}", state=state, by=by)
    for by, who in (("callback", "A callback raises"), ("ctrl-c", "Ctrl-C comes"))
    for state in _STATES
)
CANCELLED = tuple(
    StalledCall(
        "stopped", f"`task.cancel()` while {what} is waited for", clients=("async",), fault=fault
    )
    for fault, what in _HELD.items()
)
CTRL_C = tuple(
    StalledCall(
        "stopped", f"Ctrl-C to `rushes` while {what} is waited for", clients=COMMAND, fault=fault
    )
    for fault, what in _HELD.items()
)
STOPPED = (*CALLBACKS, *CANCELLED, *CTRL_C)

NO_FOLDER = Row("disk", "The place for the video is not a folder, before the submit")
FULL_BEFORE = Row("disk", "The disk is full before the submit")
FULL = Row("disk", "The disk is full when the video comes")
FOLDER_GONE = Row("disk", "The folder is gone, a file in its place, when the video comes")
DISK = (NO_FOLDER, FULL_BEFORE, FULL, FOLDER_GONE)

ANOTHER_KEY = Row("status", "The key is no longer taken, then another one is given")
ANOTHER_ADDRESS = Row("status", "The base URL is another one when the task is taken up")
UNKNOWN_ELSEWHERE = Row(
    "submit", "Nobody answers, and the base URL is another one when the task is taken up"
)

MALFORMED = Row("installed", "A distribution's `entry_points.txt` is malformed")
HOOK_LEAVES = Row("installed", "A hook ends the program (`SystemExit`)")
OBSERVER_LEAVES = Row("installed", "An observer ends the program (`SystemExit`)")
STRANGER = Row("installed", "A second distribution brings a variant under the provider's name")
INSTALLED = (MALFORMED, HOOK_LEAVES, OBSERVER_LEAVES, STRANGER)

MEMORY = tuple(
    MemoryRow(
        "memory",
        f"Memory, while {what} {how}",
        **({"providers": UPLOADING} if step == "upload" else {}),
        fault=fault.format(step=step, how=name),
        image=step == "upload",
    )
    for name, how in (
        ("endless", "does not end"),
        ("drip", "drips one byte at a time"),
        ("bomb", "is gzip that unpacks to 256 MB"),
    )
    for step, what, fault in (
        ("submit", "the answer to a submit", "{how}-after-create"),
        ("status", "the answer to a look", "{step}-{how}"),
        ("upload", "the answer to an upload", "{step}-{how}"),
        ("download", "the video", "{step}-{how}"),
    )
)

WRONG_USAGE = Row("command", "A wrong option", clients=COMMAND)
NO_KEY = Row("command", "No key", clients=COMMAND)
NOT_BOUGHT = Row("command", "Refused by the provider", clients=COMMAND)
FAILED = Row("command", "Failed by the provider", clients=COMMAND)
NO_FILM = Row("command", "What arrives is not a video", clients=COMMAND)
IMPATIENT = Row("command", "Stopped waiting", clients=COMMAND)
UNCLEAR = Row("command", "Nobody answers the submit", providers=("uniall",), clients=COMMAND)
COMMANDS = (WRONG_USAGE, NO_KEY, NOT_BOUGHT, FAILED, NO_FILM, IMPATIENT, UNCLEAR)

SDK = Row("submit", "A plugin around a vendor's SDK, which retries by itself")
"""There is none: a hook describes the call, and the core makes it once."""
