"""A payload's fields in words, for its page: what each accepts, and one value that it does not."""

from typing import Any, NamedTuple

from rushes._check.native_fields import NativeField, native_fields
from rushes.problems import Problem
from rushes.testing._conformance import VariantConformance
from rushes.testing._sites import Site, sites
from rushes.testing._values import bad

TELLING = ("choice", "range", "length", "public_url", "web_url", "pattern", "blank", "type")
"""Codes of problems, the most informative about a field's bounds first."""


class PayloadField(NamedTuple):
    """One field of a payload, and a value that it refuses with the problem that a check reports."""

    field: NativeField
    refused: tuple[Any, Problem] | None


def payload_fields(kit: VariantConformance) -> list[PayloadField]:
    """Describe every field of a variant's payload, including nested ones."""
    places = {site.path.replace("[0]", "[]"): site for site in sites(kit.variant.payload)}
    return [
        PayloadField(field, _refused(kit, places[field.path]))
        for field in native_fields(kit.variant)
    ]


def _refused(kit: VariantConformance, site: Site) -> tuple[Any, Problem] | None:
    """Return the most informative invalid value of a field, with the check's problem."""
    body = kit.native()
    found: list[tuple[Any, Problem]] = []
    for value in bad(site.hint):
        report = kit.check(site.put(body, value))
        found += ((value, problem) for problem in report.problems if problem.path == site.path)

    def telling(pair: tuple[Any, Problem]) -> tuple[int, int]:
        problem = pair[1]
        rank = TELLING.index(problem.code) if problem.code in TELLING else len(TELLING)
        return rank, -len(problem.message)

    return min(found, key=telling, default=None)
