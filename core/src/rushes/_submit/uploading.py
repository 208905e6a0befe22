"""Files that a request names are uploaded before the submit, or put into the payload."""

import base64
from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec

from rushes._flow import Do, Effect, Flow, Interrupted, NotSent, steps
from rushes._payload.body import PlannedUpload
from rushes._plugins.calling import LoadedVariant
from rushes._session.session import Session
from rushes._submit.files import body_problems, fetch_file, read
from rushes._urls import public_url_objection
from rushes.calls import Answer, Call, LocalFile
from rushes.errors import BrokenPluginError, NotSentError, RefusedError, RequestError
from rushes.report import Report
from rushes.urls import is_loopback
from rushes.variant import Variant


def upload_files(
    session: Session, loaded: LoadedVariant, report: Report, end: float | None = None
) -> Flow[Report]:
    """Upload every file until `end`; return the report with the addresses in its payload."""
    addresses: dict[str, str] = {}
    uploads = loaded.variant.uploads
    sizes: dict[PlannedUpload, int] = {}
    for planned in report.uploads:
        if uploads and planned.is_address:
            file = yield from fetch_file(session, loaded.variant, uploads, planned, end)
        else:
            file = yield Do(partial(read, planned.path))
        if uploads and uploads.inline is not None:
            sizes[planned] = len(file.content)
            if problems := body_problems(sizes, uploads, loaded.variant.page):
                raise RequestError(problems)
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
        url, _, answer = yield from steps(generator, send, judge)
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
