"""What a hook does if the plugin does not implement it: the declaration decides."""

import email.utils
from collections.abc import Mapping

import msgspec

from rushes._payload.fields import shape
from rushes.calls import Answer, Call, Steps, pick, pick_text
from rushes.draft import Draft
from rushes.hookspecs import hookimpl
from rushes.request import Request
from rushes.task import Receipt, Refusal
from rushes.variant import Variant

UNSAYING = frozenset((408, 409, 425))
"""Statuses, besides every 5xx, after which a task may or may not exist."""


@hookimpl
def build_payload(variant: Variant, request: Request) -> Draft:
    """Carry over the fields that the declaration names."""
    return Draft(variant, request)


@hookimpl
def submit(variant: Variant, payload: msgspec.Struct, client_id: str) -> Call:
    """POST the payload as JSON, with the client id where the declaration puts it."""
    if wire := variant.client_id_field:
        name = next(field.name for field in shape(variant.payload) if field.wire == wire)
        payload = msgspec.structs.replace(payload, **{name: client_id})
    headers = {variant.client_id_header: client_id} if variant.client_id_header else {}
    return Call.post_json(variant.url(variant.submit_path), payload, headers=headers)


@hookimpl
def poll(variant: Variant, receipt: Receipt) -> Steps[Answer]:
    """GET the status address."""
    answer = yield Call.get(variant.url(variant.status_path, id=receipt.remote_id))
    return answer


@hookimpl
def authorize(key: str) -> Mapping[str, str]:
    """Send the key as a bearer token (RFC 6750)."""
    return {"Authorization": f"Bearer {key}"}


@hookimpl
def parse_refusal(answer: Answer) -> Refusal:
    """Decide by the HTTP status, and quote the error message from its usual places."""
    return refusal_by_status(answer.status, answer)


def refusal_by_status(status: int, answer: Answer) -> Refusal:
    """Say what an HTTP status means for a call that creates."""
    data = answer.json()
    message = (
        pick_text(data, "error", "message")
        or pick_text(data, "message")
        or pick_text(data, "error")
        or f"HTTP status {status}"
    )
    if encoding := answer.headers.get("content-encoding"):
        message += f", sent with the unsupported content encoding {encoding!r}"
    code = pick(data, "error", "code")
    if status < 400 or status >= 500 or status in UNSAYING:
        kind = "unknown"
    else:
        kind = {401: "key", 402: "balance", 403: "key", 429: "wait"}.get(status, "refused")
    return msgspec.convert(
        {
            "kind": kind,
            "message": message,
            "code": str(code) if isinstance(code, (str, int)) else None,
            "retry_after": retry_after(answer),
        },
        Refusal,
    )


def retry_after(answer: Answer) -> float | None:
    """Read Retry-After in seconds (RFC 9110, 10.2.3); a date is compared to the answer's Date."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isdecimal() and text.isascii():
        return float(text[:9])
    then, now = http_date(text), http_date(answer.headers.get("date", ""))
    return min(max(0.0, then - now), 1e9 - 1) if then is not None and now is not None else None


def http_date(text: str) -> float | None:
    """Read a date as HTTP writes it (RFC 9110, 5.6.7), in seconds since 1970."""
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
