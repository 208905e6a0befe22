"""The short way of a check, for a request without a problem and without a note.

It hopes: whatever it meets that is not plainly in order, an exception included, sends the request
the thorough way, which finds out everything and whose fault it is. Accepting is all it can do.
"""

from functools import cache
from typing import Any

import msgspec
from msgspec import UNSET, Struct

from rushes.draft import PlannedUpload
from rushes.fields import reading, shape
from rushes.loading import LoadedVariant
from rushes.payload import Examiner
from rushes.problems import Note
from rushes.report import Report
from rushes.request import Request, fields_set
from rushes.urls import is_loopback
from rushes.variant import Variant

_reread = msgspec.json.Decoder(Request).decode
_write = msgspec.json.Encoder().encode


def quick(loaded: LoadedVariant, request: Any) -> Report | None:
    """Return the report of a request that is in order, or None where it takes a closer look."""
    if type(request) is not Request:
        return None
    try:
        return _hoped(loaded, request)
    except Exception:  # noqa: BLE001 - the thorough way says what it was, and whose fault
        return None


def _hoped(loaded: LoadedVariant, request: Request) -> Report | None:
    variant = loaded.variant
    if type(request.extra) is not dict or (fields_set(request) and not _well_typed(request)):
        return None
    draft = loaded.build_payload(request)
    draft.finish()
    if draft.problems or draft.notes or draft.files:
        return None
    payload = msgspec.convert(draft.body, variant.payload)
    if not _special_in_order(variant, draft.body):
        return None
    read = reading(payload)
    if not _rules_hold(variant, read) or loaded.judgements(payload):
        return None
    _write(payload)
    return accepted(variant, payload, read)


def accepted(
    variant: Variant,
    payload: Struct,
    read: Any,
    notes: tuple[Note, ...] = (),
    uploads: tuple[PlannedUpload, ...] = (),
) -> Report:
    """Return the report of a payload without a problem; `read` is how rules read it."""
    transport: dict[str, Any] = {}
    for name, wire in _transport(type(payload)):
        if (value := getattr(payload, name)) is not UNSET:
            transport[wire] = value
            payload = msgspec.structs.replace(payload, **{name: UNSET})
    return Report(
        variant=variant.id,
        problems=(),
        notes=notes,
        payload=payload,
        transport=transport,
        input_mode=variant.input_mode(read) if variant.input_mode else None,
        cost=variant.cost(read) if variant.cost else None,
        uploads=uploads,
    )


def _rules_hold(variant: Variant, read: Any) -> bool:
    for rule in variant.rules:
        verdict = rule.predicate(read)
        if verdict is True:
            continue
        if verdict is False:
            return False
        for _ in verdict:
            return False
    return True


def _well_typed(request: Request) -> bool:
    """Whether a request has the types it declares; raises where it has not."""
    _reread(_write(request))
    roles = [image.role for image in request.images]
    return len(roles) < 2 or len(roles) == len({*roles}) + max(roles.count("reference") - 1, 0)


def _special_in_order(variant: Variant, body: dict[str, Any]) -> bool:
    examiner = None
    for wire, hint in _special(variant.payload):
        if wire in body:
            examiner = examiner or Examiner(variant.id, loopback=is_loopback(variant.base_url))
            examiner.value(hint, body[wire], wire)
    return examiner is None or not (examiner.problems or examiner.notes)


@cache
def _special(struct: type[Struct]) -> tuple[tuple[str, Any], ...]:
    return tuple((field.wire, field.hint) for field in shape(struct) if field.special)


@cache
def _transport(struct: type[Struct]) -> tuple[tuple[str, str], ...]:
    return tuple((field.name, field.wire) for field in shape(struct) if field.transport)
