"""Hooks that leak the key, in error messages, local variables or headers."""

import base64
from collections.abc import Mapping
from typing import Any

from rushes import Answer, hookimpl


def raising(error: type[BaseException]) -> Any:
    """Return a hook that raises with the key in its message and its local variables."""

    @hookimpl
    def authorize(key: str) -> Mapping[str, str]:
        header = f"Bearer {key}"
        coded = base64.b64encode(header.encode()).decode()
        if coded:
            raise error(f"cannot send {header}")
        return {}

    return authorize


@hookimpl
def returns_list(key: str) -> Any:
    """Return a list instead of headers."""
    return [f"Bearer {key}"]


@hookimpl
def returns_bytes(key: str) -> Any:
    """Return a header of bytes."""
    return {"Authorization": f"Bearer {key}".encode()}


@hookimpl
def returns_lines(key: str) -> Any:
    """Return a header that would split in two."""
    return {"Authorization": f"Bearer {key}\r\nX-More: {key}"}


@hookimpl
def raises_with_answer(answer: Answer) -> Any:
    """Raise, with the answer among the local variables."""
    read = answer.body.decode()
    raise LookupError(f"what is {read!r}?")
