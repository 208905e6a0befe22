"""Fetching videos: complete at their final paths or not there, and never twice without need."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from rushes import _log as log
from rushes._fetch.container import looks_like
from rushes._fetch.inside import VideoInside
from rushes._fetch.part_file import PartFile
from rushes._fetch.redirects import RefusedAddress, follow
from rushes._fetch.target import refuse_to_replace
from rushes._flow import Do, Flow, Interrupted, NotSent, Sleep, Stalled
from rushes._plugins.calling import LoadedVariant
from rushes._session.session import OnUpdate, Session
from rushes._wait.outcomes import require_completed
from rushes._wait.polling import poll_again
from rushes.calls import Answer, Call
from rushes.errors import DiskError, ResultError, StillRunningError
from rushes.files import open_regular
from rushes.problems import listing
from rushes.task import Result, Task, VideoFile
from rushes.urls import is_loopback

ATTEMPTS = 5
MAX_RESULTS = 10
"""How many of the results that a provider offers for one video are tried at most."""
MAX_VIDEOS = 20
"""How many videos of one task are fetched at most."""
GONE = (401, 403, 404, 410)
COPIED = 1024 * 1024
"""Bytes of a file to copy at once."""


class _Fetch(msgspec.Struct):
    """The video to be fetched, what is known of its task, and the deadline."""

    task: Task
    video: int
    begin: float
    end: float
    refreshed: bool = False

    @property
    def results(self) -> list[Result]:
        """Where the video is offered."""
        found = require_completed(self.task).results
        return [result for result in found if result.video == self.video]

    @property
    def name(self) -> str:
        """Which of the task's videos this is, in words."""
        several = len(self.task.videos) > 1 or self.video > 1
        return f"video {self.video}" if several else "the video"


def ensure_fetched(
    session: Session,
    loaded: LoadedVariant,
    task: Task,
    output: Path | None,
    on_update: OnUpdate | None,
    *,
    overwrite: bool,
    force: bool = False,
    end: float | None = None,
) -> Flow[Task]:
    """Make sure that all videos of a completed task are at `output`, and return the task.

    Without `output` they may stay where they are recorded; those that are gone are fetched to the
    task's own output. Raises what `fetch` raises.
    """
    task = require_completed(task)
    if (yield Do(lambda: videos_are_at(task, output))):
        return task
    target = output or session.target(task)
    if output is None and (yield Do(lambda: _is_there(task, 1, None))):
        target = Path(task.file or target)
    flow = fetch(
        session, loaded, task, target, on_update, overwrite=overwrite, force=force, end=end
    )
    return (yield from flow)


def videos_are_at(task: Task, output: Path | None) -> bool:
    """Whether all videos of a task are at `output`, or wherever they are recorded; reads them.

    Their sizes and digests distinguish them from other videos put there since. A task that was
    recorded without a digest is believed.
    """
    return all(_is_there(task, video, output) for video in task.videos or (1,))


def _is_there(task: Task, video: int, output: Path | None) -> bool:
    recorded = task.file_of(video)
    if recorded is None or recorded.path is None:
        return False
    if output is not None and Path(recorded.path) != beside(output, task, video):
        return False
    return _is_video_of(Path(recorded.path), recorded, if_unknown=True)


def _is_video_of(path: Path, recorded: VideoFile, *, if_unknown: bool) -> bool:
    """Whether a file is the recorded video; `if_unknown` if no digest is recorded."""
    try:
        with open_regular(path) as file:
            if recorded.sha256 is None:
                return if_unknown
            if file.seek(0, 2) != recorded.bytes:
                return False
            file.seek(0)
            return hashlib.file_digest(file, "sha256").hexdigest() == recorded.sha256
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
    force: bool = False,
    end: float | None = None,
) -> Flow[Task]:
    """Bring a completed task's videos to `output`, further ones beside it; return the task.

    With `overwrite`, another file at `output` is replaced at the end; without it, no file ever is.
    A file beside it is replaced only with `force`, or if it is named after the task. Videos that
    are elsewhere on this machine are copied, others downloaded. Each of them, retries included,
    takes no longer than `timeouts.download`, and all end at `end`, by the session's clock.

    Raises ResultError if no result is a usable video, StillRunningError if the time is over or the
    download is too slow, DiskError if our own disk fails or a file is in the way. Each carries the
    task, and nothing partial is left behind. If a video cannot be had, the others are fetched
    first.
    """
    failed: dict[int, ResultError | DiskError] = {}
    for video in require_completed(task).videos[:MAX_VIDEOS]:
        now = session.time.elapsed()
        offer = _Fetch(task, video, now, _earlier(now + session.timeouts.download, end))
        place = beside(output, task, video)
        replaces = overwrite and (video == 1 or force or output.stem == task.id)
        try:
            yield from _bring(session, loaded, offer, place, on_update, overwrite=replaces)
        except (ResultError, DiskError) as failure:
            failed[video] = failure
        task = offer.task
    if failed:
        _raise_for(task, failed)
    if len(task.videos) > MAX_VIDEOS:
        message = f"it offers {len(task.videos):,} videos; the first {MAX_VIDEOS} are fetched"
        raise ResultError(f"task {task.id}: {message}", task=task)
    return task


def _raise_for(task: Task, failed: Mapping[int, ResultError | DiskError]) -> NoReturn:
    """Raise the first failure; if there are several videos, say what became of each."""
    failure = next(iter(failed.values()))
    if len(task.videos) == 1:
        failure.task = task
        raise failure
    reasons = "; ".join(str(one) for one in failed.values())
    kept = ", ".join(task.files)
    message = (
        f"{listing(failed)} of the {len(task.videos)} videos of task {task.id} "
        f"{'is' if len(failed) == 1 else 'are'} missing: {reasons}"
        + (f" (here: {kept})" if kept else "")
    )
    raise type(failure)(message, task=task) from failure


def beside(output: Path, task: Task, video: int) -> Path:
    """Return where one of a task's videos goes: the first to `output`, others beside it.

    A file that is named after its task gets a plus sign, which no task reference contains: the name
    cannot belong to another task.
    """
    if video == 1:
        return output
    sign = "+" if output.stem == task.id else "-"
    return output.with_name(f"{output.stem}{sign}{video}{output.suffix}")


def _bring(
    session: Session,
    loaded: LoadedVariant,
    offer: _Fetch,
    place: Path,
    on_update: OnUpdate | None,
    *,
    overwrite: bool,
) -> Flow[None]:
    """Bring one of a task's videos to its place; `offer.task` is then what is known."""

    def report(fetched: float) -> None:
        if on_update:
            on_update(msgspec.structs.replace(offer.task, fetched=_of_all(offer, fetched)))

    task = offer.task
    part = PartFile(place, task.id, report, elapsed=session.time.elapsed, end=offer.end)
    try:
        with session.step("fetch", loaded.variant, task) as step:
            yield from _put(session, loaded, offer, part, on_update, overwrite=overwrite)
            step.outcome = offer.task
    except ResultError as failure:
        yield Do(part.discard)
        provider_error = f"; {offer.task.error}" if offer.task.error else ""
        reason = session.keys.clean(loaded, str(failure))
        which = f"task {task.id}" if len(offer.task.videos) == 1 else offer.name
        raise ResultError(f"{which}: {reason}{provider_error}", task=offer.task) from failure
    except OSError as failure:
        yield Do(part.discard)
        raise DiskError(
            f"{place} cannot be written: {failure.strerror or failure}; the task is kept",
            task=offer.task,
        ) from failure
    except GeneratorExit:
        part.discard()
        raise
    except BaseException:
        yield Do(part.discard)
        raise


def _put(
    session: Session,
    loaded: LoadedVariant,
    offer: _Fetch,
    part: PartFile,
    on_update: OnUpdate | None,
    *,
    overwrite: bool,
) -> Flow[None]:
    """Put a video into its place, unless it is there, and record it."""
    place = part.target
    recorded = offer.task.file_of(offer.video) or _unknown(offer.video)
    # A run that was killed right after it named the file has not recorded it.
    ours = yield Do(lambda: _is_video_of(place, recorded, if_unknown=False))
    if ours and recorded.path == str(place) and len(offer.task.videos) > 1:
        return
    yield Do(lambda: refuse_to_replace(session, place, overwrite=overwrite or ours))
    yield Do(part.prepare)
    if not ours:
        if not (yield Do(lambda: _copied(recorded, part))):
            yield from _download_first_usable(session, loaded, offer, part, on_update)
        size, digest = part.size, part.sha256
        recorded = msgspec.structs.replace(recorded, bytes=size, sha256=digest)
        # Recorded first, so that the file can be recognised, whatever happens next.
        offer.task = yield from session.save(_with_file(offer.task, recorded))
        if session.journal is None and on_update:
            on_update(offer.task)  # it is the caller who records
        yield Do(lambda: part.finish(overwrite=overwrite))
    done = _with_file(offer.task, msgspec.structs.replace(recorded, path=str(place)))
    offer.task = yield from session.record(msgspec.structs.replace(done, error=None), None)


def _of_all(offer: _Fetch, fetched: float) -> float:
    """Return how many percent of all of a task's videos are here, given the percentage of one."""
    videos = offer.task.videos
    if len(videos) <= 1:
        return fetched
    done = len(videos) - len({*offer.task.missing} | {offer.video})
    return (100 * done + fetched) / len(videos)


def _unknown(video: int) -> VideoFile:
    return VideoFile(video=video, path=None, bytes=None, sha256=None)


def _with_file(task: Task, file: VideoFile) -> Task:
    """Return a task with what is known of the file of one of its videos."""
    if file.video == 1:
        return msgspec.structs.replace(
            task, file=file.path, file_bytes=file.bytes, file_sha256=file.sha256
        )
    others = [other for other in task.more_files if other.video != file.video]
    more = sorted([*others, file], key=lambda one: one.video)
    return msgspec.structs.replace(task, more_files=tuple(more))


def _earlier(one: float, other: float | None) -> float:
    return one if other is None else min(one, other)


def _copied(recorded: VideoFile, part: PartFile) -> bool:
    """Copy a video from where it is recorded, if that file is still the same."""
    if recorded.path is None or recorded.sha256 is None:
        return False
    try:
        source = open_regular(Path(recorded.path))
    except OSError:
        return False
    with source:
        if source.seek(0, 2) != recorded.bytes:
            return False
        source.seek(0)
        part.begin(Answer(200, {"content-length": str(recorded.bytes)}))
        while chunk := source.read(COPIED):
            part.write(chunk)
    if part.sha256 != recorded.sha256:
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
    while place < min(len(offer.results), MAX_RESULTS):
        try:
            yield from _download(session, loaded, offer, place, part, on_update)
            yield Do(part.check)
        except ResultError as failure:
            failures.append(failure)
            part.restart()
            place += 1
        else:
            return
    offered = len(offer.results)
    if not failures:
        raise ResultError("the provider no longer offers it")
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
        results = offer.results
        if session.time.elapsed() >= offer.end or place >= len(results):
            break
        result = results[place]
        sink = VideoInside(part, result.inside) if result.inside else part
        try:
            answer = yield from _streamed(session, loaded, offer, result, sink)
        except (NotSent, Interrupted) as failure:
            stalled = isinstance(failure, Stalled)
            trouble = session.keys.clean(loaded, str(failure))
            log.warning("download broke off", task=offer.task.id, reason=trouble)
            continue
        stalled = False
        trouble = yield from _trouble(session, loaded, offer, sink, answer, on_update)
        if not trouble:
            return
    allowed = f"in {ATTEMPTS} attempts"
    if over := session.time.elapsed() >= offer.end:
        allowed = f"within {round(max(offer.end - offer.begin, 0.0), 1):g} seconds"
    reason = f"{offer.name} could not be downloaded {allowed}: {trouble}"
    if over or stalled:
        raise StillRunningError(
            f"task {offer.task.id}: {reason}; the task is kept, resume it later", task=offer.task
        )
    raise ResultError(reason)


def _trouble(
    session: Session,
    loaded: LoadedVariant,
    offer: _Fetch,
    sink: PartFile | VideoInside,
    answer: Answer,
    on_update: OnUpdate | None,
) -> Flow[str]:
    """Explain why an answer is not a complete video, and recover if possible."""
    if answer.status in (200, 206):
        return sink.missing or ""
    if answer.status in GONE:
        trouble = f"the link to the video has expired (HTTP {answer.status})"
        if offer.refreshed:
            raise ResultError(trouble)
        offer.refreshed = True
        left = max(offer.end - session.time.elapsed(), 0.0)
        before = offer.results
        offer.task = yield from poll_again(session, loaded, offer.task, on_update, left)
        if offer.results != before:
            sink.restart()  # a tag belongs to one address; it means nothing at another
        return trouble
    if answer.status == 416:
        sink.restart()
        return "the server refused to send the rest"
    return f"HTTP {answer.status}, {looks_like(answer.body)}"


def _streamed(
    session: Session,
    loaded: LoadedVariant,
    offer: _Fetch,
    result: Result,
    sink: PartFile | VideoInside,
) -> Flow[Answer]:
    """Stream a result into the sink; only a call of the plugin's own has the key."""

    def left() -> float:
        return offer.end - session.time.elapsed()

    def authorized(call: Call) -> Call:
        sent: Any = session.send(loaded, call, left(), task=offer.task) if result.call else None
        return sent.call if sent else call

    try:
        return (
            yield from follow(
                result.call or Call.get(result.url or ""),
                sink,
                what="the link to the video",
                loopback=is_loopback(offer.task.base_url),
                left=left,
                headers=sink.headers(),
                authorized=authorized,
            )
        )
    except RefusedAddress as refused:
        raise ResultError(str(refused)) from refused
