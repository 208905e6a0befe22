"""HTTP answers, and the one exception that means: answer this instead."""

import json
from typing import Any

from starlette.responses import Response


class RefusedError(Exception):
    """A request is answered with an error, written in the gateway's own shape."""

    def __init__(
        self, http: int, message: str, *, param: str = "", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.http, self.message, self.param = http, message, param
        self.headers = headers or {}


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Write a JSON answer.

    In ASCII, because a body may hold lone surrogates, which UTF-8 cannot carry.
    """
    return Response(
        json.dumps(body, allow_nan=False).encode("ascii"),
        status,
        headers,
        media_type="application/json",
    )


def parse(body: bytes, largest: int) -> dict[str, Any]:
    """Read a request's body: strict JSON, an object, of at most `largest` bytes."""
    if len(body) > largest:
        raise RefusedError(413, f"the body is larger than {largest} bytes")
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    # Nesting deeper than the interpreter's stack is one of the ways not to be JSON here.
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise RefusedError(400, "the body must be a JSON object")
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
