"""A payload's fields in words: what each accepts, and one value that it does not."""

from typing import Any, NamedTuple, get_args

import msgspec

from rushes._payload.constraints import described, lengths, spans
from rushes._payload.fields import extra, is_struct, shape, unwrap
from rushes.problems import Problem
from rushes.testing._conformance import VariantConformance
from rushes.testing._sites import Site, sites
from rushes.testing._values import bad

TELLING = ("choice", "range", "length", "public_url", "web_url", "pattern", "blank", "type")
"""Codes of problems, the most informative about a field's bounds first."""


class PayloadField(NamedTuple):
    """One field of a payload.

    `path` is its place in the JSON, with `[]` for every item of a list. `takes` says what it
    accepts, `choices` lists the accepted values if they are enumerated. `default` is the field's
    value when it is absent, None if none is declared. `refused` is a value that is not accepted,
    with the problem that a check reports.
    """

    path: str
    takes: str
    choices: tuple[Any, ...]
    required: bool
    default: Any
    refused: tuple[Any, Problem] | None


def payload_fields(kit: VariantConformance) -> list[PayloadField]:
    """Describe every field of a variant's payload, including nested ones, for its page."""
    return [
        PayloadField(
            path=site.path.replace("[0]", "[]"),
            takes=_takes(site.hint),
            choices=tuple(described(site.hint).choices),
            required=site.required,
            default=None if site.required else _default(site),
            refused=_refused(kit, site),
        )
        for site in sites(kit.variant.payload)
    ]


def _takes(hint: Any) -> str:
    """Say in words what a field accepts."""
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
    if bounds.words == "a list":
        item, _ = unwrap(get_args(base)[0])
        of = " of anything" if item is Any else " of objects" if is_struct(item) else ""
        return _with(f"list{of}", lengths(bounds, "items"))
    if bounds.words == "text":
        if bounds.pattern != r"\S":
            return _with("text", lengths(bounds)) + tail
        # "Not blank" already implies a minimum length.
        most = lengths(msgspec.structs.replace(bounds, min_length=None))
        return _with("text, not blank", most) + tail
    words = bounds.words.removeprefix("a ")
    return _with(words, spans(bounds))


def _with(words: str, more: str) -> str:
    return f"{words}, {more}" if more else words


def _default(site: Site) -> Any:
    """Return a field's value when it is absent; None if none is declared."""
    last = site.steps[-1]
    if isinstance(last, int):
        return None
    *_, hint = (site.owner, *site.trail())
    base, metas = unwrap(hint)
    owner = extra(metas, "known") or base
    reads_as = next(field.reads_as for field in shape(owner) if field.wire == last)
    return None if reads_as in ("", [], {}) else reads_as


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
