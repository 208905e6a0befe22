"""A bug of ours: written down in full where it can be sent on, told in one sentence."""

import os
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path

from rushes_cli import place
from rushes_cli.terminal import clean, one_line, say, without_password


def report_bug(error: BaseException) -> None:
    """Tell of an error that nobody foresaw; the traceback goes to a file, keys taken out."""
    text = redacted("".join(traceback.format_exception(error)))
    words = redacted(one_line(str(error)))
    say(f"{type(error).__name__}: {words}", bold="This is a bug of ours: ", colour="red")
    if os.environ.get("RUSHES_TRACEBACK"):
        say(text.rstrip())
    try:
        path = _write(text)
    except Exception as failure:  # noqa: BLE001 - whoever tells of a bug may not have one
        say(f"Its log could not be written ({failure}); --traceback shows it here.")
    else:
        say(f"The whole of it is in {path}; the keys are taken out.")


def redacted(text: str) -> str:
    """Take every key that this process could know out of a text."""
    from rushes import RushesError
    from rushes.home import Environment, Keys, redact

    text = without_password(text)
    secrets = [value for name, value in os.environ.items() if name.endswith("_API_KEY")]
    with suppress(RushesError):  # keys that cannot be read were not used
        secrets += Keys({}, Environment(), place.home()).stored().values()
    for secret in sorted(secrets, key=len, reverse=True):
        text = redact(text, secret)
    return text


def _write(text: str) -> Path:
    folder = place.home() / "logs"
    for each in (folder.parent, folder):  # a mode is for the last folder alone
        each.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    arguments = clean(redacted(repr(sys.argv[1:])))
    head = f"rushes {arguments}\nPython {sys.version}\n\n"
    with path.open("w", encoding="utf-8", errors="backslashreplace") as log:
        path.chmod(0o600)
        log.write(head + text)
    return path
