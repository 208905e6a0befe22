"""Fetching a video: whole at its final path, or not there."""

import contextlib
import os
import re
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urljoin

import msgspec

from rushes import log
from rushes.calls import Answer, Call
from rushes.container import looks_like, objection
from rushes.errors import BrokenPluginError, DiskError, ResultError
from rushes.flow import Do, Flow, Interrupted, NotSent, Sleep, Stream
from rushes.loading import LoadedVariant
from rushes.polling import NotUnderstood, advance, ended, look, understood
from rushes.session import OnUpdate, Session
from rushes.task import Result, Task
from rushes.urls import is_loopback, public_url_objection

ATTEMPTS = 5
HOPS = 5
MAX_VIDEO = 4 * 1024**3
"""Bytes that a video may have."""
GONE = (401, 403, 404, 410)


class PartFile:
    """A temporary file beside the target; it takes a body, and the rest of it after a break."""

    def __init__(self, target: Path, task_id: str) -> None:
        self.target = target
        self.path = target.with_name(f".{target.name[:100]}.{task_id}.part")
        self.size = 0
        self.tag: str | None = None
        self._expected: int | None = None
        self._file: BinaryIO | None = None

    def headers(self) -> dict[str, str]:
        """Ask for the rest only, and only if it is still the same video (RFC 9110, 13.1.5)."""
        if not self.size or not self.tag:
            return {}
        return {"Range": f"bytes={self.size}-", "If-Range": self.tag}

    def begin(self, answer: Answer) -> None:
        """Open the file for what the answer says it will bring."""
        length = answer.headers.get("content-length", "")
        encoded = answer.headers.get("content-encoding", "identity")
        if encoded != "identity":
            raise ResultError(f"the video is sent in the encoding {encoded!r}, which none is")
        expected = int(length) if length.isdecimal() and len(length) < 16 else None
        if answer.status == 206:
            found = re.fullmatch(
                r"bytes (\d+)-(\d+)/(\d+)", answer.headers.get("content-range", "")
            )
            if not found or int(found[1]) != self.size:
                self.size, self.tag = 0, None
                raise Interrupted("the rest that came is not the rest that was asked for")
            expected = int(found[3])
        else:
            self.size = 0
        if expected is not None and expected > MAX_VIDEO:
            raise ResultError(f"the video is said to have {expected:,} bytes; that is too large")
        etag = answer.headers.get("etag", "")
        self.tag = etag if etag.startswith('"') else answer.headers.get("last-modified")
        self._expected = expected
        self.close()
        self._file = self.path.open("r+b" if self.size else "wb")
        self._file.seek(self.size)

    def write(self, chunk: bytes) -> None:
        """Append a chunk."""
        if self.size + len(chunk) > MAX_VIDEO:
            raise ResultError(f"the video does not end after {MAX_VIDEO:,} bytes")
        assert self._file is not None  # noqa: S101 - begin() comes first
        self._file.write(chunk)
        self.size += len(chunk)

    @property
    def missing(self) -> str | None:
        """Say how much of the body has not come, or None where it is whole."""
        if self._expected is None or self.size == self._expected:
            return None
        return f"{self.size:,} of {self._expected:,} bytes came"

    def finish(self) -> None:
        """Check that the file is a video, and put it where it belongs."""
        assert self._file is not None  # noqa: S101 - begin() comes first
        self._file.flush()
        os.fsync(self._file.fileno())
        self.close()
        wrong = objection(self.path)
        if wrong:
            raise ResultError(f"what the provider offers {wrong}")
        self.path.replace(self.target)
        folder = os.open(self.target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def close(self) -> None:
        """Close the temporary file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def discard(self) -> None:
        """Remove the temporary file."""
        self.close()
        with contextlib.suppress(OSError):
            self.path.unlink()


def fetch(
    session: Session,
    loaded: LoadedVariant,
    task: Task,
    output: Path,
    on_update: OnUpdate | None,
) -> Flow[Task]:
    """Download a completed task's video to `output`; an older file there is replaced at the end.

    Raises ResultError where what is offered is no usable video, DiskError where our own disk
    fails. Each carries the task, and nothing partial is left.
    """
    part = PartFile(output, task.id)
    try:
        yield Do(lambda: output.parent.mkdir(parents=True, exist_ok=True))
        task = yield from _download(session, loaded, task, part, on_update)
        yield Do(part.finish)
    except ResultError as failure:
        yield Do(part.discard)
        raise ResultError(f"task {task.id}: {failure}", task=task) from failure
    except OSError as failure:
        yield Do(part.discard)
        raise DiskError(
            f"{output} cannot be written: {failure.strerror or failure}; the task is kept",
            task=task,
        ) from failure
    except GeneratorExit:
        part.discard()
        raise
    except BaseException:
        yield Do(part.discard)
        raise
    return (yield from session.record(msgspec.structs.replace(task, file=str(output)), on_update))


def _download(
    session: Session,
    loaded: LoadedVariant,
    task: Task,
    part: PartFile,
    on_update: OnUpdate | None,
) -> Flow[Task]:
    """Stream the body until it is whole; an expired link is refreshed once by the status."""
    refreshed = False
    trouble = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            yield Sleep(session.jitter(min(0.25 * 2**attempt, 4.0)))
        result = ended(task).results[0]
        try:
            answer = yield from _hops(session, loaded, task, result, part)
        except (NotSent, Interrupted) as failure:
            trouble = str(failure)
            log.warning("download broke off", task=task.id, reason=trouble)
            continue
        if answer.status in (200, 206):
            if not part.missing:
                return task
            trouble = part.missing
        elif answer.status in GONE and not refreshed:
            refreshed = True
            task = yield from _refresh(session, loaded, task, on_update)
        elif answer.status in GONE:
            raise ResultError(f"the link to the video has expired (HTTP {answer.status})")
        elif answer.status == 416:
            part.size, part.tag, trouble = 0, None, "the server refused to send the rest"
        else:
            trouble = f"HTTP {answer.status}, {looks_like(answer.body)}"
    raise ResultError(f"the video could not be downloaded in {ATTEMPTS} attempts: {trouble}")


def _hops(
    session: Session, loaded: LoadedVariant, task: Task, result: Result, part: PartFile
) -> Flow[Answer]:
    """Follow redirects by hand: every address is judged, and the key never goes along."""
    call = result.call or Call.get(result.url or "")
    total = session.timeouts.download
    for _ in range(HOPS):
        _refuse_address(call.url, task)
        call = msgspec.structs.replace(call, headers={**call.headers, **part.headers()})
        effect: Any = Stream(call=call, total=total, sink=part)
        if result.call:
            sent: Any = session.send(loaded, call, total)
            effect = Stream(call=sent.call, total=total, sink=part)
        answer: Answer = yield effect
        if answer.status not in (301, 302, 303, 307, 308):
            return answer
        try:
            call = Call.get(urljoin(call.url, answer.headers.get("location", "")))
        except ValueError as error:
            raise ResultError(f"the link to the video redirects to no address: {error}") from error
    raise ResultError(f"the link to the video redirects more than {HOPS} times")


def _refuse_address(url: str, task: Task) -> None:
    loopback = is_loopback(task.base_url)
    wrong = public_url_objection(url, loopback=loopback)
    if wrong and not (loopback and is_loopback(url)):
        raise ResultError(f"the link to the video, {url[:200]!r}, {wrong}")
    if not loopback and not url.lower().startswith("https:"):
        raise ResultError(f"the link to the video, {url[:200]!r}, is not https")


def _refresh(
    session: Session, loaded: LoadedVariant, task: Task, on_update: OnUpdate | None
) -> Flow[Task]:
    """Ask the status once more for a fresh link; never generate again."""
    if task.receipt is None:
        return task
    try:
        answer = yield from look(session, loaded, task.receipt, session.timeouts.poll)
        status = understood(session, loaded, task, answer)
    except (NotSent, Interrupted, NotUnderstood, BrokenPluginError) as failure:
        log.warning("no fresh link", task=task.id, reason=session.clean(loaded, str(failure)))
        return task
    return (yield from advance(session, task, status, on_update))
