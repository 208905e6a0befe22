"""One variant's page: what it is, its fields, its rules, each with what the checker answers."""

from collections.abc import Iterator
from typing import Any

import md
from field_table import field_table
from rushes import Note, Problem, Request, Variant
from rushes.problems import show_size
from rushes.request import fields_set
from rushes.rules import Rule
from rushes.testing import VariantConformance

WRITTEN = "<!-- Written by docs/generate.py from the declarations; what is edited here is lost. -->"


def page(variant: Variant, kit: VariantConformance) -> str:
    """Return the page's text."""
    refusing = [rule for rule in variant.rules if not rule.notes]
    noting = [rule for rule in variant.rules if rule.notes]
    parts = [
        WRITTEN,
        f"# {variant.id}",
        "\n".join(f"- {name}: {words}" for name, words in _facts(variant)),
        "All variants: [the matrix](index.md).",
        "## Fields",
        "The payload as it is sent. Each example is answered as the check answers it.",
        field_table(kit),
    ]
    if refusing:
        parts += ["## Rules", "Each looks across fields, once they are valid one by one."]
        parts += [_rule(variant, rule, kit.rejected[rule.name], kit) for rule in refusing]
    if noting:
        parts += ["## Notes", "These refuse nothing; they say what may differ from what was asked."]
        parts += [_rule(variant, rule, kit.noted[rule.name], kit) for rule in noting]
    return "\n\n".join(parts) + "\n"


def _facts(variant: Variant) -> Iterator[tuple[str, str]]:
    prefix = variant.environment_prefix
    yield "Page", md.link(variant.page.title, variant.page.url)
    no_address = f"none of its own; set {md.code(f'{prefix}_BASE_URL')}"
    yield "Base URL", md.code(variant.base_url) if variant.base_url else no_address
    keys_set = md.code(f"rushes keys set {variant.provider}")
    yield "Key", f"{md.code(f'{prefix}_API_KEY')}, or {keys_set}"
    yield "Submitted again", _again(variant)
    yield "Local images", _uploads(variant)
    for fact in variant.facts:
        yield "Good to know", md.text(fact)


def _again(variant: Variant) -> str:
    looked_up = {
        "by_client_id": "one that was interrupted can be looked up",
        "none": "one that was interrupted cannot be looked up, and is yours to resolve",
    }[variant.look_up]
    return {
        "replay": "a repeated submit is known by its key, and not charged again",
        "reject": f"a repeated submit is refused by its key; {looked_up}",
        "none": f"the provider knows no repeated submit; {looked_up}",
    }[variant.idempotency]


def _uploads(variant: Variant) -> str:
    if variant.uploads is None:
        return "none; images are public addresses"
    kinds = md.codes(variant.uploads.types)
    return f"uploaded; {kinds}, up to {show_size(variant.uploads.max_bytes)}"


def _rule(variant: Variant, rule: Rule, example: Any, kit: VariantConformance) -> str:
    """Write one rule with an example, and what the check finds in it."""
    report = kit.check(example)
    found: tuple[Problem | Note, ...] = report.notes if rule.notes else report.problems
    answers = (item for item in found if item.code == rule.name)
    source = rule.source or variant.page
    about = [f"On {md.codes(rule.fields)}", md.link(source.title, source.url)]
    if not rule.notes:
        about.append("said" if rule.schema is not None else "not said")
        about[-1] += " in the JSON Schema"
    body = fields_set(example) if isinstance(example, Request) else dict(example)
    return "\n\n".join(
        [
            f"### {md.text(rule.name)}",
            md.text(rule.text),
            " · ".join(about),
            md.block(body),
            "\n>\n".join(f"> {md.code(item.path)}: {md.text(item.message)}" for item in answers),
        ]
    )
