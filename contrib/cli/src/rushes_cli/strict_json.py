"""Strict JSON: whatever two readers could understand differently is an error.

Payloads cost money, so a key given twice, NaN, and anything but UTF-8 are refused, with the place.
"""

import json
import re
from typing import Any, NoReturn

__all__ = ["MAX_DEPTH", "MalformedJSON", "read_json"]

MAX_DEPTH = 100
"""How deep values may nest. No provider needs more; beyond it, Python's readers disagree."""
_MAX_DIGITS = 4000

# The closing quote is optional: an unclosed string is one part, not retried at every position.
_LEXEME = re.compile(r'"(?:[^"\\]|\\.)*+"?|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)


class MalformedJSON(ValueError):
    """The text is not valid JSON, or is ambiguous; the message says what is wrong and where."""


class _Refused(Exception):
    pass


def read_json(data: bytes) -> Any:
    """Read one JSON value; raises MalformedJSON."""
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        message = f"is not UTF-8: byte {data[error.start]:#04x} at line {line}, byte {column}"
        raise MalformedJSON(message) from None
    if not text.strip(" \t\r\n"):
        raise MalformedJSON("is empty; JSON is expected")
    if text.count("{") + text.count("[") > MAX_DEPTH:
        _find_error(text)
    try:
        return json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_reject)
    except json.JSONDecodeError as error:
        what = error.msg[:1].lower() + error.msg[1:].removesuffix(" at")
        message = f"is not valid JSON: {what} at line {error.lineno}, column {error.colno}"
        raise MalformedJSON(message) from None
    except (_Refused, ValueError, RecursionError):
        _find_error(text)
        raise MalformedJSON("is JSON that cannot be read") from None


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise _Refused
    return read


def _reject(_constant: str) -> NoReturn:
    raise _Refused


def _find_error(text: str) -> None:
    """Raise MalformedJSON at the first part that is refused."""
    stack: list[set[str] | None] = []
    previous = ""
    for found in _LEXEME.finditer(text):
        part = found[0]
        if part in "{[":
            stack.append(set() if part == "{" else None)
            if len(stack) > MAX_DEPTH:
                _fail(text, found, f"nests deeper than {MAX_DEPTH} levels")
        elif part in "}]":
            stack = stack[:-1]
        elif part in ("NaN", "Infinity", "-Infinity"):
            _fail(text, found, f"contains {part}, which is not valid JSON")
        elif part[0] != '"' and len(part) > _MAX_DIGITS:
            _fail(text, found, f"contains a number of {len(part)} digits")
        elif part[0] == '"' and previous in ("{", ",") and stack and stack[-1] is not None:
            _note_key(text, found, stack[-1])
        previous = part


def _note_key(text: str, found: re.Match[str], keys: set[str]) -> None:
    try:
        key = str(json.loads(found[0]))
    except ValueError:
        return  # json.loads reports it
    if key in keys:
        _fail(text, found, f"contains the key {found[0][:60]} twice")
    keys.add(key)


def _fail(text: str, found: re.Match[str], what: str) -> NoReturn:
    at = found.start()
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    raise MalformedJSON(f"{what}, at line {line}, column {column}")
