"""The command `rushes sandbox`: runs the providers' stand-ins until Ctrl-C."""

import errno
import json
import math
import shlex
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from rushes_sandbox import _listing
from rushes_sandbox._settings import WEBHOOKS, Webhooks

if TYPE_CHECKING:
    from rushes_sandbox import Sandbox


class _NotStarted(click.ClickException):
    exit_code = 3


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
    "--port",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
@click.option("--key", default="sandbox-key", show_default=True, help="API key to accept.")
@click.option(
    "--queue-seconds",
    type=_number,
    metavar="SECONDS",
    default=1.0,
    show_default=True,
    help="How long a new task stays queued, in seconds.",
)
@click.option(
    "--render-seconds",
    type=_number,
    metavar="SECONDS",
    default=3.0,
    show_default=True,
    help="How long it is then in progress, at least, in seconds.",
)
@click.option(
    "--result-lifetime",
    type=_number,
    metavar="SECONDS",
    default=86400.0,
    show_default=True,
    help="How long the URL of a finished video works, in seconds.",
)
@click.option(
    "--rate-limit",
    type=click.IntRange(min=0),
    help="Submits that each provider accepts per minute.  [default: no limit]",
)
@click.option(
    "--balance",
    type=_number,
    metavar="USD",
    help="What may be spent, in USD.  [default: no limit]",
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep rendered videos here.  [default: a temporary folder]",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME[:TIMES]",
    callback=_listing.check_faults,
    shell_complete=_listing.complete_fault,
    help="Inject this fault into all requests that it matches, or into the first TIMES; "
    "may be given several times.",
)
@click.option("--list-faults", is_flag=True, help="List the faults and exit.")
@click.option(
    "--lie",
    "lies",
    multiple=True,
    metavar="NAME",
    callback=_listing.check_lies,
    shell_complete=_listing.complete_lie,
    help="Return videos that differ from the request; may be given several times.",
)
@click.option("--list-lies", is_flag=True, help="List the lies and exit.")
@click.option(
    "--webhooks",
    type=click.Choice(WEBHOOKS),
    default="once",
    show_default=True,
    help="What becomes of notifications to endpoints on this machine.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def sandbox(
    port: int,
    key: str,
    queue_seconds: float,
    render_seconds: float,
    result_lifetime: float,
    rate_limit: int | None,
    balance: float | None,
    folder: Path | None,
    faults: tuple[str, ...],
    list_faults: bool,
    lies: tuple[str, ...],
    list_lies: bool,
    webhooks: Webhooks,
    as_json: bool,
) -> None:
    """Run stand-ins for providers on this machine: real protocols, real videos, no bill.

    Prints the environment variables to paste into another terminal.
    """
    if list_faults:
        _listing.show_faults(as_json=as_json)
        return
    if list_lies:
        _listing.show_lies(as_json=as_json)
        return
    from rushes_sandbox import Sandbox

    server = Sandbox(
        key=key,
        queue_seconds=queue_seconds,
        render_seconds=render_seconds,
        result_lifetime=result_lifetime,
        rate_limit=rate_limit,
        balance=balance,
        folder=folder,
        port=port,
        faults=faults,
        lies=lies,
        webhooks=webhooks,
        # A server that runs for days must not keep every upload in memory.
        record=False,
    )
    # Before the server starts, so that a signal during the start ends it cleanly, too.
    with _until_signalled() as ended, ExitStack() as stack:
        try:
            stack.enter_context(server)
        except OSError as error:
            raise _NotStarted(_why_not(port, error)) from None
        _announce(server, faults, lies, webhooks, as_json=as_json)
        ended.wait()


def _why_not(port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use; choose another with --port, or 0 for a free one."
    return f"The sandbox cannot start: {error.strerror or error}."


def _announce(
    server: "Sandbox",
    faults: tuple[str, ...],
    lies: tuple[str, ...],
    webhooks: Webhooks,
    *,
    as_json: bool,
) -> None:
    click.echo(f"The sandbox is running at {server.url}. Nothing it does costs money.", err=True)
    for name, why in server.broken.items():
        click.echo(f"Left out: {name}, whose sandbox is broken: {why}", err=True)
    if faults:
        click.echo(f"Injected faults: {', '.join(faults)}.", err=True)
    if lies:
        click.echo(f"The videos differ from the request: {', '.join(lies)}.", err=True)
    if webhooks != "once":
        click.echo(f"Notifications are {webhooks}.", err=True)
    click.echo("Paste these lines into another terminal; Ctrl-C stops the sandbox.\n", err=True)
    if as_json:
        click.echo(
            json.dumps(
                {
                    "url": server.url,
                    "base_urls": server.base_urls,
                    "key": server.key,
                    "environment": server.environment,
                }
            )
        )
        return
    for name, value in server.environment.items():
        click.echo(f"export {name}={shlex.quote(value)}")


@contextmanager
def _until_signalled() -> Iterator[threading.Event]:
    """Yield an event that Ctrl-C and SIGTERM set instead of ending the process."""
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
