"""Hooks that fail with the key in their words and among their locals."""

import base64
from collections.abc import Mapping
from typing import Any

from rushes import Answer, hookimpl


def raising(error: type[BaseException]) -> Any:
    """Return a hook that raises with the key in its words, and in what it knows."""

    @hookimpl
    def authorize(key: str) -> Mapping[str, str]:
        header = f"Bearer {key}"
        coded = base64.b64encode(header.encode()).decode()
        if coded:
            raise error(f"cannot send {header}")
        return {}

    return authorize


@hookimpl
def gives_a_list(key: str) -> Any:
    """Give what is no header."""
    return [f"Bearer {key}"]


@hookimpl
def gives_bytes(key: str) -> Any:
    """Give a header that is no text."""
    return {"Authorization": f"Bearer {key}".encode()}


@hookimpl
def gives_lines(key: str) -> Any:
    """Give a header that would be two."""
    return {"Authorization": f"Bearer {key}\r\nX-More: {key}"}


@hookimpl
def stumbles(answer: Answer) -> Any:
    """Raise, with the answer among the locals."""
    read = answer.body.decode()
    raise LookupError(f"what is {read!r}?")
