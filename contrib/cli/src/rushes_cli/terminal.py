"""Text for a terminal: control characters escaped, long lines wrapped; and JSON output."""

import os
import re
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Any, TextIO

import click

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "can_prompt", "console", "escape_controls", "json_text", "one_line", "print_line",
    "shows_colours", "stderr_line", "strip_passwords",
]  # fmt: skip

# Control characters (a terminal obeys them), marks that change the reading direction (they make
# one text look like another), line separators, and lone surrogates (which no encoding can write).
_CONTROL = "\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f"
_DECEIVING = "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
_UNSAFE = re.compile(f"[{_CONTROL}{_DECEIVING}\ud800-\udfff]")
_UNSAFE_IN_JSON = re.compile(f"[\\x7f-\\x9f{_DECEIVING}]")
_PASSWORD = re.compile(r"(?<=://)[^/?#\s]*@")
_PIPE_WIDTH = 1000


def escape_controls(text: str) -> str:
    r"""Escape control characters and deceptive marks; tabs and line ends stay.

    ESC becomes the four characters `\x1b`.
    """
    return _UNSAFE.sub(lambda found: ascii(found[0])[1:-1], text)


def strip_passwords(text: str) -> str:
    """Remove user names and passwords from the addresses in a text."""
    return _PASSWORD.sub("", text)


def one_line(text: str) -> str:
    """Escape control characters, and replace line breaks and runs of spaces with one space."""
    return escape_controls(" ".join(text.split()))


def json_text(value: Any, *, indent: int = 0) -> str:
    """Return JSON that is safe to print on a terminal, and unchanged for a program."""
    import msgspec

    try:
        data = msgspec.json.encode(value)
    except UnicodeEncodeError:  # a file name need not be valid text; JSON can escape the rest
        import json

        text = json.dumps(msgspec.to_builtins(value), indent=indent or None)
    else:
        text = (msgspec.json.format(data, indent=indent) if indent else data).decode()
    return _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def stderr_line(text: str = "", *, bold: str = "", colour: str | None = None) -> None:
    """Print text on standard error; `bold` is its beginning, in bold and in `colour`."""
    print_line(text, bold=bold, colour=colour, err=True)


def print_line(
    text: str = "",
    *,
    bold: str = "",
    colour: str | None = None,
    indent: str = "",
    err: bool = False,
) -> None:
    """Print text on standard output (or error), escaped; wrapped if it is a terminal.

    `bold` is its beginning, in bold and in `colour`.
    """
    stream = sys.stderr if err else sys.stdout
    head, text = escape_controls(bold), escape_controls(text)
    if stream is not None and stream.isatty():
        width = max(shutil.get_terminal_size().columns, 40)
        text = "\n".join(
            textwrap.fill(
                line,
                width,
                initial_indent=indent,
                subsequent_indent=indent + "    ",
                break_long_words=False,
                break_on_hyphens=False,
            )
            for line in (head + text).split("\n")
        )
    else:
        text = indent + head + text
    start = indent + head
    if head and text.startswith(start):
        text = indent + click.style(head, bold=True, fg=colour) + text[len(start) :]
    click.echo(text, err=err, color=shows_colours(stream))


def can_prompt() -> bool:
    """Whether standard input is interactive: standard input is a terminal."""
    return sys.stdin is not None and sys.stdin.isatty()


def shows_colours(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal with colours, and NO_COLOR is not set."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream is not None and stream.isatty()


def console(*, err: bool = False) -> "Console":
    """Make a rich console that prints text as it is: no markup, no emoji codes, no highlighting.

    What goes into a pipe is not cut to a terminal's width.
    """
    from rich.console import Console

    stream = sys.stderr if err else sys.stdout
    piped = stream is None or not stream.isatty()
    width = int(os.environ.get("COLUMNS", "0") or 0) or _PIPE_WIDTH if piped else None
    return Console(stderr=err, markup=False, emoji=False, highlight=False, width=width)
