"""Writing Markdown: data is escaped, so that it never becomes markup."""

import html
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

QUOTED = re.compile(r"(?<!\w)'[^']*'(?!\w)")
MAX_LENGTH = 60


def text(words: str) -> str:
    """Escape prose; quoted values in it become code, so that addresses do not become links."""
    pieces, start = [], 0
    for quoted in QUOTED.finditer(words):
        pieces += [_escaped(words[start : quoted.start()]), code(quoted.group())]
        start = quoted.end()
    return "".join([*pieces, _escaped(words[start:])])


def _escaped(words: str) -> str:
    words = re.sub(r"([\\`*\[\]~])", r"\\\1", html.escape(words, quote=False))
    # Inside a word an underscore is not markup, and reads better unescaped.
    return re.sub(r"(?<!\w)_|_(?!\w)", r"\\_", words)


def code(words: str) -> str:
    """Write a code span, fenced by more backticks than there are inside."""
    fence = "`" * (max((len(run) for run in re.findall("`+", words)), default=0) + 1)
    space = " " if words.startswith("`") or words.endswith("`") or not words.strip() else ""
    return f"{fence}{space}{words}{space}{fence}"


def codes(values: Iterable[Any]) -> str:
    """Write several values, each as code; text without quotes."""
    return ", ".join(code(v if isinstance(v, str) else json.dumps(v)) for v in values)


def link(words: str, target: str) -> str:
    """Write a link."""
    return f"[{text(words)}]({target})"


def value(given: Any) -> str:
    """Write an example value; for a long one, its length."""
    written = json.dumps(given, ensure_ascii=False)
    if len(written) <= MAX_LENGTH:
        return code(written)
    if isinstance(given, str):
        return f"{len(given)} characters"
    return f"{len(given)} items" if isinstance(given, list) else "a long value"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table of cells that are already Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(words: str) -> str:
    return words.replace("|", r"\|").replace("\n", " ")


def block(body: dict[str, Any]) -> str:
    """Write an object as a block of JSON: a line for each field, long lists item by item."""
    lines = (f"  {json.dumps(name, ensure_ascii=False)}: {_lines(body[name])}" for name in body)
    return "```json\n{\n" + ",\n".join(lines) + "\n}\n```"


def _lines(given: Any) -> str:
    written = json.dumps(given, ensure_ascii=False)
    if len(written) <= MAX_LENGTH or not isinstance(given, list):
        return written
    items = ",\n".join(f"    {json.dumps(item, ensure_ascii=False)}" for item in given)
    return f"[\n{items}\n  ]"
