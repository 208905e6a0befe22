"""Reading JSON that money depends on: what two readers could read differently is refused."""

import json
import re
from typing import Any, NoReturn

DEEPEST = 100
"""How deep values may nest. No provider comes near; Python's own readers differ from here on."""
MOST_DIGITS = 4000

# The closing quote is optional, so that an open string is one word and not tried again and again.
_WORD = re.compile(r'"(?:[^"\\]|\\.)*+"?|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)


class Malformed(ValueError):
    """A text is no JSON, or JSON that means two things; the message says where."""


class _Refused(Exception):
    pass


def read_json(data: bytes) -> Any:
    """Read one JSON value, or raise Malformed saying what is wrong and where."""
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        message = f"is not UTF-8: byte {data[error.start]:#04x} at line {line}, byte {column}"
        raise Malformed(message) from None
    if not text.strip(" \t\r\n"):
        raise Malformed("is empty; JSON is expected")
    if text.count("{") + text.count("[") > DEEPEST:
        _walk(text)
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        what = error.msg[:1].lower() + error.msg[1:].removesuffix(" at")
        message = f"is no JSON: {what} at line {error.lineno}, column {error.colno}"
        raise Malformed(message) from None
    except (_Refused, ValueError, RecursionError):
        _walk(text)
        raise Malformed("is no JSON that can be read") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise _Refused
    return read


def _refuse(_word: str) -> NoReturn:
    raise _Refused


def _walk(text: str) -> None:
    """Go through the words, and raise Malformed at the first that is refused."""
    stack: list[set[str] | None] = []
    before = ""
    for found in _WORD.finditer(text):
        word = found[0]
        if word in "{[":
            stack.append(set() if word == "{" else None)
            if len(stack) > DEEPEST:
                _fail(text, found, f"nests deeper than {DEEPEST} levels")
        elif word in "}]":
            stack = stack[:-1]
        elif word in ("NaN", "Infinity", "-Infinity"):
            _fail(text, found, f"holds {word}, which is no JSON")
        elif word[0] != '"' and len(word) > MOST_DIGITS:
            _fail(text, found, f"holds a number of {len(word)} digits")
        elif word[0] == '"' and before in ("{", ",") and stack and stack[-1] is not None:
            _note_key(text, found, stack[-1])
        before = word


def _note_key(text: str, found: re.Match[str], keys: set[str]) -> None:
    try:
        key = str(json.loads(found[0]))
    except ValueError:
        return  # the reader itself will say so
    if key in keys:
        _fail(text, found, f"gives the key {found[0][:60]} twice")
    keys.add(key)


def _fail(text: str, found: re.Match[str], what: str) -> NoReturn:
    at = found.start()
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    raise Malformed(f"{what}, at line {line}, column {column}")
