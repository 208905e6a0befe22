"""The table of a variant's payload fields: what each takes, and one value that it does not."""

from typing import Any, get_args

import md
from rushes import Problem
from rushes.constraints import Bounds, described, spans
from rushes.fields import extra, is_struct, shape, unwrap
from rushes.testing import VariantConformance
from rushes.testing.sites import Site, sites
from rushes.testing.values import bad

TELLING = ("choice", "range", "length", "public_url", "web_url", "pattern", "blank", "type")
"""Codes of problems, the one that tells most of a field's bounds first."""


def field_table(kit: VariantConformance) -> str:
    """Return the table; a row for each path, nested ones included."""
    rows = (
        (
            md.code(site.path.replace("[0]", "[]")),
            _takes(site.hint),
            "required" if site.required else _default(site),
            _refused(kit, site),
        )
        for site in sites(kit.variant.payload)
    )
    return md.table(("field", "takes", "default", "refused, for example"), rows)


def _takes(hint: Any) -> str:
    """Say in words what may stand in a field."""
    base, metas = unwrap(hint)
    bounds = described(hint)
    tail = "; concerns the delivery" if extra(metas, "transport") else ""
    if extra(metas, "public_url"):
        return "public http(s) address" + tail
    if extra(metas, "web_url"):
        return "http(s) address" + tail
    if extra(metas, "known"):
        return "object; other keys pass, with a note"
    if is_struct(base):
        return "object"
    if bounds.choices:
        return md.codes(bounds.choices)
    if bounds.words == "a list":
        item, _ = unwrap(get_args(base)[0])
        of = " of anything" if item is Any else " of objects" if is_struct(item) else ""
        return f"list{of}{_count(bounds, 'items')}"
    if bounds.words == "text":
        if bounds.pattern != r"\S":
            return f"text{_count(bounds, 'characters')}{tail}"
        # "Not blank" says already that there is a character.
        most = f", up to {bounds.max_length} characters" if bounds.max_length else ""
        return f"text, not blank{most}{tail}"
    words = bounds.words.removeprefix("a ")
    return f"{words}, {spans(bounds)}" if spans(bounds) else words


def _count(bounds: Bounds, what: str) -> str:
    least, most = bounds.min_length, bounds.max_length
    if least and most:
        return f", {least} to {most} {what}"
    if most:
        return f", up to {most} {what}"
    return f", {least} or more {what}" if least else ""


def _default(site: Site) -> str:
    """Return the provider's default as the declaration has it."""
    last = site.steps[-1]
    if isinstance(last, int):
        return ""
    *_, hint = (site.owner, *site.trail())
    base, metas = unwrap(hint)
    owner = extra(metas, "known") or base
    reads_as = next(field.reads_as for field in shape(owner) if field.wire == last)
    return "" if reads_as in (None, "", [], {}) else md.codes([reads_as])


def _refused(kit: VariantConformance, site: Site) -> str:
    """Return the bad value that tells most of the field's bounds, with the checker's answer."""
    body = kit.native()
    found: list[tuple[Any, Problem]] = []
    for value in bad(site.hint):
        report = kit.check(site.put(body, value))
        found += ((value, problem) for problem in report.problems if problem.path == site.path)
    if not found:
        return ""

    def telling(pair: tuple[Any, Problem]) -> tuple[int, int]:
        problem = pair[1]
        rank = TELLING.index(problem.code) if problem.code in TELLING else len(TELLING)
        return rank, -len(problem.message)

    value, problem = min(found, key=telling)
    return f"{md.value(value)}<br>{md.text(problem.message)}"
