"""Tools that cost money: a plan, a question to the user, and only then the purchase."""

# ruff: noqa: ARG001 - arguments of a tool are those of its resolvers, which read them by name
from collections.abc import Awaitable
from typing import Annotated

from mcp.server.elicitation import AcceptedElicitation, ElicitationResult
from mcp.server.mcpserver import Elicit, Resolve
from mcp.types import CallToolResult
from pydantic import Field

from rushes_mcp._answers import answer
from rushes_mcp._arguments import (
    Confirmation,
    Desked,
    Name,
    RequestData,
    Variant,
    answered,
    desk_of,
    failure,
)
from rushes_mcp._comparisons import plan_comparison, run_comparison
from rushes_mcp._purchase import Agreement, Purchase
from rushes_mcp._videos import make_video, plan_video


async def _plan_video(
    ctx: Desked, name: Name, variant: Variant, request: RequestData
) -> Purchase | CallToolResult:
    return await _planned(plan_video(desk_of(ctx), name, variant, request))


async def _plan_comparison(
    ctx: Desked, name: Name, variants: list[str], request: RequestData
) -> Purchase | CallToolResult:
    return await _planned(plan_comparison(desk_of(ctx), name, variants, request))


def _asked(
    ctx: Desked, purchase: Purchase | CallToolResult, confirm: str
) -> Agreement | Elicit[Agreement]:
    """Ask the user where the client can; elsewhere a token stands for their yes."""
    if isinstance(purchase, CallToolResult) or not purchase.due:
        return Agreement(buy=False)
    if _can_ask(ctx):
        return Elicit(purchase.question(), Agreement)
    return Agreement(buy=purchase.agreed(confirm, desk_of(ctx).secret))


def _can_ask(ctx: Desked) -> bool:
    """Whether the client shows forms to its user; one that names no mode shows forms."""
    can = ctx.client_capabilities
    asks = can.elicitation if can is not None else None
    return asks is not None and (asks.form is not None or asks.url is None)


async def _ask_video(
    ctx: Desked,
    purchase: Annotated[Purchase | CallToolResult, Resolve(_plan_video)],
    confirm: Confirmation,
) -> Agreement | Elicit[Agreement]:
    return _asked(ctx, purchase, confirm)


async def _ask_comparison(
    ctx: Desked,
    purchase: Annotated[Purchase | CallToolResult, Resolve(_plan_comparison)],
    confirm: Confirmation,
) -> Agreement | Elicit[Agreement]:
    return _asked(ctx, purchase, confirm)


async def generate(
    ctx: Desked,
    name: Name,
    variant: Variant,
    request: RequestData,
    purchase: Annotated[Purchase | CallToolResult, Resolve(_plan_video)],
    agreement: Annotated[ElicitationResult[Agreement], Resolve(_ask_video)],
    confirm: Confirmation = "",
) -> CallToolResult:
    """Make a video: this costs money. The user is asked first.

    Returns the video's file. If that takes long, it returns the task, which goes on by itself;
    `resume_task` waits for it.
    """
    if isinstance(purchase, CallToolResult):
        return purchase
    if purchase.due and not _agreed(agreement):
        return _not_bought(ctx, purchase)
    return await answered(make_video(desk_of(ctx), purchase, ctx))


async def compare(
    ctx: Desked,
    name: Name,
    variants: Annotated[list[str], Field(min_length=1, max_length=20)],
    request: RequestData,
    purchase: Annotated[Purchase | CallToolResult, Resolve(_plan_comparison)],
    agreement: Annotated[ElicitationResult[Agreement], Resolve(_ask_comparison)],
    confirm: Confirmation = "",
) -> CallToolResult:
    """Make a video of one request with each of several variants: this costs money.

    The user is asked first. Returns each video's file, which promises it broke, and the page that
    shows them side by side. Call it again with the same arguments to wait for what goes on.
    """
    if isinstance(purchase, CallToolResult):
        return purchase
    if purchase.due and not _agreed(agreement):
        return _not_bought(ctx, purchase)
    return await answered(run_comparison(desk_of(ctx), purchase, ctx))


def _agreed(agreement: ElicitationResult[Agreement]) -> bool:
    return isinstance(agreement, AcceptedElicitation) and agreement.data.buy


def _not_bought(ctx: Desked, purchase: Purchase) -> CallToolResult:
    """Return that the user said no, or what is needed where the client cannot ask them."""
    desk = desk_of(ctx)
    if _can_ask(ctx):
        message = "The user does not want it. Nothing was bought; do not ask again for the same."
        return answer({"status": "declined", "next": message})
    return answer(
        {
            "status": "confirmation_needed",
            "price_usd": purchase.price,
            "estimated_usd": purchase.estimated,
            "spent_usd": desk.budget.spent,
            "limit_usd": desk.budget.limits.max_cost,
            "confirm": purchase.token(desk.secret),
            "next": (
                "Nothing was bought. Show this price to the user. If they agree, call "
                f"`{purchase.tool}` again with the same arguments and this `confirm`; it is valid "
                "for exactly this."
            ),
        }
    )


async def _planned(work: Awaitable[Purchase]) -> Purchase | CallToolResult:
    """Return what a call would buy, or the result that says why it will not."""
    try:
        return await work
    except Exception as error:  # noqa: BLE001 - an agent reads each as a result
        return failure(error)
