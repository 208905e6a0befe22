"""A bug in rushes: one sentence on the terminal, and a log file to send to its authors."""

import os
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path

from rushes_cli._runtime.home import home
from rushes_cli.terminal import escape_controls, one_line, stderr_line, strip_passwords


def report_bug(error: BaseException) -> None:
    """Report an unforeseen error; the traceback goes into a file, with all keys removed."""
    text = redact_keys("".join(traceback.format_exception(error)))
    message = redact_keys(one_line(str(error)))
    name = type(error).__name__
    stderr_line(f"{name}: {message}", bold="This is a bug in rushes: ", colour="red")
    if os.environ.get("RUSHES_TRACEBACK"):
        stderr_line(text.rstrip())
    try:
        path = _write(text)
    except Exception as failure:  # noqa: BLE001 - reporting a bug must not raise another one
        stderr_line(f"Its log could not be written ({failure}); --traceback shows it here.")
    else:
        stderr_line(f"The details are in {path}; keys have been removed from it.")


def redact_keys(text: str) -> str:
    """Remove every key that this process may know from a text."""
    from rushes import RushesError
    from rushes.home import Environment, Keys, redact

    text = strip_passwords(text)
    secrets = [value for name, value in os.environ.items() if name.endswith("_API_KEY")]
    with suppress(RushesError):  # keys that cannot be read were not used
        secrets += Keys({}, Environment(), home()).stored().values()
    for secret in sorted(secrets, key=len, reverse=True):
        text = redact(text, secret)
    return text


def _write(text: str) -> Path:
    from rushes.files import replacing

    folder = home() / "logs"
    for each in (folder.parent, folder):  # mkdir applies its mode to the last folder only
        each.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    arguments = escape_controls(redact_keys(repr(sys.argv[1:])))
    head = f"rushes {arguments}\nPython {sys.version}\n\n"
    with replacing(path) as part:
        part.touch(mode=0o600)  # before there is anything in it to read
        part.write_text(head + text, encoding="utf-8", errors="backslashreplace")
    return path
