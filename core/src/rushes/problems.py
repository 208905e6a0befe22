"""What a check finds: problems, which stop a request, and notes, which do not."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

__all__ = ["Note", "Problem", "Source", "listing", "naming", "show", "show_size"]

_SHOWN = 60
"""How many characters of a value a message shows."""


class Source(msgspec.Struct, frozen=True):
    """The page that a fact comes from."""

    title: str
    url: str

    def __str__(self) -> str:
        return f"{self.title}: {self.url.removeprefix('https://')}"


def _none() -> None:
    """Return the default of a field that JSON shows even if it is null."""


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that keeps a request from being sent.

    `path` names the field as the caller wrote it (`shots[2].prompt`), `code` is stable and meant
    for programs, `accepted` lists the accepted values, the nearest first, if there are few.
    `variants` names installed variants that can do it, if the problem is a limit of the variant;
    `names` lists the fields that the message names, as they stand in it. In JSON these two are
    omitted if empty.
    """

    path: str
    code: str
    message: str
    accepted: list[Any] | None = msgspec.field(default_factory=_none)
    source: Source | None = msgspec.field(default_factory=_none)
    variants: list[str] = []
    names: list[str] = []

    def __str__(self) -> str:
        lines = [f"{self.path}: {self.message}" if self.path else self.message]
        if self.source:
            lines.append(str(self.source))
        if self.variants:
            lines.append(f"installed variants that can: {', '.join(self.variants)}")
        return "\n    ".join(lines)


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that will differ from what was asked, or cannot be guaranteed, and is allowed."""

    path: str
    code: str
    message: str
    source: Source | None = None

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


def show(value: Any) -> str:
    """Write a value the way a caller would, short enough for one line and safe to print."""
    if isinstance(value, str):
        cut = value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…"
        return f"'{''.join(map(_printable, cut))}'"
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, (int, float)):
        try:
            text = str(value)
        except ValueError:  # an integer of thousands of digits has no decimal text
            return "a huge number"
        return text if len(text) <= _SHOWN else text[:12] + "…"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, (list, tuple)):
        return "a list"
    return f"a {type(value).__name__}"


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape", "surrogatepass").decode()


def naming(text: str, name: str) -> list[str]:
    """Split a text at each place where it names a field; a longer name is another one."""
    return re.split(rf"(?<![\w.\[\]]){re.escape(name)}(?![\w\[]|\.\w)", text)


def show_size(count: int) -> str:
    """Write a number of bytes exactly: 10,000,000 are 10 MB, 10,485,760 are 10 MiB."""
    units = (("MiB", 1024**2), ("MB", 1000**2), ("KiB", 1024), ("kB", 1000))
    for unit, size in units:
        if count >= size and count % size == 0:
            return f"{count // size} {unit}"
    return f"{count:,} bytes"


def listing(values: Iterable[Any]) -> str:
    """Write accepted values as people list them: `5, 10, 15`, text without quotes."""
    return ", ".join(value if isinstance(value, str) else show(value) for value in values)
