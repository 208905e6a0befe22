"""The group of all commands, and the options before them."""

import os

import click

from rushes_cli._app.command_group import CommandGroup
from rushes_cli._runtime.home import home_option
from rushes_cli._runtime.tried import tried

if "_RUSHES_COMPLETE" in os.environ:
    from click.shell_completion import add_completion_class

    from rushes_cli._app.bash import Bash

    add_completion_class(Bash)

EPILOG = """\b
Examples:
  rushes check "A red kite over dunes" -m toapis/kling-v3 --duration 6
  rushes keys set toapis
  rushes generate "A red kite over dunes" -m toapis/kling-v3 -o kite.mp4
  rushes resume

\b
Results go to standard output, everything else to standard error.
`rushes help exit-codes` lists the exit codes.
"""


@click.group(
    cls=CommandGroup,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--home",
    metavar="DIR",
    type=click.Path(file_okay=False),
    help="Folder for the journal, keys and downloads.  [env var: RUSHES_HOME]",
)
@click.option("-v", "--verbose", is_flag=True, help="Show the log on standard error.")
@click.option(
    "--traceback", is_flag=True, help="Show the traceback of a bug.  [env var: RUSHES_TRACEBACK]"
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda ctx, _param, requested: _version(ctx) if requested else None,
    help="Show the version and exit.",
)
def cli(home: str | None, verbose: bool, traceback: bool) -> None:
    """Generate AI videos: one request, checked, paid for once, fetched whole."""
    home_option.set(home)
    tried.set(None)
    # In the environment both reach everything a command uses, commands from plugins included.
    if home:
        os.environ["RUSHES_HOME"] = home
    if traceback:
        os.environ["RUSHES_TRACEBACK"] = "1"
    if verbose:
        from rushes_cli._app.logs import show_logs

        show_logs()


def _version(ctx: click.Context) -> None:
    import rushes

    click.echo(f"rushes {rushes.__version__}")
    ctx.exit()
