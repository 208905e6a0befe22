"""Naming the installed variants that can do what the chosen one cannot."""

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

CANNOT = frozenset(("unsupported", "fixed", "choice", "range", "no_upload"))
"""Codes for what the variant cannot do, as opposed to a malformed value."""


def naming_siblings(
    report: Report, request: Request | Mapping[str, Any], registry: Registry
) -> Report:
    """Add to each problem of a common field the installed variants that do not have it.

    A native payload belongs to one variant; no other is tried.
    """
    cannot = [problem for problem in report.problems if _may_differ(problem)]
    read = read_request(request)[0] if cannot else None
    if read is None or is_native(read):
        return report
    others: dict[str, Report] = {}
    for loaded in registry.working():
        if loaded.variant.id != report.variant:
            try:
                others[loaded.variant.id] = check(loaded, request)
            except BrokenPluginError:
                continue
    problems = [
        _named(problem, others) if problem in cannot else problem for problem in report.problems
    ]
    return msgspec.structs.replace(report, problems=tuple(problems))


def _may_differ(problem: Problem) -> bool:
    return problem.code in CANNOT and top(problem.path) in FIELDS


def _named(problem: Problem, others: Mapping[str, Report]) -> Problem:
    can = [
        variant
        for variant, report in others.items()
        if not any(overlaps(problem.path, other.path) for other in report.problems)
    ]
    return msgspec.structs.replace(problem, variants=can) if can else problem
