"""Checking a request against a variant: every problem at once, nothing sent, nothing read."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

import msgspec
from msgspec import Struct

from rushes.draft import way_back
from rushes.errors import BrokenPluginError
from rushes.loading import LoadedVariant, judgement
from rushes.payload import INVALID, Examiner
from rushes.plans import plan, reading
from rushes.problems import Note, Problem
from rushes.quick import accepted, quick
from rushes.report import Report
from rushes.request import FIELDS, Request, fields_set
from rushes.rules import Rule
from rushes.urls import is_loopback
from rushes.variant import Always, Built, Variant


def read_request(data: Any) -> tuple[Request, list[Problem]]:
    """Judge a request by its own words; what has a problem is left out of the one returned."""
    examiner = Examiner(None, loopback=False)
    if not isinstance(data, (Request, Mapping)):
        examiner.problem("", "type", "a request is expected: an object with its fields")
        return Request(), examiner.problems
    if isinstance(data, Mapping):
        data = {name: value for name, value in data.items() if value is not None}
    given = cast("Request", examiner.struct(Request, data, ""))
    roles = [image.role for image in given.images] if given.images is not INVALID else []
    for role in ("first_frame", "last_frame"):
        for index in [i for i, r in enumerate(roles) if r == role][1:]:
            examiner.problem(f"images[{index}].role", "twice", f"is another {role}; one will do")
    invalid = {top(problem.path) for problem in examiner.problems}
    blank = {name: getattr(Request(), name) for name in invalid & set(Request.__struct_fields__)}
    return msgspec.structs.replace(given, **blank), examiner.problems


def check(loaded: LoadedVariant, data: Request | Mapping[str, Any]) -> Report:
    """Check a request against one variant."""
    return quick(loaded, data) or _thorough(loaded, data)


def _thorough(loaded: LoadedVariant, data: Request | Mapping[str, Any]) -> Report:
    variant = loaded.variant
    request, problems = read_request(data)
    if any(top(problem.path) in FIELDS for problem in problems) and not fields_set(request):
        return Report(variant=variant.id, problems=tuple(problems), notes=())
    draft = loaded.call("build_payload", request=request)
    draft.finish()
    draft.lead_back()
    problems += draft.problems
    payload, found = judge(loaded, draft.body, spoiled(variant, problems))
    seen = [problem.path for problem in problems]
    notes = list(draft.notes)
    for item in found:
        moved = _moved(item, draft.origins, variant)
        if isinstance(moved, Note):
            notes.append(moved)
        elif not any(overlaps(moved.path, path) for path in seen):
            problems.append(moved)
    if payload is None and not problems:
        raise BrokenPluginError(f"{variant.id}: its payload struct allows what cannot be written")
    if problems or payload is None:
        return Report(variant=variant.id, problems=tuple(problems), notes=tuple(notes))
    with loaded.blamed("its cost or input mode"):
        return accepted(variant, payload, reading(payload), tuple(notes), tuple(draft.files))


def spoiled(variant: Variant, problems: Iterable[Problem]) -> list[str]:
    """Return the payload paths that stay empty because a common field has a problem.

    Nothing may be made of their absence: the caller did give the field.
    """
    fields = {top(problem.path) for problem in problems}
    return [
        path.removesuffix("[]")
        for field, place in variant.fields.items()
        if field.partition(".")[0] in fields and not isinstance(place, Always)
        for path in (place.path, *(place.also if isinstance(place, Built) else ()))
    ]


def judge(
    loaded: LoadedVariant, body: Mapping[str, Any], empty: Iterable[str] = ()
) -> tuple[Struct | None, list[Problem | Note]]:
    """Judge a wire body: its fields one by one, then the rules whose fields are valid.

    `empty` are paths whose absence means nothing.
    """
    variant = loaded.variant
    examiner = Examiner(variant.id, loopback=is_loopback(variant.base_url))
    payload = _converted(variant, body, examiner)
    if payload is None:
        examiner.problems.clear()
        examiner.notes.clear()
        partial = examiner.struct(variant.payload, body, "")
        if not examiner.problems:
            payload = partial  # an empty list counts as none, whatever its least length
    else:
        partial = payload
    found: list[Problem | Note] = [*examiner.problems, *examiner.notes]
    bad = [*empty, *(problem.path for problem in examiner.problems)]
    read = reading(partial)
    for rule in variant.rules:
        if not any(overlaps(field, path) for field in rule.fields for path in bad):
            found += (item for item in _judged(loaded, rule, read) if _asked(item, body))
    if any(isinstance(item, Problem) for item in found) or payload is None:
        return None, found
    found += loaded.judgements(payload)
    return payload, found


def _converted(variant: Variant, body: Mapping[str, Any], examiner: Examiner) -> Struct | None:
    """Take the short way of a body without a problem; None sends it the thorough way."""
    try:
        payload = msgspec.convert(body, variant.payload)
        for field in plan(variant.payload).special:
            if field.wire in body:
                examiner.value(field.hint, body[field.wire], field.wire)
        if not examiner.problems:
            msgspec.json.encode(payload)
        if not plan(variant.payload).no_blank(payload):
            return None
    except (msgspec.ValidationError, ValueError, RecursionError, OverflowError, TypeError):
        return None
    return None if examiner.problems else payload


def _asked(item: Problem | Note, body: Mapping[str, Any]) -> bool:
    """Whether a finding concerns the caller: a note on a field left out tells nobody anything."""
    return isinstance(item, Problem) or top(item.path) in body


def _judged(loaded: LoadedVariant, rule: Rule, payload: Any) -> Iterable[Problem | Note]:
    with loaded.blamed(f"the rule {rule.name}"):
        found = [judgement(item) for item in rule.judge(payload)]
    for item in found:
        yield item if item.source else msgspec.structs.replace(item, source=rule.source)


def _moved(item: Problem | Note, origins: Mapping[str, str], variant: Variant) -> Problem | Note:
    """Lead a finding back to the caller's own words, and name the page it comes from."""
    path = way_back(origins, item.path)
    source = item.source or variant.page
    return msgspec.structs.replace(item, path=path, source=source)


def top(path: str) -> str:
    """Return the outermost field of a path."""
    return path.partition(".")[0].partition("[")[0]


def overlaps(one: str, other: str) -> bool:
    """Whether one path is the other, or lies in it."""
    short, long = sorted((one, other), key=len)
    return long.startswith(short) and (long == short or long[len(short)] in ".[" or not short)
