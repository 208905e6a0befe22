"""Keys are never shown: their values are removed from all text that is output."""

import re
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from itertools import groupby
from types import TracebackType
from typing import Any, SupportsIndex
from urllib.parse import quote

import msgspec

MARK = "[key]"
MIN_LENGTH = 6
"""How long a key, or a piece of one, must be to be recognised by its value."""


class Secret(str):
    """A key. It is a `str`, but no traceback shows it among its locals."""

    __slots__ = ()

    def __repr__(self) -> str:
        return MARK

    def __getitem__(self, part: SupportsIndex | slice) -> "Secret":
        """Return a part, which is not shown either: what prints long texts shortens them first."""
        return Secret(super().__getitem__(part))

    def __reduce__(self) -> Any:
        raise TypeError("a key cannot be pickled: it is sent to one origin and nowhere else")


def hidden(given: Any) -> dict[str, Secret] | None:
    """Return values by provider, wrapped so that no traceback shows them; empty ones are omitted.

    Returns None if the argument is not a mapping of text to text. Never raises: a traceback would
    show the caller's frame, which still has the plain values.
    """
    try:
        items = [(name, value) for name, value in dict(given or {}).items() if value]
    except Exception:  # noqa: BLE001 - the traceback would show the values
        return None
    if all(isinstance(text, str) for item in items for text in item):
        return {name: Secret(value) for name, value in items}
    return None


def redact(text: str, secret: str | None) -> str:
    """Remove a key from a text, by its value, and a truncated one from its end.

    Each of its characters may be literal or escaped as in JSON, an address or HTML.
    """
    if not secret:
        return text
    text, beginnings = _pattern(str(secret)).sub(MARK, text), _beginnings(str(secret))
    if text.endswith(beginnings):
        text = text.removesuffix(next(filter(text.endswith, beginnings))) + MARK
    return text


@lru_cache(maxsize=64)
def _beginnings(secret: str) -> tuple[str, ...]:
    """Return how a truncated key may look, as it is and as in an address, the longest first."""
    forms = (secret, quote(secret, safe="", errors="surrogatepass"))
    return tuple(form[:n] for form in forms for n in range(len(form) - 1, MIN_LENGTH - 1, -1))


@lru_cache(maxsize=64)
def _pattern(secret: str) -> re.Pattern[str]:
    runs = ((char, len(list(run))) for char, run in groupby(secret))
    return re.compile("".join(_written(char, count) for char, count in runs))


def _written(char: str, count: int) -> str:
    """Return a pattern for every way to write a character, `count` times.

    Each way begins with a different character, so that `re` searches a long text for those alone.
    Text that was escaped twice, as by repr(), has up to three backslashes instead of one.
    """
    unicode = _hex(char.encode("utf-16-be", "surrogatepass"), 2, r"\\\\{0,3}u")
    octets = _hex(char.encode("utf-8", "surrogatepass"), 1, "%")
    number = f"&#(?:0*{ord(char)}|[xX]0*{_either(f'{ord(char):x}')});"
    if char == "\\":
        # One repeat for the whole run: trying every split of its backslashes would take forever.
        return rf"(?:{unicode}|\\|{octets}|{number}){{{count},{4 * count}}}?"
    itself = re.escape(char)
    blank = r"|\+" if char == " " else ""
    return rf"(?:{itself}|\\\\{{0,2}}{itself}|{unicode}|{octets}|{number}{blank})" * count


def _hex(code: bytes, size: int, before: str) -> str:
    """Return a pattern for bytes in hexadecimal, in either case, in groups of `size`."""
    parts = (code[place : place + size].hex() for place in range(0, len(code), size))
    return "".join(before + _either(part) for part in parts)


def _either(digits: str) -> str:
    return "".join(f"[{d}{d.upper()}]" if d.isalpha() else d for d in digits)


def may_show(value: Any, secret: str) -> bool:
    """Whether something that can be JSON may show a key; quickly told, and never wrongly denied."""
    try:
        text = msgspec.json.encode(value).decode()
    except (TypeError, ValueError, RecursionError):
        return True
    # Escaped characters begin so, besides a blank, which may be a `+`.
    escaped = "\\" in text or "%" in text or "&#" in text or " " in secret
    return escaped or secret[:MIN_LENGTH] in text


def redacted(value: Any, secret: str | None) -> Any:
    """Remove a key from every text in a value of plain JSON; bytes stay unchanged."""
    if secret is None or len(secret) < MIN_LENGTH:
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
"""Packages whose frames hold a request's bytes, with the key; so does our own network code."""


def silence(error: BaseException, secrets: Iterable[str]) -> None:
    """Remove keys from the message of an error and of its causes, by their value.

    Our own local variables show none: there a key is a Secret. In the code that writes requests to
    the wire it is not, so those frames keep their lines and lose their locals.
    """
    secrets = [secret for secret in secrets if len(secret) >= MIN_LENGTH]
    if not secrets:
        return
    for each in reversed(_chain(error)):  # causes first
        _redact_words(each, secrets)
        _forget_locals(each.__traceback__)


def _chain(error: BaseException) -> list[BaseException]:
    """Return an error and its causes, each before its own causes."""
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
    """Whether the message of an error shows a key: some are not made from its arguments."""
    with suppress(Exception):  # a message that cannot be made shows none
        words = str(error or "")
        return any(redact(words, secret) != words for secret in secrets)
    return False


def _forget_locals(trace: TracebackType | None) -> None:
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", ""))
        if module.startswith("rushes._network.") or module.partition(".")[0] in HOLDING:
            with suppress(RuntimeError):  # the frame is still running
                trace.tb_frame.clear()
        trace = trace.tb_next
