"""Naming the installed variants that can do what the chosen one cannot."""

import datetime
from collections.abc import Mapping
from typing import Any

import msgspec

from rushes._check.checking import check, overlaps, read_request
from rushes._payload.body import top
from rushes._payload.request_fields import FIELDS, is_native
from rushes._plugins.registry import Registry
from rushes.errors import BrokenPluginError
from rushes.problems import Problem
from rushes.report import Report
from rushes.request import Request
from rushes.variant import Variant

GONE = "gone"
"""The code of a problem with every request to a model that has ended."""
CANNOT = frozenset(("unsupported", "fixed", "choice", "range", "no_upload"))
"""Codes for what the variant cannot do, as opposed to a malformed value."""


def naming_siblings(
    report: Report, request: Request | Mapping[str, Any], registry: Registry, now: float
) -> Report:
    """Add to each problem of a common field the installed variants that do not have it.

    A native payload belongs to one variant; no other is tried. `now` is in seconds since 1970.
    """
    cannot = [problem for problem in report.problems if _may_differ(problem)]
    read = read_request(request)[0] if cannot else None
    if read is None or is_native(read):
        return report
    others: dict[str, Report] = {}
    for loaded in registry.working():
        if loaded.variant.id != report.variant:
            try:
                other = without_ended(loaded.variant, check(loaded, request), now)
                others[loaded.variant.id] = other
            except BrokenPluginError:
                continue
    problems = [
        _named(problem, others) if problem in cannot else problem for problem in report.problems
    ]
    return msgspec.structs.replace(report, problems=tuple(problems))


def without_ended(variant: Variant, report: Report, now: float) -> Report:
    """Add a problem if the variant's model has ended; `now` is in seconds since 1970."""
    if variant.ends is None:
        return report
    today = datetime.datetime.fromtimestamp(now, datetime.UTC).date()
    if today < variant.ends:
        return report
    message = f"{variant.id} is gone: its provider ended it on {variant.ends:%Y-%m-%d}"
    problem = Problem(path="", code=GONE, message=message, source=variant.page)
    problems = (problem, *report.problems)
    return msgspec.structs.replace(report, problems=problems, payload=None)


def _may_differ(problem: Problem) -> bool:
    return problem.code == GONE or (problem.code in CANNOT and top(problem.path) in FIELDS)


def _named(problem: Problem, others: Mapping[str, Report]) -> Problem:
    can = [
        variant
        for variant, report in others.items()
        if not any(
            problem.code == GONE or overlaps(problem.path, other.path) for other in report.problems
        )
    ]
    return msgspec.structs.replace(problem, variants=can) if can else problem
