"""Straight-line functions, generated from a declaration.

Every check looks at each field of a request and of a payload, and calls each rule; every poll
follows each declared path. A Python loop over declared names takes several times as long as the
same work line by line, so these few loops are unrolled: one line for each declared field, rule or
step. Only names that are Python identifiers, and text as a literal, enter a line; never anything
from a request or an answer.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from types import CodeType
from typing import Any


def unrolled(arguments: str, lines: Iterable[str], **known: Any) -> Callable[..., Any]:
    """Return a function of these arguments that runs these lines; they may use what is `known`."""
    source = "\n    ".join((f"def written_out({arguments}):", *lines))
    names = dict(known)
    exec(_compiled(source), names)  # noqa: S102 - the lines are ours, the names in them declared
    made: Callable[..., Any] = names["written_out"]
    return made


@lru_cache(maxsize=4096)
def _compiled(source: str) -> CodeType:
    """Compile the text once: every client loads the same declarations."""
    return compile(source, "<declared>", "exec")
