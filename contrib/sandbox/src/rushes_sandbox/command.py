"""The subcommand `sandbox`: the gateways in the foreground, until Ctrl-C."""

import errno
import json
import shlex
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rushes_sandbox import Sandbox


class _NotStarted(click.ClickException):
    exit_code = 3


@click.command()
@click.option("--port", default=8765, show_default=True, help="Port; 0 takes a free one.")
@click.option("--key", default="sandbox-key", show_default=True, help="API key to accept.")
@click.option(
    "--queue-seconds",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="How long a new task waits.",
)
@click.option(
    "--render-seconds",
    type=click.FloatRange(min=0),
    default=3.0,
    show_default=True,
    help="How long it then takes, at least.",
)
@click.option(
    "--result-lifetime",
    type=click.FloatRange(min=0),
    default=86400.0,
    show_default=True,
    help="How long the address of a finished video works, in seconds.",
)
@click.option(
    "--rate-limit",
    type=click.IntRange(min=0),
    help="Submits that each gateway takes per minute.  [default: no limit]",
)
@click.option("--balance", type=float, help="What may be spent, in USD.  [default: no limit]")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep rendered films here.  [default: a temporary folder]",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME[:TIMES]",
    callback=lambda _context, _option, texts: _known(texts),
    help="Let this go wrong, always or so many times; may be given several times.",
)
@click.option("--list-faults", is_flag=True, help="Print what can go wrong, and end.")
@click.option(
    "--lie",
    "lies",
    multiple=True,
    metavar="NAME",
    callback=lambda _context, _option, names: _known_lies(names),
    help="Let the videos be not what was asked for; may be given several times.",
)
@click.option("--list-lies", is_flag=True, help="Print what the videos can lie about, and end.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
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
    as_json: bool,
) -> None:
    """Run ToAPIs, APIMart and UniAll on this machine: real protocols, real videos, no bill.

    Standard output gets the environment variables to paste into another terminal.
    """
    if list_faults:
        from rushes_sandbox.faults.listing import show_faults

        show_faults(as_json=as_json)
        return
    if list_lies:
        from rushes_sandbox.faults.listing import show_lies

        show_lies(as_json=as_json)
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
        # A server that runs for days must not keep every upload in memory.
        record=False,
    )
    # From the first moment: a signal while the server starts ends it cleanly, too.
    with _until_signalled() as ended, ExitStack() as stack:
        try:
            stack.enter_context(server)
        except OSError as error:
            raise _NotStarted(_why_not(port, error)) from None
        _announce(server, faults, lies, as_json=as_json)
        ended.wait()


def _known(texts: tuple[str, ...]) -> tuple[str, ...]:
    from rushes_sandbox.faults import parse

    for text in texts:
        try:
            parse(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
    return texts


def _known_lies(names: tuple[str, ...]) -> tuple[str, ...]:
    from rushes_sandbox.lies import find

    for name in names:
        try:
            find(name)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
    return names


def _why_not(port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use; choose another with --port, or 0 for a free one."
    return f"The sandbox cannot start: {error.strerror or error}."


def _announce(
    server: "Sandbox", faults: tuple[str, ...], lies: tuple[str, ...], *, as_json: bool
) -> None:
    click.echo(f"The sandbox runs at {server.url}. Nothing it does costs money.", err=True)
    if faults:
        click.echo(f"On purpose goes wrong: {', '.join(faults)}.", err=True)
    if lies:
        click.echo(f"The videos lie: {', '.join(lies)}.", err=True)
    click.echo("Paste these lines into another terminal; Ctrl-C ends it here.\n", err=True)
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
    """Give an event that Ctrl-C and SIGTERM set, instead of what they do otherwise."""
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
