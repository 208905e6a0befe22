"""Checking a payload a line: every line is answered by one line."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from rushes_cli.strict_json import Malformed, read_json
from rushes_cli.terminal import json_text

if TYPE_CHECKING:
    from rushes import Client, Report

LONGEST = 64 * 1024 * 1024
"""Bytes of a line that are read; the answer to a longer one says so."""


def check_lines(client: "Client", variant: str, stream: BinaryIO) -> bool:
    """Answer every line; return whether all were valid.

    Each answer is flushed: whoever asks line by line is waiting for it.
    """
    all_valid = True
    for number, line in _lines(stream):
        report = _judged(client, variant, number, line)
        all_valid = all_valid and report.valid
        click.echo(json_text(report.as_line()))
    return all_valid


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Yield each line with its number, None for one that is too long."""
    number = 0
    while line := stream.readline(LONGEST):
        number += 1
        whole = True
        while len(line) == LONGEST and not line.endswith(b"\n"):
            line = stream.readline(LONGEST)
            whole = False
        yield number, line.removesuffix(b"\n") if whole else None


def _judged(client: "Client", variant: str, number: int, line: bytes | None) -> "Report":
    from rushes import BrokenPluginError

    if line is None:
        return _answer(variant, "malformed", f"line {number} is longer than {LONGEST:,} bytes")
    try:
        return client.check_payload(variant, read_json(line))
    except Malformed as error:
        where = str(error).replace(" at line 1,", "").replace(", at line 1,", " at")
        return _answer(variant, "malformed", f"line {number} {where}")
    except BrokenPluginError as error:
        return _answer(variant, "broken_plugin", str(error))
    except Exception as error:  # noqa: BLE001 - one line's bug must not leave the others unanswered
        from rushes_cli.crash import report_bug

        report_bug(error)
        return _answer(variant, "bug", f"line {number} could not be checked; that is a bug of ours")


def _answer(variant: str, code: str, message: str) -> "Report":
    from rushes import Problem, Report

    problem: Any = Problem(path="", code=code, message=message)
    return Report(variant=variant, problems=(problem,), notes=())
