"""Words on their way to a terminal: hostile ones made harmless, long ones wrapped."""

import os
import re
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Any, TextIO

import click

if TYPE_CHECKING:
    from rich.console import Console

# Controls (a terminal obeys them), marks that turn the reading direction (they make a text look
# like another), separators of lines, and halves of surrogate pairs (no encoding writes them).
_CONTROL = "\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f"
_DECEIVING = "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
_UNSAFE = re.compile(f"[{_CONTROL}{_DECEIVING}\ud800-\udfff]")
_UNSAFE_IN_JSON = re.compile(f"[\\x7f-\\x9f{_DECEIVING}]")
_PASSWORD = re.compile(r"(?<=://)[^/?#\s]*@")
PIPE_WIDTH = 1000


def clean(text: str) -> str:
    """Write what a terminal would obey as what it is: an escape becomes its number."""
    return _UNSAFE.sub(lambda found: ascii(found[0])[1:-1], text)


def without_password(text: str) -> str:
    """Take out of an error's words what stands before the host of an address."""
    return _PASSWORD.sub("", text)


def one_line(text: str) -> str:
    """Clean a text and write its line ends as blanks."""
    return clean(" ".join(text.split()))


def json_text(value: Any, *, indent: int = 0) -> str:
    """Write JSON that is the same for a program and harmless for a terminal."""
    import msgspec

    try:
        data = msgspec.json.encode(value)
    except UnicodeEncodeError:  # a file's name need not be text; JSON can escape what is not
        import json

        text = json.dumps(msgspec.to_builtins(value), indent=indent or None)
    else:
        text = (msgspec.json.format(data, indent=indent) if indent else data).decode()
    return _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def say(text: str = "", *, bold: str = "", colour: str | None = None) -> None:
    """Print words for a person on standard error; `bold` is how they begin."""
    tell(text, bold=bold, colour=colour, err=True)


def tell(
    text: str = "",
    *,
    bold: str = "",
    colour: str | None = None,
    indent: str = "",
    err: bool = False,
) -> None:
    """Print words for a person, wrapped where a person reads them."""
    stream = sys.stderr if err else sys.stdout
    head, text = clean(bold), clean(text)
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
    begins = indent + head
    if head and text.startswith(begins):
        text = indent + click.style(head, bold=True, fg=colour) + text[len(begins) :]
    click.echo(text, err=err, color=coloured(stream))


def is_there_somebody() -> bool:
    """Whether a person can answer."""
    return sys.stdin is not None and sys.stdin.isatty()


def coloured(stream: TextIO | None) -> bool:
    """Whether a stream shows colours, and its reader wants them."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream is not None and stream.isatty()


def console(*, err: bool = False) -> "Console":
    """Make a console whose words are only words: no markup, no emoji codes, no guessed colours.

    What is piped is never cut to a width.
    """
    from rich.console import Console

    stream = sys.stderr if err else sys.stdout
    piped = stream is None or not stream.isatty()
    width = int(os.environ.get("COLUMNS", "0") or 0) or PIPE_WIDTH if piped else None
    return Console(stderr=err, markup=False, emoji=False, highlight=False, width=width)
