"""A task as bytes: its record and its call as JSON; once it is finished, all of it in one piece.

While a task is unfinished, its record, its call and each of its changes are rows of their own: a
call may be large and is written once. They repeat each other, so that compressed together they
take a fraction of the space. A finished task is packed that way: its record is a JSON list of
record, call and changes, compressed (zlib, RFC 1950).
"""

import shlex
import zlib
from base64 import b64encode
from sys import intern
from typing import Any

import msgspec

from rushes import _log as log
from rushes._structs.type_info import ready
from rushes.calls import Call
from rushes.errors import JournalError
from rushes.journal import MAX_REMOTE_ID
from rushes.task import Task


class _Named(msgspec.Struct):
    remote_id: str


class _Received(msgspec.Struct):
    receipt: _Named | None = None


ready(_Received)
_PARTS = msgspec.json.Decoder(list[msgspec.Raw])
_COMPRESSED = b"x"  # RFC 1950, 2.2; JSON never begins like this


def encoded(task: Task) -> bytes:
    """Return a task's record, without its call."""
    return _json(task, msgspec.structs.replace(task, call=None))


def encoded_call(task: Task) -> bytes:
    """Return a task's call."""
    return _json(task, task.call)


def packed(record: bytes, call: bytes | None, changes: list[bytes]) -> bytes:
    """Return all that is known of a finished task in one piece."""
    return zlib.compress(b"[%b]" % b",".join([record, call or b"null", *changes]))


def is_packed(record: bytes) -> bool:
    """Whether a record is that of a finished task, in one piece."""
    return isinstance(record, bytes) and record.startswith(_COMPRESSED)


def unpacked(record: bytes) -> tuple[bytes, bytes, list[bytes]]:
    """Return the record, the call and the changes of a finished task; raises as `read` does not."""
    first, call, *changes = map(bytes, _PARTS.decode(zlib.decompress(record)))
    return first, call, changes


def searchable(remote_id: str | None) -> str | None:
    """Return a remote id as it can be looked for: no database can have all texts."""
    usable = remote_id is not None and remote_id.isprintable() and len(remote_id) <= MAX_REMOTE_ID
    return remote_id if usable else None


def recorded_remote_id(record: bytes) -> str | None:
    """Return the remote id in the record of an unfinished task, as it can be looked for."""
    try:
        receipt = msgspec.json.decode(record, type=_Received).receipt
    except (ValueError, RecursionError):
        return None  # kept as it is, and reported whenever it is read
    return searchable(receipt.remote_id) if receipt else None


def read(place: str, task_id: str, record: bytes, call: bytes | None) -> Task:
    """Return a task; raise JournalError if it cannot be read."""
    try:
        if is_packed(record):
            record, call, _ = unpacked(record)
        task = msgspec.json.decode(record, type=Task)
        sent = task.call if call is None else msgspec.json.decode(call, type=Call | None)
        return msgspec.structs.replace(task, call=sent, **_shared_texts(task, task_id))
    except (
        TypeError,
        ValueError,
        zlib.error,
        RecursionError,
    ) as error:  # msgspec's errors are ValueErrors
        raise JournalError(
            f"{place} contains a task {task_id!r} that this version of rushes cannot read "
            f"({error}); a newer version may have recorded it: upgrade, or use another journal "
            "(RUSHES_JOURNAL, RUSHES_HOME). If it is damaged, `rushes purge --unreadable "
            f"{shlex.quote(task_id)}` saves what is left of it, and forgets it"
        ) from error


def _shared_texts(task: Task, task_id: str) -> dict[str, str]:
    """Return texts of a task that others have, too, as the same objects: thousands may be alive."""
    return {
        "id": task_id if task.id == task_id else task.id,
        "client_id": task_id if task.client_id == task_id else task.client_id,
        "variant": intern(task.variant),
        "base_url": intern(task.base_url),
        "workload": intern(task.workload),
    }


def readable(place: str, task_id: str, record: bytes, call: bytes | None) -> Task | JournalError:
    """Read one task of several; an unreadable one must not block the others."""
    try:
        return read(place, task_id, record, call)
    except JournalError as error:
        log.warning("a task cannot be read", task=task_id, reason=str(error))
        return error


def as_stored(content: str | bytes | None) -> str | dict[str, str] | None:
    """Return a piece of what is stored as JSON can hold it."""
    if not isinstance(content, bytes):
        return content
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(content).decode("ascii")}


def _json(task: Task, value: Any) -> bytes:
    try:
        return msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise JournalError(f"task {task.id!r} cannot be written as JSON ({error})") from error
