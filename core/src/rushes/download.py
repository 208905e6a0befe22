"""Fetching a video: whole at its final path, or not there."""

import contextlib
import os
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import msgspec

from rushes import log
from rushes.calls import Answer, Call
from rushes.container import looks_like
from rushes.errors import DiskError, ResultError
from rushes.flow import Do, Flow, Interrupted, NotSent, Sleep, Stream
from rushes.loading import LoadedVariant
from rushes.part_file import PartFile, refuse_to_replace
from rushes.polling import ended, look_again
from rushes.session import OnUpdate, Session
from rushes.task import Result, Task
from rushes.urls import is_loopback, public_url_objection, shown, web_url_objection

ATTEMPTS = 5
HOPS = 5
GONE = (401, 403, 404, 410)


def writable(output: Path) -> None:
    """Raise DiskError where a video could not be written to `output`; nothing is left behind.

    A file is written in the nearest folder that exists; where the system can, it has no name, so
    that nothing stays of it however this process ends. Folders are not made: jobs that begin at the
    same time would remove them under each other.
    """
    import tempfile  # it brings every compression along; only who pays needs it

    output = output.absolute()
    try:
        if output.is_dir():
            raise DiskError(f"{output} is a folder; name a file in it")
        refuse_to_replace(output)
        folder, names = output.parent, [output.name]
        while not os.path.lexists(folder):
            folder, names = folder.parent, [*names, folder.name]
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                (folder / name).lstat()  # a name that is too long says so
        with tempfile.TemporaryFile(dir=folder, prefix=".", suffix=".part") as file:
            file.write(bytes(4096))
    except (OSError, ValueError) as failure:
        reason = getattr(failure, "strerror", None) or str(failure)
        raise DiskError(f"{output} cannot be written: {reason}; choose another place") from failure


class _Offer(msgspec.Struct):
    """What is to be fetched, as far as it is known, and when it must be over."""

    task: Task
    end: float
    refreshed: bool = False


def fetch(
    session: Session,
    loaded: LoadedVariant,
    task: Task,
    output: Path,
    on_update: OnUpdate | None,
) -> Flow[Task]:
    """Download a completed task's video to `output`; an older file there is replaced at the end.

    All of it, retries included, takes no longer than `timeouts.download`. Raises ResultError where
    what is offered is no usable video, DiskError where our own disk fails. Each carries the task,
    and nothing partial is left.
    """
    offer = _Offer(ended(task), session.elapsed() + session.timeouts.download)

    def told(fetched: float) -> None:
        if on_update:
            on_update(msgspec.structs.replace(offer.task, fetched=fetched))

    part = PartFile(output, task.id, told)
    try:
        yield Do(part.prepare)
        yield from _first_usable(session, loaded, offer, part, on_update)
    except ResultError as failure:
        yield Do(part.discard)
        now = f"; {offer.task.error}" if offer.task.error else ""  # what the provider says
        reason = session.clean(loaded, str(failure))
        raise ResultError(f"task {task.id}: {reason}{now}", task=offer.task) from failure
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


def _first_usable(
    session: Session,
    loaded: LoadedVariant,
    offer: _Offer,
    part: PartFile,
    on_update: OnUpdate | None,
) -> Flow[None]:
    """Take the first of the results that is a video; what is wrong with the first one is told."""
    failures: list[ResultError] = []
    place = 0
    while place < len(ended(offer.task).results):
        try:
            yield from _download(session, loaded, offer, place, part, on_update)
            yield Do(part.finish)
        except ResultError as failure:
            failures.append(failure)
            part.restart()
            place += 1
        else:
            return
    raise failures[0]


def _download(
    session: Session,
    loaded: LoadedVariant,
    offer: _Offer,
    place: int,
    part: PartFile,
    on_update: OnUpdate | None,
) -> Flow[None]:
    """Stream one result's body until it is whole; an expired link is refreshed by one look."""
    trouble = "no time was left"
    for attempt in range(ATTEMPTS):
        if attempt:
            pause = session.jitter(min(0.25 * 2**attempt, 4.0))
            yield Sleep(max(min(pause, offer.end - session.elapsed()), 0.0))
        results = ended(offer.task).results
        if session.elapsed() >= offer.end or place >= len(results):
            break
        try:
            answer = yield from _hops(session, loaded, offer, results[place], part)
        except (NotSent, Interrupted) as failure:
            trouble = session.clean(loaded, str(failure))
            log.warning("download broke off", task=offer.task.id, reason=trouble)
            continue
        trouble = yield from _trouble(session, loaded, offer, part, answer, on_update)
        if not trouble:
            return
    allowed = f"in {ATTEMPTS} attempts"
    if session.elapsed() >= offer.end:
        allowed = f"within {session.timeouts.download:g} seconds"
    raise ResultError(f"the video could not be downloaded {allowed}: {trouble}")


def _trouble(
    session: Session,
    loaded: LoadedVariant,
    offer: _Offer,
    part: PartFile,
    answer: Answer,
    on_update: OnUpdate | None,
) -> Flow[str]:
    """Say what an answer lacks of a whole video, and do about it what can be done."""
    if answer.status in (200, 206):
        return part.missing or ""
    if answer.status in GONE:
        trouble = f"the link to the video has expired (HTTP {answer.status})"
        if offer.refreshed:
            raise ResultError(trouble)
        offer.refreshed = True
        left = min(session.timeouts.poll, offer.end - session.elapsed())
        before = ended(offer.task).results
        offer.task = yield from look_again(session, loaded, offer.task, on_update, left)
        if ended(offer.task).results != before:
            part.restart()  # a tag is of one address; under another it says nothing
        return trouble
    if answer.status == 416:
        part.restart()
        return "the server refused to send the rest"
    return f"HTTP {answer.status}, {looks_like(answer.body)}"


def _hops(
    session: Session, loaded: LoadedVariant, offer: _Offer, result: Result, part: PartFile
) -> Flow[Answer]:
    """Follow redirects by hand: every address is judged, and the key goes no further than one."""
    call = result.call or Call.get(result.url or "")
    for hop in range(HOPS):
        _refuse_address(call.url, offer.task)
        left = max(offer.end - session.elapsed(), 0.001)
        if result.call and not hop:
            sent: Any = session.send(loaded, call, left, task=offer.task)
            call = sent.call
        call = msgspec.structs.replace(call, headers={**call.headers, **part.headers()})
        public_only = not is_loopback(offer.task.base_url)
        answer: Answer = yield Stream(call=call, total=left, sink=part, public_only=public_only)
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
    if loopback and is_loopback(url):
        wrong = web_url_objection(url)  # `localhost` will do there; another scheme never does
    if wrong:
        raise ResultError(f"the link to the video, {shown(url)!r}, {wrong}")
    if not loopback and not url.lower().startswith("https:"):
        raise ResultError(f"the link to the video, {shown(url)!r}, is not https")
