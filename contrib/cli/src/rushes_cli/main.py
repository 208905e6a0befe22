"""The entry point of `rushes`. Ctrl-C is handled before anything slow is imported."""

import sys
from typing import TYPE_CHECKING

from rushes_cli._runtime.signals import ignore_sigint, raise_on_first_sigint

if TYPE_CHECKING:
    import click

__all__ = ["group", "main"]


def group() -> "click.Group":
    """Return the group of all commands, for whoever describes them; `main` runs it."""
    from rushes_cli._app.root import cli

    return cli


def main() -> None:
    """Run the command line."""
    raise_on_first_sigint()
    try:
        from rushes_cli._app.root import cli
        from rushes_cli._output.streams import ignore_write_errors, remember_write_error

        sys.stdout = remember_write_error(sys.stdout)
        sys.stderr = ignore_write_errors(sys.stderr)
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                # A character that the terminal's encoding lacks is printed as its number.
                stream.reconfigure(errors="backslashreplace")
        cli.main()
    except KeyboardInterrupt:  # raised before `cli.main` could report it
        raise SystemExit(130) from None
    finally:
        ignore_sigint()
