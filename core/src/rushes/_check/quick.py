"""The fast path of a check, for a request without a problem and without a note.

It can only accept. Anything else that it meets, an exception included, sends the request to the
full check, which finds every problem and whose fault it is.
"""

import math
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET, Struct

from rushes._payload.body import PlannedUpload
from rushes._payload.compiled import compiled
from rushes._payload.field_checks import Examiner
from rushes._payload.fields import FieldShape
from rushes._payload.request_fields import sets_nothing
from rushes._plugins.calling import PLUGIN_ERRORS, LoadedVariant
from rushes.errors import BrokenPluginError
from rushes.problems import Note, show
from rushes.report import Report
from rushes.request import Request
from rushes.urls import is_loopback
from rushes.variant import Variant

_reread = msgspec.json.Decoder(Request).decode
_write = msgspec.json.Encoder().encode


def quick(loaded: LoadedVariant, request: Any, *, native: bool = False) -> Report | None:
    """Return the report of a valid request, or None if the request needs the full check.

    `native`: it is known to set no common field.
    """
    if type(request) is not Request or type(request.extra) is not dict:
        return None
    try:
        if not (native or sets_nothing(request) or _well_typed(request)):
            return None
        draft = loaded.draft(request)
        if not draft.native:
            draft.finish()
        if draft.problems or draft.notes or draft.files or (draft.taken and draft.dropped()):
            return None
        variant, body = loaded.variant, draft.body
        payload, steps = msgspec.convert(body, variant.payload), compiled(variant.payload)
        if not steps.filled(payload):
            return None
        if not (body.keys().isdisjoint(steps.special) or _are_valid(variant, steps.special, body)):
            return None
        read = steps.reading(payload)
        if not loaded.rules_hold(read, payload):
            return None
        if loaded.judges and loaded.judgements(payload):
            return None
        _write(payload)
        return accepted(variant, payload, read)
    except PLUGIN_ERRORS:  # the full check reports what it was, and whose fault
        return None


def accepted(
    variant: Variant,
    payload: Struct,
    read: Any,
    notes: tuple[Note, ...] = (),
    uploads: tuple[PlannedUpload, ...] = (),
) -> Report:
    """Return the report of a payload without a problem; `read` is the payload as rules see it."""
    transport: dict[str, Any] = {}
    for field in compiled(variant.payload).transport:
        if (value := getattr(payload, field.name)) is not UNSET:
            transport[field.wire] = value
            payload = msgspec.structs.replace(payload, **{field.name: UNSET})
    cost = variant.cost(read) if variant.cost else None
    if cost is not None and not (type(cost) is float and 0 <= cost < math.inf):
        cost = _usd(variant, cost)
    return Report(
        variant=variant.id,
        problems=(),
        notes=notes,
        payload=payload,
        transport=transport,
        input_mode=variant.input_mode(read) if variant.input_mode else None,
        cost=cost,
        uploads=uploads,
    )


def _usd(variant: Variant, given: Any) -> float:
    """Return an amount that `cost` returned; raise BrokenPluginError if it is none."""
    number = isinstance(given, (int, float)) and not isinstance(given, bool)
    if not number or not 0 <= given < math.inf:
        raise BrokenPluginError(
            f"{variant.id}: its cost returned {show(given)}, which is not an amount in USD: "
            "a number that is not negative, or None if it is not known"
        )
    return float(given)


def _well_typed(request: Request) -> bool:
    """Whether a request has the declared types; raises if it does not."""
    reread = _reread(_write(request))
    if reread.guidance != request.guidance or type(request.duration) is float:
        return False  # a number that JSON cannot express, or one that is to become an integer
    for shot in request.shots:
        if type(shot.duration) is float:
            return False
    if request.subjects and len({subject.name for subject in request.subjects}) < len(
        request.subjects
    ):
        return False
    if not request.images:
        return True
    roles = [image.role for image in request.images]
    return len(roles) < 2 or len(roles) == len({*roles}) + max(roles.count("reference") - 1, 0)


def _are_valid(variant: Variant, fields: Mapping[str, FieldShape], body: Mapping[str, Any]) -> bool:
    examiner = Examiner(variant.id, loopback=is_loopback(variant.base_url))
    for wire in fields.keys() & body.keys():
        examiner.value(fields[wire].hint, body[wire], wire)
    return not (examiner.problems or examiner.notes)
