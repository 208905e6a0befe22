"""Checking one payload per line: every line is answered with one line."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from rushes_cli._output.streams import write_error
from rushes_cli.strict_json import MalformedJSON, read_json
from rushes_cli.terminal import json_text

if TYPE_CHECKING:
    from rushes import Client, Report

MAX_LINE = 64 * 1024 * 1024
"""Bytes of a line that are read; a longer one is answered as malformed."""


def check_lines(client: "Client", variant: str, stream: BinaryIO) -> bool:
    """Answer every line; return whether all were valid.

    Each answer is flushed, since a caller that checks line by line is waiting for it.
    """
    all_valid = True
    for number, line in _lines(stream):
        report = _check(client, variant, number, line)
        all_valid = all_valid and report.valid
        click.echo(json_text(report.as_line()))
        if write_error(sys.stdout):
            break  # the lines may never end
    return all_valid


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Yield each line with its number; None stands for one that is too long."""
    number = 0
    while line := stream.readline(MAX_LINE):
        number += 1
        whole = True
        while len(line) == MAX_LINE and not line.endswith(b"\n"):
            line = stream.readline(MAX_LINE)
            whole = False
        yield number, line.removesuffix(b"\n") if whole else None


def _check(client: "Client", variant: str, number: int, line: bytes | None) -> "Report":
    from rushes import BrokenPluginError

    if line is None:
        return _error(variant, "malformed", f"line {number} is longer than {MAX_LINE:,} bytes")
    try:
        return client.check_payload(variant, read_json(line))
    except MalformedJSON as error:
        where = str(error).replace(" at line 1,", "").replace(", at line 1,", " at")
        return _error(variant, "malformed", f"line {number} {where}")
    except BrokenPluginError as error:
        return _error(variant, "broken_plugin", str(error))
    except Exception as error:  # noqa: BLE001 - a bug on one line must not stop the others
        from rushes_cli._errors.bug_report import report_bug

        report_bug(error)
        return _error(
            variant, "bug", f"line {number} could not be checked; that is a bug in rushes"
        )


def _error(variant: str, code: str, message: str) -> "Report":
    from rushes import Problem, Report

    problem: Any = Problem(path="", code=code, message=message)
    return Report(variant=variant, problems=(problem,), notes=())
