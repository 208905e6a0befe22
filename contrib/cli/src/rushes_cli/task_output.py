"""A task on standard output: the paths of its videos byte by byte, or JSON."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from rushes_cli._output.tasks import missing_task_dict, task_dict
from rushes_cli.exit_codes import Interrupted
from rushes_cli.terminal import json_text

if TYPE_CHECKING:
    from rushes import Task

__all__ = ["json_failures", "print_failure", "print_task", "task_dict"]


def print_task(task: "Task", *, as_json: bool) -> None:
    """Print a finished task: the path of each of its files, or all of it as JSON."""
    if as_json:
        click.echo(json_text(task_dict(task)))
    else:
        for file in task.files:
            click.echo(os.fsencode(file))


@contextmanager
def json_failures(
    reference: str | None = None, variant: str | None = None, *, as_json: bool
) -> Iterator[None]:
    """With `as_json`, print an error raised inside as JSON before it propagates.

    Wrong usage (click's own errors) is only reported in words, on standard error.
    """
    try:
        yield
    except click.ClickException:
        raise
    except Exception as error:
        if as_json:
            print_failure(error, None, variant, reference=reference)
        raise


def print_failure(
    error: Exception, task: "Task | None", variant: str | None, *, reference: str | None = None
) -> None:
    """Print, as JSON, the task that ended in an error; if there is none, an empty one."""
    from rushes import RushesError

    if isinstance(error, RushesError):
        task = error.task or task
    elif not isinstance(error, Interrupted):
        # An unforeseen message may contain anything, a key too; it goes to the log, redacted.
        error = RuntimeError(f"a bug in rushes: {type(error).__name__}")
    found = task_dict(task, error) if task is not None else None
    click.echo(json_text(found or missing_task_dict(reference, variant, error)))
