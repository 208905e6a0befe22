"""A rule made from a shape of the vocabulary."""

import re
from collections.abc import Callable
from typing import Any

import msgspec

from rushes._vocabulary.conditions import compiled
from rushes._vocabulary.places import KNOWN
from rushes._vocabulary.shapes import Found, Shape
from rushes.problems import Note, Problem
from rushes.rules import Rule


class ShapeRule(Rule, frozen=True, kw_only=True):
    """A rule that is declared, not written; it has no effect until it is bound to a payload."""

    shape: Shape
    test: str = ""
    find: Found | None = None
    holds: Callable[[Any, Any], bool] | None = None

    def bound(self, payload: type[msgspec.Struct]) -> "ShapeRule":
        """Return the rule for the payload struct of one variant.

        Raises BrokenPluginError if one of its paths or values does not exist there.
        """
        parts = self.shape.bind(payload)
        return msgspec.structs.replace(
            self,
            name=self.name or re.sub(r"\W", "_", parts.name),
            text=self.text or parts.text,
            fields=tuple(dict.fromkeys(parts.fields)),
            schema=parts.schema,
            test=parts.test,
            find=parts.find,
            holds=compiled(parts.test) if parts.test else None,
        )

    def judge(self, read: Any, raw: Any) -> list[Problem | Note]:
        """Return the rule's findings."""
        assert self.find is not None  # noqa: S101 - rules are bound when a plugin is loaded
        if self.holds is not None and self.holds(read, raw):
            return []
        return [self.worded(finding) for finding in self.find(read, raw)]

    def line(self, place: str) -> tuple[str, dict[str, Any]]:
        """Return a line with the rule's expression."""
        if self.test:
            return f"if not ({self.test}): return False", dict(KNOWN)
        return f"if {place}(read, raw): return False", {place: self.find}
