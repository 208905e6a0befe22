"""Rules: predicates across fields, each with a name and the page it comes from."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast

import msgspec

from rushes.problems import Note, Problem, Source

Judgement = bool | Iterable[Problem | Note]
Predicate = Callable[[Any], Judgement]
P = TypeVar("P", bound=msgspec.Struct)


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A declared rule: runs only once every field in `fields` is valid.

    `schema` expresses the same in JSON Schema, if possible; it may assume that every field is
    valid. `notes` says that the rule only returns notes, and refuses nothing.
    """

    name: str
    text: str
    fields: tuple[str, ...]
    predicate: Predicate
    source: Source | None = None
    schema: Mapping[str, Any] | None = None
    notes: bool = False

    def judge(self, payload: msgspec.Struct) -> list[Problem | Note]:
        """Return the rule's findings; a plain `False` becomes a problem of its first field."""
        verdict = self.predicate(payload)
        if verdict is True:
            return []
        if verdict is False:
            return [Problem(path=self.fields[0], code=self.name, message=self.text.rstrip("."))]
        return list(verdict)


def rule(
    text: str,
    *,
    fields: tuple[str, ...],
    source: Source | None = None,
    schema: Mapping[str, Any] | None = None,
    notes: bool = False,
) -> Callable[[Callable[[P], Judgement]], Rule]:
    """Declare a rule on a payload; the function's name becomes the code of its problem.

    The function sees the payload with the provider's defaults filled in. It returns whether the
    rule is satisfied, or a list of problems (and notes) to be more specific; it may also yield
    them, which is slower. A rule that only returns notes must be declared with `notes=True`.
    """

    def declare(predicate: Callable[[P], Judgement]) -> Rule:
        return Rule(
            name=predicate.__name__,
            text=text,
            fields=fields,
            predicate=cast("Predicate", predicate),
            source=source,
            schema=schema,
            notes=notes,
        )

    return declare
