"""Files that a request names: read, or fetched from their address, and checked by their content."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote, urlsplit

from rushes._fetch.in_memory import InMemory, TooLarge
from rushes._fetch.redirects import RefusedAddress, follow
from rushes._flow import Flow, Interrupted, NotSent
from rushes._payload.body import PlannedUpload
from rushes._session.session import Session
from rushes.calls import Call, LocalFile
from rushes.errors import NotSentError, RequestError
from rushes.files import open_regular
from rushes.problems import Problem, Source, listing, show_size
from rushes.urls import is_loopback, without_secrets
from rushes.variant import Uploads, Variant

_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"ID3", "audio/mpeg"),
)


_BRANDS = {
    **dict.fromkeys((b"avif", b"avis"), "image/avif"),
    **dict.fromkeys((b"heic", b"heix", b"mif1"), "image/heic"),
    **dict.fromkeys((b"M4A ", b"M4B "), "audio/mp4"),
    b"qt  ": "video/quicktime",
}
"""What the first brand of an ISO file says of it; any other is a video (ISO/IEC 14496-12, 4.3)."""
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
HEAD = 64
"""Bytes of a file from which its type is known."""


def media_type(head: bytes) -> str | None:
    """Return a file's media type from its first bytes, or None if it is unknown."""
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "video/webm" if b"webm" in head[:HEAD] else "video/x-matroska"
    # A frame of MPEG audio, layer III: eleven bits of sync, then its version and layer.
    if head[:1] == b"\xff" and len(head) > 1 and head[1] & 0xE6 == 0xE2:
        return "audio/mpeg"
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)


def file_problems(
    files: Sequence[PlannedUpload], uploads: Uploads, page: Source
) -> tuple[Problem, ...]:
    """Check local files against what the provider accepts, reading only their beginnings.

    A problem is reported at every use of a file. What is at an address is not known yet.
    """
    sizes: dict[PlannedUpload, int] = {}
    problems = tuple(
        problem
        for planned in files
        if not planned.is_address
        for problem in _file_problems(planned, uploads, page, sizes)
    )
    return problems or body_problems(sizes, uploads, page)


def body_problems(
    sizes: Mapping[PlannedUpload, int], uploads: Uploads, page: Source
) -> tuple[Problem, ...]:
    """Check how large a payload is with these files in it, by their sizes: base64 takes a third."""
    whole = sum(
        -(-size // 3) * 4 * len((planned.origin, *planned.also)) for planned, size in sizes.items()
    )
    if uploads.max_body is None or whole <= uploads.max_body:
        return ()
    message = (
        f"the files have {whole:,} bytes in the payload, as base64; "
        f"at most {show_size(uploads.max_body)} are accepted"
    )
    return tuple(
        problem
        for planned in sizes
        for problem in _everywhere(planned, "body_size", message, uploads.source or page)
    )


def _file_problems(
    planned: PlannedUpload, uploads: Uploads, page: Source, sizes: dict[PlannedUpload, int]
) -> tuple[Problem, ...]:
    """Check one local file, and add its size to the others'."""
    path = Path(planned.path).expanduser()
    try:
        with open_regular(path) as file:
            head = file.read(HEAD)
            size = os.fstat(file.fileno()).st_size
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        message = f"{planned.path!r} cannot be read: {reason}"
        return _everywhere(planned, "unreadable", message, uploads.source or page)
    sizes[planned] = size
    return _content_problems(planned, uploads, page, head, size)


def _content_problems(
    planned: PlannedUpload, uploads: Uploads, page: Source, head: bytes, size: int
) -> tuple[Problem, ...]:
    """Check a file's type, by its first bytes, and its size."""
    name, types = without_secrets(planned.path), uploads.types_of(planned.kind)
    source = uploads.source or page
    kind = media_type(head)
    if kind not in types:
        accepted = listing(name.partition("/")[2] for name in types)
        article = "an" if planned.kind == "image" else "a"
        actual = kind or f"not {article} {planned.kind}"
        message = f"{name!r} is {actual}; accepted: {accepted}"
        return _everywhere(planned, "file_type", message, source)
    if size > uploads.most(planned.kind):
        most = show_size(uploads.most(planned.kind))
        message = f"{name!r} has {size:,} bytes; at most {most} are accepted"
        return _everywhere(planned, "file_size", message, source)
    return ()


def _everywhere(
    planned: PlannedUpload, code: str, message: str, source: Source
) -> tuple[Problem, ...]:
    paths = (planned.origin, *planned.also)
    return tuple(Problem(path=path, code=code, message=message, source=source) for path in paths)


def read(path: str) -> LocalFile:
    """Read a local file completely."""
    try:
        with open_regular(Path(path).expanduser()) as file:
            content = file.read()
    except OSError as failure:
        raise NotSentError(
            f"{path} cannot be read: {failure.strerror}; nothing was bought"
        ) from failure
    name = quote(Path(path).name, safe="")[-100:] or "file"
    return LocalFile(content, media_type(content[:HEAD]) or "application/octet-stream", name)


def fetch_file(
    session: Session, variant: Variant, uploads: Uploads, planned: PlannedUpload, end: float | None
) -> Flow[LocalFile]:
    """Fetch what is at an address, for a provider that does not; no key is sent there.

    Raises NotSentError if it cannot be had, RequestError if the provider does not accept it.
    """
    shown, most = without_secrets(planned.path), uploads.most(planned.kind)
    latest = session.time.elapsed() + session.timeouts.upload
    until = latest if end is None else min(latest, end)
    file = InMemory(most)
    flow = follow(
        Call.get(planned.path),
        file,
        what=shown,
        loopback=is_loopback(variant.base_url),
        left=lambda: until - session.time.elapsed(),
        https=False,
    )
    try:
        answer = yield from flow
    except TooLarge as failure:
        message = f"{shown!r} is larger than {show_size(most)}, the most that is accepted"
        source = uploads.source or variant.page
        raise RequestError(_everywhere(planned, "file_size", message, source)) from failure
    except (NotSent, Interrupted, RefusedAddress) as failure:
        raise _not_fetched(shown, str(failure)) from failure
    if answer.status != 200:
        raise _not_fetched(shown, f"HTTP {answer.status}")
    content = bytes(file.content)
    head = content[:HEAD]
    if problems := _content_problems(planned, uploads, variant.page, head, len(content)):
        raise RequestError(problems)
    name = urlsplit(planned.path).path.rpartition("/")[2]
    return LocalFile(content, media_type(head) or "", name[-100:] or "file")


def _not_fetched(shown: str, reason: str) -> NotSentError:
    return NotSentError(f"{shown} could not be fetched ({reason}); nothing was bought")
