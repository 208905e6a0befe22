"""A rule made from a shape of the vocabulary."""

import re
from collections.abc import Callable
from typing import Any

import msgspec

from rushes._vocabulary.conditions import Words, compiled
from rushes._vocabulary.places import KNOWN
from rushes._vocabulary.shapes import Found, Shape
from rushes.problems import Note, Problem
from rushes.rules import Names, Rule


class ShapeRule(Rule, frozen=True, kw_only=True):
    """A rule that is declared, not written; it has no effect until it is bound to a payload."""

    shape: Shape
    says: str = ""
    words: Words | None = None
    test: str = ""
    find: Found | None = None
    holds: Callable[[Any, Any], bool] | None = None

    def bound(self, payload: type[msgspec.Struct]) -> "ShapeRule":
        """Return the rule for the payload struct of one variant.

        Raises BrokenPluginError if one of its paths or values does not exist there.
        """
        parts = self.shape.bind(payload)
        words = self.shape.words(payload, self.says) if self.says else parts.text
        return msgspec.structs.replace(
            self,
            name=self.name or re.sub(r"\W", "_", parts.name),
            text=words(Names()),
            words=words,
            fields=tuple(dict.fromkeys(parts.fields)),
            schema=parts.schema,
            test=parts.test,
            find=parts.find,
            holds=compiled(parts.test),
        )

    def judge(self, read: Any, raw: Any, names: Names | None = None) -> list[Problem | Note]:
        """Return the rule's findings; a problem's message ends with the page's sentence."""
        assert self.find is not None  # noqa: S101 - rules are bound when a plugin is loaded
        if self.holds is not None and self.holds(read, raw):
            return []
        names = names or Names()
        findings = self.find(read, raw, names)
        if self.says and not self.notes:
            says = self.sentence(names)
            findings = [
                msgspec.structs.replace(finding, message=f"{finding.message}. {says}")
                for finding in findings
            ]
        return [self.worded(finding, names.used) for finding in findings]

    def sentence(self, names: Names) -> str:
        """Return the rule's sentence in these names."""
        return self.words(names) if self.words else self.text

    def line(self, place: str) -> tuple[str, dict[str, Any]]:
        """Return a line with the rule's expression; only if that is false, the function runs."""
        known = {**KNOWN, place: self.find, f"{place}_names": Names()}
        return f"if not ({self.test}) and {place}(read, raw, {place}_names): return False", known
