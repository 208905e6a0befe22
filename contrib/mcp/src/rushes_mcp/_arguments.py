"""What tools take and return: their arguments as an agent sees them, and errors as results."""

import logging
from collections.abc import Awaitable, Mapping
from typing import Annotated, Any

import msgspec
from mcp.server.mcpserver import Context
from mcp.types import CallToolResult
from pydantic import Field, WithJsonSchema
from rushes import Request, RushesError

from rushes_mcp._answers import Refused, answer, failure_data, plain
from rushes_mcp._budget import OverLimit
from rushes_mcp._desk import Desk

_LOG = logging.getLogger("rushes.mcp")


def _request_schema() -> dict[str, Any]:
    """Return the schema of a request, in one piece."""
    schema = msgspec.json.schema(Request)
    inner = schema["$defs"]

    def inlined(node: Any) -> Any:
        if isinstance(node, list):
            return [inlined(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return inlined(inner[node["$ref"].rpartition("/")[2]])
        return {name: inlined(value) for name, value in node.items()}

    found: dict[str, Any] = inlined({"$ref": schema["$ref"]})
    return found


Desked = Context[Desk]
RequestData = Annotated[dict[str, Any], WithJsonSchema(_request_schema())]
Variant = Annotated[
    str, Field(max_length=200, description="Like toapis/kling-v3; `list_variants` lists them.")
]
Name = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9][a-z0-9-]{0,47}$",
        description=(
            "Your name for it: small letters, digits, hyphens. Another call with the same name and "
            "the same request buys nothing; it returns what was bought before."
        ),
    ),
]
TaskName = Annotated[str, Field(max_length=100, description="As `list_tasks` has it.")]
Confirmation = Annotated[
    str,
    Field(
        max_length=200,
        description=(
            "Leave it out at first. If the answer is `confirmation_needed`, show its price to the "
            "user, and repeat the call with its `confirm` only if they agree."
        ),
    ),
]


def desk_of(ctx: Desked) -> Desk:
    """Return what the tools share."""
    return ctx.request_context.lifespan_context


def failure(error: Exception) -> CallToolResult:
    """Return an error as a result; what is not expected goes into the log, and nowhere else."""
    if isinstance(error, Refused):
        return answer(error.data, failed=True)
    if isinstance(error, RushesError):
        return answer(failure_data(error), failed=True)
    if isinstance(error, ValueError | OverLimit):  # the errors of a comparison are ValueErrors
        return answer({"error": plain(str(error))}, failed=True)
    _LOG.error("a tool failed", exc_info=error)
    message = "an unexpected error; the log of this server has it"
    return answer({"error": message}, failed=True)


async def answered(work: Awaitable[Mapping[str, Any]]) -> CallToolResult:
    """Return what a tool found out, or why it could not, as its result."""
    try:
        return answer(await work)
    except Exception as error:  # noqa: BLE001 - an agent reads each as a result
        return failure(error)
