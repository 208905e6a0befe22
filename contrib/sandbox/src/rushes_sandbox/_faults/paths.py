"""Changes of one value in a JSON body, where a protocol says that it is: `data[0].id`."""

import re
from typing import Any

_PART = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def put(body: Any, path: str, value: Any) -> None:
    """Put a value in place of the one at a path."""
    holder, last = _place(body, path)
    holder[last] = value


def remove(body: Any, path: str) -> None:
    """Remove the value at a path."""
    holder, last = _place(body, path)
    del holder[last]


def _place(body: Any, path: str) -> tuple[Any, str | int]:
    parts = [int(number) if number else name for number, name in _PART.findall(path)]
    for part in parts[:-1]:
        body = body[part]
    return body, parts[-1]
