"""Rules: predicates across fields, each named, each with the page it comes from."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast

import msgspec

from rushes.problems import Note, Problem, Source

Judgement = bool | Iterable[Problem | Note]
Predicate = Callable[[Any], Judgement]
P = TypeVar("P", bound=msgspec.Struct)


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A declared rule: runs only once every field in `fields` is valid.

    `schema` says the same in JSON Schema, where JSON Schema can; it may take every field for valid.
    `notes` says that the rule only ever notes, and refuses nothing.
    """

    name: str
    text: str
    fields: tuple[str, ...]
    predicate: Predicate
    source: Source | None = None
    schema: Mapping[str, Any] | None = None
    notes: bool = False

    def judge(self, payload: msgspec.Struct) -> list[Problem | Note]:
        """Return what the rule finds; a plain `False` becomes a problem on its first field."""
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
    rule holds, or a list of problems (and notes) where it can point more exactly; it may yield
    them, which takes longer. One that finds notes alone says so with `notes=True`.
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
