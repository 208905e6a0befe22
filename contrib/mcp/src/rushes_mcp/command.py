"""The subcommand `rushes mcp`."""

import math
import os
from pathlib import Path

import click

__all__ = ["mcp"]


def _number(text: str) -> float:
    """Read a finite number that is not less than 0."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise click.BadParameter(f"{text!r} is not a number from 0.")
    return number


@click.command()
@click.option(
    "--folder",
    required=True,
    envvar="RUSHES_MCP_FOLDER",
    show_envvar=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The only folder from which files are sent, and into which videos are written.",
)
@click.option(
    "--max-cost",
    default=0.0,
    envvar="RUSHES_MCP_MAX_COST",
    show_envvar=True,
    type=_number,
    metavar="USD",
    help="What the agent may spend until the server ends; 0, unless it is given.",
)
@click.option(
    "--max-cost-per-call",
    envvar="RUSHES_MCP_MAX_COST_PER_CALL",
    show_envvar=True,
    type=_number,
    metavar="USD",
    help="What one call may spend.",
)
@click.option(
    "--unknown-price",
    envvar="RUSHES_MCP_UNKNOWN_PRICE",
    show_envvar=True,
    type=_number,
    metavar="USD",
    help="What a video counts as if its price is not known; otherwise it is not bought.",
)
@click.option(
    "--wait",
    default=45.0,
    envvar="RUSHES_MCP_WAIT",
    show_envvar=True,
    type=_number,
    metavar="SECONDS",
    help="How long a call waits for a video before it returns the task (45).",
)
def mcp(
    folder: Path,
    max_cost: float,
    max_cost_per_call: float | None,
    unknown_price: float | None,
    wait: float,
) -> None:
    """Serve agents over the Model Context Protocol, on standard input and output.

    An agent can check, price, make and compare videos. It asks before each purchase, and never
    spends more than --max-cost. Configure your client to start this command.
    """
    from rushes import AsyncClient

    from rushes_mcp.server import Limits, make_server

    limits = Limits(
        max_cost=max_cost, max_cost_per_call=max_cost_per_call, unknown_price=unknown_price
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        client = AsyncClient()
        os.chdir(folder)  # a relative path in a request is one in the folder
    except OSError as error:
        raise click.UsageError(f"--folder {folder} cannot be used: {error.strerror}") from None
    make_server(Path.cwd(), limits, client, wait=wait).run("stdio")
