"""Checking a request against a variant: every problem at once, nothing sent, nothing read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast

import msgspec
from msgspec import Struct

from rushes._check.naming import CallersNames
from rushes._check.quick import accepted, quick
from rushes._payload.body import top
from rushes._payload.compiled import compiled, reading
from rushes._payload.field_checks import Examiner
from rushes._payload.request_fields import FIELDS
from rushes._plugins.calling import LoadedVariant, judgement
from rushes._structs.invalid import INVALID
from rushes.draft import Draft
from rushes.errors import BrokenPluginError
from rushes.problems import Note, Problem
from rushes.report import Report
from rushes.request import Image, Request, Subject
from rushes.rules import Names, Rule
from rushes.urls import is_loopback
from rushes.variant import To, Variant

Finding = TypeVar("Finding", Problem, Note, Problem | Note)


def read_request(data: Any) -> tuple[Request | None, list[Problem]]:
    """Check a request on its own; fields with a problem are marked in the one returned.

    The request is None if the data is not an object.
    """
    examiner = Examiner(None, loopback=False)
    if not isinstance(data, (Request, Mapping)):
        examiner.problem("", "type", "expected a request: an object with its fields")
        return None, examiner.problems
    request = cast("Request", examiner.struct(Request, data, ""))
    if request.subjects is not INVALID:
        _refuse_same_names(request.subjects, examiner)
    if request.images is not INVALID:
        request = msgspec.structs.replace(request, images=_one_frame_each(request.images, examiner))
    return request, examiner.problems


def _one_frame_each(images: Sequence[Image], examiner: Examiner) -> list[Image]:
    """Refuse a second first or last frame, and mark its role."""
    seen: set[str] = set()
    kept = []
    for index, image in enumerate(images):
        if image.role is not INVALID and image.role in seen:
            message = f"is another {image.role}; only one is accepted"
            image = Image(image.url, examiner.problem(f"images[{index}].role", "twice", message))
        elif image.role is not INVALID and image.role != "reference":
            seen.add(image.role)
        kept.append(image)
    return kept


def _refuse_same_names(subjects: Sequence[Subject], examiner: Examiner) -> None:
    """Refuse a name that another subject already has."""
    seen: dict[str, int] = {}
    for index, subject in enumerate(subjects):
        if subject.name is not INVALID and seen.setdefault(subject.name, index) != index:
            first = f"subjects[{seen[subject.name]}]"
            message = f"is also the name of {first}; a prompt could refer to neither"
            examiner.problem(f"subjects[{index}].name", "twice", message)


def check(loaded: LoadedVariant, data: Request | Mapping[str, Any]) -> Report:
    """Check a request against one variant."""
    return quick(loaded, data) or _full_check(loaded, data)


def _full_check(loaded: LoadedVariant, data: Request | Mapping[str, Any]) -> Report:
    variant = loaded.variant
    request, problems = read_request(data)
    draft = _drafted(loaded, request, problems) if request is not None else None
    if draft is None:
        return Report(variant=variant.id, problems=tuple(problems), notes=())
    draft.finish()
    if not problems and not draft.problems and (lost := draft.dropped()):
        raise BrokenPluginError(
            f"{variant.id}: its build_payload takes {lost} and drops it; put() it into the body "
            f"under that name, report it, or say already({top(lost)!r}) if nothing needs to be sent"
        )
    malformed = [problem.path for problem in problems]
    problems += _not_inside(malformed, draft.problems)
    payload, found = judge(loaded, draft.body, CallersNames(draft))
    reported = {problem.path for problem in problems}
    notes = list(_not_inside(malformed, draft.notes))
    for moved in _not_inside(malformed, [_moved(item, draft, variant) for item in found]):
        if isinstance(moved, Note):
            notes.append(moved)
        elif moved.path not in reported:
            problems.append(moved)
    if payload is None and not problems:
        raise BrokenPluginError(f"{variant.id}: its payload struct accepts unencodable values")
    files = tuple(draft.files)
    if problems or payload is None:
        return Report(
            variant=variant.id, problems=tuple(problems), notes=tuple(notes), uploads=files
        )
    with loaded.blamed("its cost or input mode"):
        return accepted(variant, payload, reading(payload), tuple(notes), files)


def _drafted(loaded: LoadedVariant, request: Request, problems: list[Problem]) -> Draft | None:
    """Draft a payload; for a request with problems, as much as the plugin can without those values.

    Return None if it cannot; then only the malformed fields are reported.
    """
    fields = {top(problem.path) for problem in problems} & {*FIELDS, "extra"}
    whole = msgspec.structs.replace(request, **dict.fromkeys(fields, INVALID))
    for given in (request, whole):
        try:
            draft: Draft = loaded.call("build_payload", request=given)
        except BrokenPluginError:
            if not problems:
                raise
        else:
            return draft
    return None


def judge(
    loaded: LoadedVariant, body: Mapping[str, Any], names: Names | None = None
) -> tuple[Struct | None, list[Problem | Note]]:
    """Check a wire body: its fields one by one, then the rules whose fields are valid.

    A rule is skipped if one of its fields has a problem, or is marked as having one. If only part
    of a field does (an item of a list), the rule runs, and reports nothing if it reads that part.
    Messages of rules use `names`, by default the payload's own.
    """
    variant = loaded.variant
    examiner = Examiner(variant.id, loopback=is_loopback(variant.base_url))
    with loaded.blamed("its payload struct"):  # one with a __post_init__ runs the plugin's code
        payload = partial = _converted(variant, body, examiner)
    if payload is None:
        examiner = Examiner(variant.id, loopback=is_loopback(variant.base_url))
        with loaded.blamed("its payload struct"):
            partial = examiner.struct(variant.payload, body, "")
        if not (examiner.problems or examiner.marked):
            payload = partial  # an empty list counts as absent, whatever its minimum length
    found: list[Problem | Note] = [*examiner.problems, *examiner.notes]
    bad = [*examiner.marked, *(problem.path for problem in examiner.problems)]
    read = reading(partial)
    for rule in variant.rules:
        if not any(_covers(path, field) for field in rule.fields for path in bad):
            judged = _judged(loaded, rule, (read, partial, names), whole=not bad)
            found += (item for item in judged if rule.unsaid or _concerns_caller(item, body))
    if any(isinstance(item, Problem) for item in found) or payload is None:
        return None, found
    if loaded.judges:
        found += loaded.judgements(payload)
    return payload, found


def _converted(variant: Variant, body: Mapping[str, Any], examiner: Examiner) -> Struct | None:
    """Convert a body that has no problem, on the fast path; None means it needs the full check."""
    try:
        payload = msgspec.convert(body, variant.payload)
        for wire, field in compiled(variant.payload).special.items():
            if wire in body:
                examiner.value(field.hint, body[wire], wire)
        if not examiner.problems:
            msgspec.json.encode(payload)
        if not compiled(variant.payload).filled(payload):
            return None
    except (msgspec.ValidationError, ValueError, RecursionError, OverflowError, TypeError):
        return None
    return None if examiner.problems or examiner.marked else payload


def _concerns_caller(item: Problem | Note, body: Mapping[str, Any]) -> bool:
    """Whether a finding concerns the caller: a note on a field that was left out does not."""
    return isinstance(item, Problem) or top(item.path) in body


def _judged(
    loaded: LoadedVariant, rule: Rule, given: tuple[Any, Any, Names | None], *, whole: bool
) -> Iterable[Problem | Note]:
    try:
        with loaded.blamed(f"the rule {rule.name}"):
            found = [judgement(item) for item in rule.judge(*given)]
    except BrokenPluginError:
        if whole:
            raise
        return  # it read a marked value
    for item in found:
        yield item if item.source else msgspec.structs.replace(item, source=rule.source)


def _moved(item: Problem | Note, draft: Draft, variant: Variant) -> Problem | Note:
    """Map a finding back to the caller's field, and name the page it comes from."""
    path, *others = draft.origins_of(item.path)
    moved = msgspec.structs.replace(item, path=path, source=item.source or variant.page)
    if isinstance(moved, Note) or draft.native:
        return moved
    names = list(dict.fromkeys([*moved.names, *others]))
    if item.code in (rule.name for rule in variant.rules):  # worded in the caller's words
        return msgspec.structs.replace(moved, names=names)
    place = variant.fields.get(path)
    computed = isinstance(place, To) and place.form is not None and place.path == item.path
    if not others and not computed:
        return moved
    beside = f" together with {' and '.join(others)}" if others else ""
    message = f"is sent as {item.path}{beside}: {moved.message}"
    accepted = CallersNames(draft).accepted(item.path, moved.accepted) if computed else None
    return msgspec.structs.replace(moved, message=message, accepted=accepted, names=names)


def _not_inside(malformed: Sequence[str], found: Iterable[Finding]) -> Iterator[Finding]:
    """Leave out findings on parts of a malformed value: those are marks, nobody wrote them."""
    for item in found:
        if not any(path != item.path and _covers(path, item.path) for path in malformed):
            yield item


def _covers(outer: str, inner: str) -> bool:
    """Whether one path equals the other, or contains it."""
    return len(outer) <= len(inner) and overlaps(outer, inner)


def overlaps(one: str, other: str) -> bool:
    """Whether two paths are equal, or one contains the other."""
    short, long = sorted((one, other), key=len)
    return long.startswith(short) and (long == short or long[len(short)] in ".[" or not short)
