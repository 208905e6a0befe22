"""A key is shown to nobody: it is taken out by its value wherever text leaves us."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from itertools import groupby
from types import TracebackType
from typing import Any
from urllib.parse import quote

MARK = "[key]"
LEAST = 6
"""Characters below which a text is no key, and no piece of one, that could be told by its value."""


class Secret(str):
    """A key. It is text wherever text is wanted, but no traceback shows it among its locals."""

    __slots__ = ()

    def __repr__(self) -> str:
        return MARK

    def __reduce__(self) -> Any:
        raise TypeError("a key is not pickled: it goes to one origin, and nowhere else")


def redact(text: str, secret: str | None) -> str:
    """Take a key out of a text, by its value, and what a cut left of it at the end.

    Each of its characters may stand as itself or escaped, as JSON, an address or HTML would.
    """
    if not secret:
        return text
    text = _pattern(str(secret)).sub(MARK, text)
    for form in (str(secret), quote(secret, safe="", errors="surrogatepass")):
        for length in range(len(form) - 1, LEAST - 1, -1):
            if text.endswith(form[:length]):
                return text[:-length] + MARK
    return text


@lru_cache(maxsize=64)
def _pattern(secret: str) -> re.Pattern[str]:
    runs = ((char, len(list(run))) for char, run in groupby(secret))
    return re.compile("".join(_written(char, count) for char, count in runs))


def _written(char: str, count: int) -> str:
    """Return a pattern for every way to write a character, so many times.

    Each way begins with a character of its own, so that `re` looks for those alone in a long text.
    Text that was escaped twice, as by repr(), has up to three backslashes where once would do.
    """
    unicode = _hex(char.encode("utf-16-be", "surrogatepass"), 2, r"\\\\{0,3}u")
    octets = _hex(char.encode("utf-8", "surrogatepass"), 1, "%")
    number = f"&#(?:0*{ord(char)}|[xX]0*{_either(f'{ord(char):x}')});"
    if char == "\\":
        # One repeat for the whole run: to share out its backslashes would take for ever.
        return rf"(?:{unicode}|\\|{octets}|{number}){{{count},{4 * count}}}?"
    itself = re.escape(char)
    blank = r"|\+" if char == " " else ""
    return rf"(?:{itself}|\\\\{{0,2}}{itself}|{unicode}|{octets}|{number}{blank})" * count


def _hex(code: bytes, size: int, before: str) -> str:
    """Return a pattern for bytes in hexadecimal, either case, by so many."""
    parts = (code[place : place + size].hex() for place in range(0, len(code), size))
    return "".join(before + _either(part) for part in parts)


def _either(digits: str) -> str:
    return "".join(f"[{d}{d.upper()}]" if d.isalpha() else d for d in digits)


def redacted(value: Any, secret: str | None) -> Any:
    """Take a key out of every text in a value of plain JSON; bytes stay as they are."""
    if secret is None or len(secret) < LEAST:
        return value
    if isinstance(value, str):
        return redact(value, secret)
    if isinstance(value, dict):
        return {redact(str(name), secret): redacted(item, secret) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [redacted(item, secret) for item in value]
    return value


def silence(error: BaseException, secrets: Iterable[str]) -> None:
    """Take keys out of an error: out of its words, and the frames and causes that show one.

    What shows none stays as it is.
    """
    secrets = [secret for secret in secrets if len(secret) >= LEAST]
    for secret in secrets:
        error.args = tuple(redacted(argument, secret) for argument in error.args)
    if any(_shows(text, secrets) for text in _frames(error.__traceback__)):
        error.__traceback__ = None
    for below in (error.__cause__, error.__context__):
        if below is not None and any(_shows(text, secrets) for text in _all(below)):
            error.__cause__ = error.__context__ = None


def _shows(text: str, secrets: Iterable[str]) -> bool:
    return any(redact(text, secret) != text for secret in secrets)


def _all(error: BaseException | None, depth: int = 20) -> Iterator[str]:
    """Yield every text that a report of an error with its locals could show."""
    if error is None or depth == 0:
        return
    yield from _reprs((error, str(error), getattr(error, "__dict__", None)))
    yield from _frames(error.__traceback__)
    yield from _all(error.__cause__, depth - 1)
    yield from _all(error.__context__, depth - 1)


def _frames(trace: TracebackType | None) -> Iterator[str]:
    while trace is not None:
        yield from _reprs(trace.tb_frame.f_locals.values())
        trace = trace.tb_next


def _reprs(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        with suppress(Exception):  # what cannot be shown shows no key
            yield repr(value)
