"""The subcommand `rushes demo`."""

import asyncio
import json
import sys
import tempfile
from pathlib import Path

import click

PROMPT = "A red kite over white dunes at dusk, the camera rising slowly"


@click.command()
@click.argument("prompt", default=PROMPT)
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("rushes-demo"),
    show_default=True,
    help="The folder for the videos and the page.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def demo(prompt: str, output: Path, as_json: bool) -> None:
    """Send one request to every variant at once, in a sandbox on this machine.

    Needs no key and costs nothing: a local server speaks the gateways' protocols and renders the
    videos. They end up side by side on one page, each with the payload that was sent for it.
    """
    from rushes_sandbox.demo.page import write_page
    from rushes_sandbox.demo.showing import Board
    from rushes_sandbox.demo.takes import shoot
    from rushes_sandbox.server import Sandbox

    with (
        tempfile.TemporaryDirectory(prefix="rushes-demo-") as home,
        Sandbox(queue_seconds=0.5, render_seconds=2, record=False) as sandbox,
        Board(prompt, sys.stderr) as board,
    ):
        takes = asyncio.run(shoot(sandbox, prompt, output, Path(home), board.update))
    page = write_page(output, prompt, takes)
    failed = [take for take in takes if take.error]
    if as_json:
        videos = {take.variant: str(take.file) for take in takes if take.file}
        errors = {take.variant: take.error for take in failed}
        click.echo(json.dumps({"page": str(page), "videos": videos, "errors": errors}))
    else:
        for take in failed:
            click.echo(f"{take.variant}: {take.error}", err=True)
        click.echo(f"{len(takes) - len(failed)} videos side by side, open this page:", err=True)
        click.echo(str(page))
    sys.exit(5 if failed else 0)
