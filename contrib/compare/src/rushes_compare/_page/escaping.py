"""Escaping untrusted text: in HTML, in a JSON data script, in JSON for people."""

import json
import math
import re
from html import escape
from typing import Any

# What HTML cannot contain: NUL, other control characters, lone surrogates.
_UNWRITABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)

# What is invisible, or changes the direction of the text around it: shown as its number.
_UNSEEN = re.compile(
    "[\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)


def escape_html(text: str) -> str:
    """Escape text for an HTML element or a quoted attribute; what HTML cannot hold is U+FFFD."""
    return escape(_UNWRITABLE.sub("\ufffd", text)).replace("\r", "&#13;")


def script_json(value: Any) -> str:
    """Return a JSON value for `<script type="application/json">`; nothing in it can end the script.

    Numbers that JSON does not have (NaN, infinity) become null.
    """
    text = json.dumps(_finite(value), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def json_line(value: Any) -> str:
    """Return a JSON value on one line for people, with invisible characters as their numbers."""
    text = json.dumps(_finite(value), ensure_ascii=False, allow_nan=False)
    return escape_invisible(text)


def escape_invisible(text: str) -> str:
    """Replace characters that are invisible, or change the direction of text, by their numbers."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(name): _finite(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return value
