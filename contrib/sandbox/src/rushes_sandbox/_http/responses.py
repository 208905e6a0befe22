"""JSON requests and responses, and the error that a handler raises to refuse a request."""

import json
from typing import Any, NoReturn

from starlette.responses import Response


class GatewayError(Exception):
    """Answers a request with an error, written in the gateway's own format."""

    def __init__(
        self, status: int, message: str, *, param: str = "", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.param = status, message, param
        self.headers = headers or {}


def json_response(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Build a JSON response.

    It is ASCII, because a body may hold lone surrogates, which UTF-8 cannot encode.
    """
    return Response(
        json.dumps(body, allow_nan=False).encode("ascii"),
        status,
        headers,
        media_type="application/json",
    )


def parse_object(body: bytes, max_bytes: int) -> dict[str, Any]:
    """Parse a request body as a JSON object, strictly; raise `GatewayError` if it is not one."""
    if len(body) > max_bytes:
        raise GatewayError(413, f"the body is larger than {max_bytes} bytes")
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_reject_constant)
    # JSON nested deeper than the interpreter's stack is rejected like malformed JSON.
    except (ValueError, RecursionError) as error:
        raise GatewayError(400, f"the body is not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise GatewayError(400, "the body must be a JSON object")
    return value


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not valid JSON")
