"""Local files: checked by their content, uploaded before the submit."""

import base64
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from rushes._fetch.regular import open_regular
from rushes._flow import Do, Effect, Flow, Interrupted, NotSent, steps
from rushes._payload.body import PlannedUpload
from rushes._plugins.loading import LoadedVariant
from rushes._session.session import Session
from rushes._urls import public_url_objection
from rushes.calls import Answer, Call, LocalFile
from rushes.errors import BrokenPluginError, NotSentError, RefusedError
from rushes.problems import Problem, Source, listing, show_size
from rushes.report import Report
from rushes.urls import is_loopback
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


def file_problems(planned: PlannedUpload, uploads: Uploads, page: Source) -> list[Problem]:
    """Check a local file against what the provider accepts; report a problem at every use of it."""
    fault = _file_problem(planned, uploads)
    if fault is None:
        return []
    code, message = fault
    return [
        Problem(path=path, code=code, message=message, source=uploads.source or page)
        for path in (planned.origin, *planned.also)
    ]


def _file_problem(planned: PlannedUpload, uploads: Uploads) -> tuple[str, str] | None:
    """Return the code and message of what is wrong with a file, reading only its beginning."""
    name, types = planned.path, uploads.types_of(planned.kind)
    path = Path(name).expanduser()
    try:
        with open_regular(path) as file:
            head = file.read(HEAD)
            size = os.fstat(file.fileno()).st_size
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return "unreadable", f"{name!r} cannot be read: {reason}"
    kind = media_type(head)
    if kind not in types:
        accepted = listing(name.partition("/")[2] for name in types)
        article = "an" if planned.kind == "image" else "a"
        actual = kind or f"not {article} {planned.kind}"
        return "file_type", f"{name!r} is {actual}; accepted: {accepted}"
    if size > uploads.max_bytes:
        most = show_size(uploads.max_bytes)
        return "file_size", f"{name!r} has {size:,} bytes; at most {most} are accepted"
    return None


def upload_files(
    session: Session, loaded: LoadedVariant, report: Report, end: float | None = None
) -> Flow[Report]:
    """Upload every local file until `end`; return the report with the addresses in its payload."""
    addresses: dict[str, str] = {}
    uploads = loaded.variant.uploads
    for planned in report.uploads:
        file = yield Do(partial(read, planned.path))
        if uploads and uploads.inline is not None:
            addresses |= _inline(uploads.inline, planned.placeholder, file)
        else:
            addresses[planned.placeholder] = yield from _upload(session, loaded, planned, file, end)
    if not addresses:
        return report
    # Not checked again: what the provider, or the declaration, puts there is not the caller's.
    payload = with_addresses(report.payload, addresses)
    return msgspec.structs.replace(report, payload=payload, uploads=())


def _inline(template: str | Mapping[str, str], placeholder: str, file: LocalFile) -> dict[str, str]:
    """Return what to put in place of each placeholder of a file that goes into the payload."""
    content = base64.b64encode(file.content).decode()
    named = {"": template} if isinstance(template, str) else template
    return {
        f"{placeholder}#{name}" if name else placeholder: (
            text.replace("{type}", file.type).replace("{base64}", content)
        )
        for name, text in named.items()
    }


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


def with_addresses(value: Any, addresses: dict[str, str]) -> Any:
    """Replace placeholders by real addresses."""
    if isinstance(value, msgspec.Struct):
        fields = {
            name: with_addresses(getattr(value, name), addresses)
            for name in value.__struct_fields__
        }
        return msgspec.structs.replace(value, **fields)
    if isinstance(value, dict):
        return {name: with_addresses(item, addresses) for name, item in value.items()}
    if isinstance(value, list):
        return [with_addresses(item, addresses) for item in value]
    return addresses.get(value, value) if isinstance(value, str) else value


def _upload(
    session: Session,
    loaded: LoadedVariant,
    planned: PlannedUpload,
    file: LocalFile,
    end: float | None,
) -> Flow[str]:
    provider = loaded.variant.provider

    def send(call: Call) -> Effect:
        if end is None:
            return session.send(loaded, call, session.timeouts.upload)
        left = end - session.time.elapsed()
        if left <= 0:
            raise NotSent("the time for it is over")
        total = min(session.timeouts.upload, left)
        return session.send(loaded, call, total, patience=left)

    def judge(answer: Answer) -> None:
        if answer.status >= 400:
            _raise_if_refused(session, loaded, planned, answer)

    generator = loaded.call("upload", file=file)
    if generator is None:
        message = f"{loaded.variant.id}: it declares uploads, but has no hook `upload`"
        raise BrokenPluginError(message)
    try:
        url, answer = yield from steps(generator, send, judge)
    except (NotSent, Interrupted) as failure:
        reason = session.keys.clean(loaded, str(failure))
        raise NotSentError(
            f"{provider}: {planned.path} could not be uploaded ({reason}); nothing was bought"
        ) from failure
    if answer and url is None:
        _raise_if_refused(session, loaded, planned, answer)
    if not isinstance(url, str) or not _usable(loaded.variant, url):
        raise NotSentError(
            f"{provider}: the upload of {planned.path} returned no usable address; "
            "nothing was bought"
        )
    return url


def _raise_if_refused(
    session: Session, loaded: LoadedVariant, planned: PlannedUpload, answer: Answer
) -> None:
    """Raise RefusedError if an answer to an upload is an error."""
    refusal = loaded.call("parse_refusal", answer=answer)
    if answer.status >= 400 or refusal.kind != "unknown":
        refusal = session.keys.clean_refusal(loaded, refusal)
        message = (
            f"{loaded.variant.provider} refused the upload of {planned.path} "
            f"(HTTP {answer.status}): {refusal.message}"
        )
        raise RefusedError(message, refusal)


def _usable(variant: Variant, url: str) -> bool:
    """Whether what an upload returned can be put into a payload."""
    if variant.uploads and variant.uploads.handle and url.startswith(variant.uploads.handle):
        return url.isprintable()
    return public_url_objection(url, loopback=is_loopback(variant.base_url)) is None
