"""Fetching a video: complete at its final path or not there, and never twice without need."""

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import msgspec

from rushes import _log as log
from rushes._fetch.container import looks_like
from rushes._fetch.part_file import PartFile
from rushes._fetch.regular import open_regular
from rushes._fetch.target import refuse_to_replace
from rushes._flow import Do, Flow, Interrupted, NotSent, Sleep, Stalled, Stream
from rushes._plugins.loading import LoadedVariant
from rushes._session.session import OnUpdate, Session
from rushes._urls import public_url_objection, web_url_objection
from rushes._wait.following import poll_again
from rushes._wait.outcomes import require_completed
from rushes.calls import Answer, Call
from rushes.errors import DiskError, ResultError, StillRunningError
from rushes.task import Result, Task
from rushes.urls import is_loopback, without_secrets

ATTEMPTS = 5
HOPS = 5
MAX_RESULTS = 10
"""How many of the results that a provider offers are tried at most."""
GONE = (401, 403, 404, 410)
COPIED = 1024 * 1024
"""Bytes of a file to copy at once."""


class _Fetch(msgspec.Struct):
    """What is to be fetched, as far as it is known, and the deadline."""

    task: Task
    begin: float
    end: float
    refreshed: bool = False


def ensure_fetched(
    session: Session,
    loaded: LoadedVariant,
    task: Task,
    output: Path | None,
    on_update: OnUpdate | None,
    *,
    overwrite: bool,
    end: float | None = None,
) -> Flow[Task]:
    """Make sure that a completed task's video is at `output`, and return the task.

    Without `output` it may stay where it is recorded; if it is gone, it is fetched to the task's
    own output. Raises what `fetch` raises.
    """
    task = require_completed(task)
    if (yield Do(lambda: video_is_at(task, output))):
        return task
    target = output or session.target(task)
    flow = fetch(session, loaded, task, target, on_update, overwrite=overwrite, end=end)
    return (yield from flow)


def video_is_at(task: Task, output: Path | None) -> bool:
    """Whether a task's own video is at `output`, or wherever it is recorded; reads the file.

    Its size and digest distinguish it from another video put there since. A task that was recorded
    without them is believed.
    """
    if task.file is None or output not in (None, Path(task.file)):
        return False
    return _is_video_of(Path(task.file), task, if_unknown=True)


def _is_video_of(path: Path, task: Task, *, if_unknown: bool) -> bool:
    """Whether a file is a task's own video; `if_unknown` if no digest is recorded."""
    try:
        with open_regular(path) as file:
            if task.file_sha256 is None:
                return if_unknown
            if file.seek(0, 2) != task.file_bytes:
                return False
            file.seek(0)
            return hashlib.file_digest(file, "sha256").hexdigest() == task.file_sha256
    except OSError:
        return False


def fetch(
    session: Session,
    loaded: LoadedVariant,
    task: Task,
    output: Path,
    on_update: OnUpdate | None,
    *,
    overwrite: bool,
    end: float | None = None,
) -> Flow[Task]:
    """Bring a completed task's video to `output`.

    With `overwrite`, another file there is replaced at the end; without it, no file ever is. If the
    video is elsewhere on this machine it is copied, otherwise downloaded. All of it, retries
    included, takes no longer than `timeouts.download`, and ends at `end`, by the session's clock.
    Raises ResultError if no result is a usable video, StillRunningError if the time is over or the
    download is too slow, DiskError if our own disk fails or a file is in the way. Each carries the
    task, and nothing partial is left behind.
    """
    now = session.time.elapsed()
    offer = _Fetch(require_completed(task), now, _earlier(now + session.timeouts.download, end))

    def report(fetched: float) -> None:
        if on_update:
            on_update(msgspec.structs.replace(offer.task, fetched=fetched))

    part = PartFile(output, task.id, report, elapsed=session.time.elapsed, end=offer.end)
    try:
        # A run that was killed right after it named the file has not recorded it.
        ours = yield Do(lambda: _is_video_of(output, task, if_unknown=False))
        yield Do(lambda: refuse_to_replace(session, output, overwrite=overwrite or ours))
        yield Do(part.prepare)
        if not ours:
            if not (yield Do(lambda: _copied(task, part))):
                yield from _download_first_usable(session, loaded, offer, part, on_update)
            # Recorded first, so that the file can be recognised, whatever happens next.
            offer.task = yield from session.save(_measured(offer.task, part))
            if session.journal is None and on_update:
                on_update(offer.task)  # it is the caller who records
            yield Do(lambda: part.finish(overwrite=overwrite))
    except ResultError as failure:
        yield Do(part.discard)
        provider_error = f"; {offer.task.error}" if offer.task.error else ""
        reason = session.keys.clean(loaded, str(failure))
        raise ResultError(f"task {task.id}: {reason}{provider_error}", task=offer.task) from failure
    except OSError as failure:
        yield Do(part.discard)
        raise DiskError(
            f"{output} cannot be written: {failure.strerror or failure}; the task is kept",
            task=offer.task,
        ) from failure
    except GeneratorExit:
        part.discard()
        raise
    except BaseException:
        yield Do(part.discard)
        raise
    done = msgspec.structs.replace(offer.task, file=str(output), error=None)
    return (yield from session.record(done, None))


def _measured(task: Task, part: PartFile) -> Task:
    return msgspec.structs.replace(task, file_bytes=part.size, file_sha256=part.sha256)


def _earlier(one: float, other: float | None) -> float:
    return one if other is None else min(one, other)


def _copied(task: Task, part: PartFile) -> bool:
    """Copy a task's video from where it is recorded, if that file is still the same."""
    if task.file is None or task.file_sha256 is None:
        return False
    try:
        source = open_regular(Path(task.file))
    except OSError:
        return False
    with source:
        if source.seek(0, 2) != task.file_bytes:
            return False
        source.seek(0)
        part.begin(Answer(200, {"content-length": str(task.file_bytes)}))
        while chunk := source.read(COPIED):
            part.write(chunk)
    if part.sha256 != task.file_sha256:
        part.restart()
        return False
    part.check()
    return True


def _download_first_usable(
    session: Session,
    loaded: LoadedVariant,
    offer: _Fetch,
    part: PartFile,
    on_update: OnUpdate | None,
) -> Flow[None]:
    """Take the first result that is a video; if none is, report what is wrong with the first."""
    failures: list[ResultError] = []
    place = 0
    while place < min(len(require_completed(offer.task).results), MAX_RESULTS):
        try:
            yield from _download(session, loaded, offer, place, part, on_update)
            yield Do(part.check)
        except ResultError as failure:
            failures.append(failure)
            part.restart()
            place += 1
        else:
            return
    offered = len(require_completed(offer.task).results)
    if offered > MAX_RESULTS:
        more = f"{failures[0]} (of {offered:,} results, the first {MAX_RESULTS} were tried)"
        raise ResultError(more) from failures[0]
    raise failures[0]


def _download(
    session: Session,
    loaded: LoadedVariant,
    offer: _Fetch,
    place: int,
    part: PartFile,
    on_update: OnUpdate | None,
) -> Flow[None]:
    """Stream one result's body until it is complete; an expired link is refreshed by one poll."""
    trouble, stalled = "no time was left", False
    for attempt in range(ATTEMPTS):
        if attempt:
            pause = session.time.jitter(min(0.25 * 2**attempt, 4.0))
            yield Sleep(max(min(pause, offer.end - session.time.elapsed()), 0.0))
        results = require_completed(offer.task).results
        if session.time.elapsed() >= offer.end or place >= len(results):
            break
        try:
            answer = yield from _follow_redirects(session, loaded, offer, results[place], part)
        except (NotSent, Interrupted) as failure:
            stalled = isinstance(failure, Stalled)
            trouble = session.keys.clean(loaded, str(failure))
            log.warning("download broke off", task=offer.task.id, reason=trouble)
            continue
        stalled = False
        trouble = yield from _trouble(session, loaded, offer, part, answer, on_update)
        if not trouble:
            return
    allowed = f"in {ATTEMPTS} attempts"
    if over := session.time.elapsed() >= offer.end:
        allowed = f"within {round(max(offer.end - offer.begin, 0.0), 1):g} seconds"
    reason = f"the video could not be downloaded {allowed}: {trouble}"
    if over or stalled:
        raise StillRunningError(
            f"task {offer.task.id}: {reason}; the task is kept, resume it later", task=offer.task
        )
    raise ResultError(reason)


def _trouble(
    session: Session,
    loaded: LoadedVariant,
    offer: _Fetch,
    part: PartFile,
    answer: Answer,
    on_update: OnUpdate | None,
) -> Flow[str]:
    """Explain why an answer is not a complete video, and recover if possible."""
    if answer.status in (200, 206):
        return part.missing or ""
    if answer.status in GONE:
        trouble = f"the link to the video has expired (HTTP {answer.status})"
        if offer.refreshed:
            raise ResultError(trouble)
        offer.refreshed = True
        left = max(offer.end - session.time.elapsed(), 0.0)
        before = require_completed(offer.task).results
        offer.task = yield from poll_again(session, loaded, offer.task, on_update, left)
        if require_completed(offer.task).results != before:
            part.restart()  # a tag belongs to one address; it means nothing at another
        return trouble
    if answer.status == 416:
        part.restart()
        return "the server refused to send the rest"
    return f"HTTP {answer.status}, {looks_like(answer.body)}"


def _follow_redirects(
    session: Session, loaded: LoadedVariant, offer: _Fetch, result: Result, part: PartFile
) -> Flow[Answer]:
    """Follow redirects by hand: every address is checked, and the key is sent to the first only."""
    call = result.call or Call.get(result.url or "")
    for hop in range(HOPS):
        _refuse_address(call.url, offer.task)
        left = max(offer.end - session.time.elapsed(), 0.001)
        if result.call and not hop:
            sent: Any = session.send(loaded, call, left, task=offer.task)
            call = sent.call
        call = msgspec.structs.replace(call, headers={**call.headers, **part.headers()})
        public_only = not is_loopback(offer.task.base_url)
        answer: Answer = yield Stream(
            call=call, total=left, sink=part, public_only=public_only, patience=left
        )
        if answer.status not in (301, 302, 303, 307, 308):
            return answer
        try:
            call = Call.get(urljoin(call.url, answer.headers.get("location", "")))
        except ValueError as error:
            message = f"the link to the video redirects to an invalid address: {error}"
            raise ResultError(message) from error
    raise ResultError(f"the link to the video redirects more than {HOPS} times")


def _refuse_address(url: str, task: Task) -> None:
    loopback = is_loopback(task.base_url)
    wrong = public_url_objection(url, loopback=loopback)
    if loopback and is_loopback(url):
        wrong = web_url_objection(url)  # `localhost` is accepted there; another scheme never is
    if wrong:
        raise ResultError(f"the link to the video, {without_secrets(url)!r}, {wrong}")
    if not loopback and not url.lower().startswith("https:"):
        raise ResultError(f"the link to the video, {without_secrets(url)!r}, is not https")
