"""The rows that need more than a fault of the sandbox, and those proven elsewhere."""

from dataclasses import dataclass

from faults.case import COMMAND, Row
from faults.providers import PROVIDERS, UPLOADING


@dataclass(frozen=True)
class CallbackStop(Row):
    """The client is stopped by a callback that raises at a state of the task."""

    state: str = ""
    by: str = ""


@dataclass(frozen=True)
class StalledCall(Row):
    """The client is stopped while a call waits for its answer."""

    fault: str = ""


@dataclass(frozen=True)
class MemoryRow(Row):
    """Too much data arrives, and memory is measured."""

    fault: str = ""
    image: bool = False


_STATES = ("recorded", "sending", "queued", "in_progress", "completed")
_HELD = {
    "stall-after-create": "the submit",
    "status-stall": "a poll",
    "download-stall": "the download",
}

CALLBACKS = tuple(
    CallbackStop("stopped", f"{who} when the task is reported {state}", state=state, by=by)
    for by, who in (("callback", "A callback raises"), ("ctrl-c", "Ctrl-C is pressed"))
    for state in _STATES
)
CANCELLED = tuple(
    StalledCall("stopped", f"`task.cancel()` during {what}", clients=("async",), fault=fault)
    for fault, what in _HELD.items()
)
CTRL_C = tuple(
    StalledCall("stopped", f"Ctrl-C to `rushes` during {what}", clients=COMMAND, fault=fault)
    for fault, what in _HELD.items()
)
STOPPED = (*CALLBACKS, *CANCELLED, *CTRL_C)

NO_FOLDER = Row("disk", "The output folder is a file, before the submit")
FULL_BEFORE = Row("disk", "The disk is full before the submit")
FULL = Row("disk", "The disk is full during the download")
FOLDER_GONE = Row("disk", "The output folder is replaced by a file before the download")
DISK = (NO_FOLDER, FULL_BEFORE, FULL, FOLDER_GONE)

ANOTHER_KEY = Row("status", "The key is no longer accepted; then another one is given")
ANOTHER_ADDRESS = Row("status", "The base URL has changed when the task is resumed")
UNKNOWN_ELSEWHERE = Row(
    "submit", "No answer to the submit, and the base URL has changed when the task is resumed"
)

MALFORMED = Row("installed", "A distribution's `entry_points.txt` is malformed")
HOOK_EXITS = Row("installed", "A hook exits the program (`SystemExit`)")
OBSERVER_EXITS = Row("installed", "An observer exits the program (`SystemExit`)")
STRANGER = Row("installed", "A second distribution installs a variant under the provider's name")
INSTALLED = (MALFORMED, HOOK_EXITS, OBSERVER_EXITS, STRANGER)

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
        ("drip", "comes one byte at a time"),
        ("bomb", "is gzip that decompresses to 256 MB"),
    )
    for step, what, fault in (
        ("submit", "the answer to a submit", "{how}-after-create"),
        ("status", "the answer to a poll", "{step}-{how}"),
        ("upload", "the answer to an upload", "{step}-{how}"),
        ("download", "the video", "{step}-{how}"),
    )
)

WRONG_USAGE = Row("command", "A wrong option", clients=COMMAND)
NO_KEY = Row("command", "No key", clients=COMMAND)
NOT_BOUGHT = Row("command", "Refused by the provider", clients=COMMAND)
FAILED = Row("command", "Failed by the provider", clients=COMMAND)
NO_FILM = Row("command", "The result is not a video", clients=COMMAND)
IMPATIENT = Row("command", "Stopped waiting", clients=COMMAND)
UNCLEAR = Row(
    "command",
    "No answer to the submit",
    providers=tuple(name for name, each in PROVIDERS.items() if not each.takes_up),
    clients=COMMAND,
)
COMMANDS = (WRONG_USAGE, NO_KEY, NOT_BOUGHT, FAILED, NO_FILM, IMPATIENT, UNCLEAR)

SDK = Row("submit", "A plugin around a vendor's SDK, which retries by itself")
"""There can be none: a hook describes the call, and the core makes it once."""
