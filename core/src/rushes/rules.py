"""Rules across fields, each with a name and the page it comes from."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast

import msgspec

from rushes.problems import Note, Problem, Source, naming

__all__ = ["Finding", "Judgement", "Names", "Rule", "rule"]


class Names:
    """How a message names a payload's fields and their values: here as the provider's page does.

    Where the caller used common words, a message has to use them, too. `used` lists the names that
    were handed out.
    """

    def __init__(self) -> None:
        self.used: list[str] = []

    def field(self, path: str) -> str:
        """Return the name of the field at a path: `mode`, `shots[].duration`."""
        self.used.append(path)
        return path

    def values(self, path: str, values: Iterable[Any]) -> list[Any] | None:  # noqa: ARG002
        """Return values of a field in the words of its name, or None if they have no such words."""
        return list(values)

    def item(self, path: str, name: str, value: Any) -> str | None:  # noqa: ARG002
        """Return the name of a list's items that have this value, if they have one of their own."""
        return None

    def accepted(self, path: str, values: Iterable[Any] | None) -> list[Any] | None:
        """Return those of several values that the caller can give, in the caller's words."""
        each = (self.values(path, [value]) for value in values or ())
        return [word for words in each for word in words or ()] or None


class Finding(msgspec.Struct, frozen=True):
    """What a rule found: a problem, or from a rule that only notes, a note.

    The rule's name becomes its code, the rule's source its source.
    """

    path: str
    message: str
    accepted: list[Any] | None = None


Judgement = bool | Iterable[Finding | Problem | Note]
"""What a rule in Python returns: whether it is satisfied, or its findings."""
_Predicate = Callable[..., Judgement]
_P = TypeVar("_P", bound=msgspec.Struct)


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A declared rule: runs only once every field in `fields` is valid.

    `schema` expresses the same in JSON Schema, if possible; it may assume that every field is
    valid. `notes`: the rule only returns notes, and refuses nothing. `unsaid`: its notes are for
    callers who left a field out.
    """

    name: str
    text: str
    fields: tuple[str, ...]
    source: Source | None = None
    schema: Mapping[str, Any] | None = None
    notes: bool = False
    unsaid: bool = False

    def bound(self, payload: type[msgspec.Struct]) -> "Rule":  # noqa: ARG002 - for subclasses
        """Return the rule for the payload struct of one variant."""
        return self

    def judge(self, read: Any, raw: Any, names: Names | None = None) -> list[Problem | Note]:
        """Return the rule's findings: `raw` is the payload, `read` has its defaults filled in.

        Messages use `names`, by default those of the payload.
        """
        raise NotImplementedError

    def sentence(self, names: Names) -> str:  # noqa: ARG002
        """Return the rule's sentence in these names, as far as it names fields."""
        return self.text

    def line(self, place: str) -> tuple[str, dict[str, Any]]:
        """Return a line of Python that returns False if the rule finds something.

        It may use `read`, `raw`, and what is returned with it, under names that begin with `place`.
        """
        raise NotImplementedError

    def worded(self, finding: Finding | Problem | Note, used: Sequence[str] = ()) -> Problem | Note:
        """Return a finding as a problem or a note of this rule; `used` are names in its message."""
        if not isinstance(finding, Finding):
            return finding
        path, message = finding.path, finding.message
        if self.notes:
            return Note(path=path, code=self.name, message=message)
        named = sorted({n for n in used if len(naming(message, n)) > 1}, key=message.find)
        return Problem(
            path=path, code=self.name, message=message, accepted=finding.accepted, names=named
        )


class _PredicateRule(Rule, frozen=True, kw_only=True):
    """A rule in Python: a function of the payload."""

    predicate: _Predicate
    sees_sent: bool = False
    """Whether the function also takes the payload as it is sent."""

    def judge(
        self,
        read: Any,
        raw: Any,
        names: Names | None = None,  # noqa: ARG002
    ) -> list[Problem | Note]:
        """Return the rule's findings; a plain `False` becomes a problem of its first field."""
        verdict = self.predicate(read, raw) if self.sees_sent else self.predicate(read)
        if verdict is True:
            return []
        if verdict is False:
            verdict = [Finding(self.fields[0], self.text.rstrip("."))]
        return [self.worded(finding) for finding in verdict]

    def line(self, place: str) -> tuple[str, dict[str, Any]]:
        """Return a line that calls the function."""
        given = "read, raw" if self.sees_sent else "read"
        found = f"(found := {place}({given})) is not True and (found is False or list(found))"
        return f"if {found}: return False", {place: self.predicate}


def rule(
    text: str,
    *,
    fields: tuple[str, ...],
    source: Source | None = None,
    schema: Mapping[str, Any] | None = None,
    notes: bool = False,
) -> Callable[[Callable[[_P], Judgement] | Callable[[_P, _P], Judgement]], Rule]:
    """Declare a rule that the vocabulary cannot say; the function's name becomes its code.

    The function sees the payload with the provider's defaults filled in; one with a second
    parameter also gets the payload as it is sent, in which what is absent is `msgspec.UNSET`. It
    returns whether the rule is satisfied, or to be more specific a list of `Finding` (or of
    problems and notes of its own making); it may also yield them, which is slower. A rule that only
    returns notes must be declared with `notes=True`.
    """

    def declare(predicate: Callable[[_P], Judgement] | Callable[[_P, _P], Judgement]) -> Rule:
        return _PredicateRule(
            name=predicate.__name__,
            text=text,
            fields=fields,
            predicate=cast("_Predicate", predicate),
            sees_sent=len(inspect.signature(predicate).parameters) > 1,
            source=source,
            schema=schema,
            notes=notes,
        )

    return declare
