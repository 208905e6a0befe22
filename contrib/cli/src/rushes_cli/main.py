"""The command `rushes`: Ctrl-C is seen to before anything that takes long is imported."""

import sys

from rushes_cli.interrupts import take_no_more, take_one


def main() -> None:
    """Run the command line."""
    take_one()
    try:
        from rushes_cli.root import cli
        from rushes_cli.streams import forgiving

        sys.stderr = forgiving(sys.stderr)
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                # A terminal that cannot show a character shows its number.
                stream.reconfigure(errors="backslashreplace")
        cli.main()
    except KeyboardInterrupt:  # before there was anything that could tell of it
        raise SystemExit(130) from None
    finally:
        take_no_more()
