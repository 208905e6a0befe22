"""Untrusted text in HTML: prompts, providers' answers and file names can say anything."""

import re
from html import escape

_UNWRITABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
"""What HTML cannot contain."""
_UNSEEN = re.compile("[\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
"""What is invisible, or changes the direction of the text around it."""


def escaped(value: object) -> str:
    r"""Return text for an element or a quoted attribute; what is invisible is written `\u202e`."""
    text = _UNWRITABLE.sub("\ufffd", str(value))
    text = _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return escape(text).replace("\r", "&#13;")
