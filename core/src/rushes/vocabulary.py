"""The vocabulary of rules: nearly every sentence about several fields on a provider's page.

Each function takes paths of the payload (`duration`, `extra_body.multi_prompt`,
`multi_prompt[].duration`) and makes a rule that is complete: what is checked, what is reported
where, the accepted values, the JSON Schema. `says` is the page's sentence, if it says more than the
rule would: messages end with it, and `{image}` in it is the field's name, in the caller's words.
`name` is the problem's code. A path or value that the payload does not have is found when the
plugin is loaded.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec

from rushes._vocabulary.conditions import Condition, Equals, Has, Joined, Sent, as_condition
from rushes._vocabulary.rule import ShapeRule
from rushes._vocabulary.shapes import (
    Accepts,
    AddsUp,
    AtMost,
    Cited,
    CountsFromOne,
    Each,
    Needs,
    NotTogether,
    Remark,
    Required,
    Shape,
    Unsaid,
)
from rushes.problems import Source
from rushes.rules import Rule

__all__ = [
    "accepts", "adds_up", "all_of", "any_of", "at_most", "by_default", "cited", "counts_from_one",
    "each", "equals", "given", "has", "image_may_set_ratio", "needs", "not_together", "remark",
    "required", "sent",
]  # fmt: skip

_When = Condition | str
"""A condition; a path alone means that the field is given."""


def given(*paths: str) -> Condition:
    """Say that any of these fields is given: present, and not blank, empty or false."""
    return any_of(*paths)


def sent(path: str) -> Condition:
    """Say that a field is in the payload at all, even as false, 0, empty or its own default."""
    return Sent(path)


def equals(path: str, *values: Any) -> Condition:
    """Say that a field has one of these values, or is absent and has one of them by default."""
    return Equals(path, values)


def has(path: str, name: str, value: Any) -> Has:
    """Say that a list has an item of a kind: `has("images", "role", "last_frame")`."""
    return Has(path, name, value)


def all_of(*conditions: _When) -> Condition:
    """Say that all of these conditions are met."""
    return _joined(conditions, "and")


def any_of(*conditions: _When) -> Condition:
    """Say that any of these conditions is met."""
    return _joined(conditions, "or")


def needs(
    what: _When | Sequence[_When],
    other: _When,
    *,
    says: str = "",
    name: str = "",
    source: Source | None = None,
) -> Rule:
    """Accept a field, or each of several, only beside another, or with a setting.

    `needs("last_image", "image")`, `needs("audio", equals("mode", "pro"))`
    """
    several = (what,) if isinstance(what, (str, Condition)) else tuple(what)
    if not several:
        raise TypeError("needs() takes at least one field or condition")
    whats = tuple(as_condition(one) for one in several)
    return _rule(Needs(whats, as_condition(other)), says, name, source)


def required(
    path: str,
    *,
    when: _When | None = None,
    unless: _When | None = None,
    says: str = "",
    name: str = "",
    source: Source | None = None,
) -> Rule:
    """Require a field `when` something is so, or `unless` it is; exactly one of the two."""
    if (when is None) == (unless is None):
        raise TypeError("required() takes either when= or unless=")
    condition = as_condition(when if unless is None else unless)  # type: ignore[arg-type]
    return _rule(Required(path, condition, unless is not None), says, name, source)


def not_together(
    one: _When, other: _When, *, says: str = "", name: str = "", source: Source | None = None
) -> Rule:
    """Refuse two things together; the first is blamed."""
    return _rule(NotTogether(as_condition(one), as_condition(other)), says, name, source)


def accepts(
    path: str,
    values: Iterable[Any],
    *,
    when: _When,
    says: str = "",
    name: str = "",
    source: Source | None = None,
) -> Rule:
    """Accept only some of a field's values when something is so."""
    return _rule(Accepts(path, tuple(values), as_condition(when)), says, name, source)


def at_most(
    most: int, *kinds: Has, says: str = "", name: str = "", source: Source | None = None
) -> Rule:
    """Accept at most so many items of each kind in a list, one or more."""
    if most < 1 or not kinds:
        raise TypeError("at_most() takes a number from 1, and at least one has(…)")
    return _rule(AtMost(most, kinds), says, name, source)


def adds_up(
    parts: str,
    *,
    to: str,
    when: _When | None = None,
    notes: bool = False,
    says: str = "",
    name: str = "",
    source: Source | None = None,
) -> Rule:
    """Make the parts of a list add up to a total: `adds_up("shots[].duration", to="duration")`.

    Both are numbers, or one of several texts that are ("5", "10"). A list that is empty or absent
    is not judged. `notes`: a difference is pointed out, not refused, as no page of this provider
    says that it is wrong.
    """
    condition = None if when is None else as_condition(when)
    shape = AddsUp(parts, to, condition, notes)
    return _rule(shape, says, name, source, notes=notes)


def each(path: str, rule: Rule) -> Rule:
    """Judge each item of a list by itself, by another rule of the vocabulary.

    `each("contents", required("text", when=equals("type", "prompt")))`; the paths of the inner rule
    are those of an item.
    """
    if not isinstance(rule, ShapeRule):
        raise TypeError("each() takes a rule of the vocabulary")
    return msgspec.structs.replace(rule, shape=Each(path, rule.shape))


def counts_from_one(
    path: str, *, says: str = "", name: str = "", source: Source | None = None
) -> Rule:
    """Make a list number its items 1, 2, 3…: `counts_from_one("shots[].index")`."""
    return _rule(CountsFromOne(path), says, name, source)


def cited(
    names: str,
    citation: str,
    *,
    within: Iterable[str],
    says: str = "",
    name: str = "",
    source: Source | None = None,
) -> Rule:
    """Note each name in a list that no text cites: as `@{}`, with the name for `{}`."""
    texts = (within,) if isinstance(within, str) else tuple(within)
    if not texts:
        raise TypeError("cited() takes at least one text in within=")
    return _rule(Cited(names, citation, texts), says, name, source, notes=True)


def remark(
    path: str,
    message: str,
    *,
    when: _When,
    says: str = "",
    name: str = "",
    source: Source | None = None,
) -> Rule:
    """Note something about a field that the caller gave when something is so; refuse nothing."""
    if not message.strip():
        raise TypeError("remark() takes a message")
    return _rule(Remark(path, as_condition(when), message), says, name, source, notes=True)


def image_may_set_ratio(
    ratio: str, image: _When, *, says: str = "", name: str = "", source: Source | None = None
) -> Rule:
    """Note that the video may have an input image's ratio instead of the one asked for.

    `image_may_set_ratio("aspect_ratio", "image_urls")`
    """
    return remark(
        ratio,
        "with an image, the ratio of the video may be the image's own",
        when=image,
        says=says or f"{{{ratio}}} may be overridden by the ratio of an input image.",
        name=name or "image_may_set_the_ratio",
        source=source,
    )


def by_default(
    path: str, message: str, *, says: str = "", name: str = "", source: Source | None = None
) -> Rule:
    """Note what a default does that may surprise, to callers who left the field out.

    `by_default("sound", "the video has sound")`
    """
    return _rule(Unsaid(path, message), says, name, source, notes=True, unsaid=True)


def _rule(
    shape: Shape,
    says: str,
    name: str,
    source: Source | None,
    *,
    notes: bool = False,
    unsaid: bool = False,
) -> Rule:
    return ShapeRule(
        name=name,
        text=says,
        says=says,
        fields=(),
        source=source,
        notes=notes,
        unsaid=unsaid,
        shape=shape,
    )


def _joined(conditions: tuple[_When, ...], how: Literal["and", "or"]) -> Condition:
    if not conditions:
        raise TypeError("name at least one condition")
    if len(conditions) == 1:
        return as_condition(conditions[0])
    return Joined(tuple(as_condition(one) for one in conditions), how)
