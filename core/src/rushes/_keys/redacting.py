"""A key is shown to nobody: it is taken out by its value wherever text leaves us."""

import re
from collections.abc import Iterable
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
        return {redacted(name, secret): redacted(item, secret) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = [redacted(item, secret) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    return value


HOLDING = frozenset(
    ("httpx", "httpcore", "h11", "h2", "hpack", "socksio", "anyio", "asyncio", "ssl", "socket")
)
"""Packages that have a request in hand as it is sent, the key among its bytes; so has our own."""


def silence(error: BaseException, secrets: Iterable[str]) -> None:
    """Take keys out of the words of an error and of all that it came of, by their value.

    Our local variables show none: a key is a Secret wherever we hold it. Where requests are written
    to the wire it is not, so that those frames keep their lines and lose their locals.
    """
    secrets = [secret for secret in secrets if len(secret) >= LEAST]
    if not secrets:
        return
    for each in reversed(_chain(error)):  # what an error came of, before itself
        _redact_words(each, secrets)
        _forget_locals(each.__traceback__)


def _chain(error: BaseException) -> list[BaseException]:
    """Return an error and all that it came of, each before what it came of."""
    found: list[BaseException] = []
    left: list[BaseException | None] = [error]
    while left:
        each = left.pop()
        if each is not None and not any(each is known for known in found):
            found.append(each)
            left += [each.__cause__, each.__context__, *getattr(each, "exceptions", ())]
    return found


def _redact_words(error: BaseException, secrets: Iterable[str]) -> None:
    for secret in secrets:
        error.args = tuple(redacted(argument, secret) for argument in error.args)
        if hasattr(error, "__notes__"):
            error.__notes__ = redacted(error.__notes__, secret)
    if _shows(error.__cause__, secrets):
        error.__cause__ = None
    if _shows(error.__context__, secrets):
        error.__context__ = None


def _shows(error: BaseException | None, secrets: Iterable[str]) -> bool:
    """Whether the words of an error show a key: some do not come of its arguments."""
    with suppress(Exception):  # what cannot be said shows none
        words = str(error or "")
        return any(redact(words, secret) != words for secret in secrets)
    return False


def _forget_locals(trace: TracebackType | None) -> None:
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", ""))
        if module.startswith("rushes._network.") or module.partition(".")[0] in HOLDING:
            with suppress(RuntimeError):  # it runs still, and goes on
                trace.tb_frame.clear()
        trace = trace.tb_next
