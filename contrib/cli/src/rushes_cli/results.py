"""Results on standard output: a video's path byte by byte, or JSON."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from rushes_cli.exits import Stopped
from rushes_cli.task_view import no_task, task_object
from rushes_cli.terminal import json_text

if TYPE_CHECKING:
    from rushes import Task


def print_task(task: "Task", *, as_json: bool) -> None:
    """Print a finished task: its file, or all of it."""
    if as_json:
        click.echo(json_text(task_object(task)))
    elif task.file:
        click.echo(os.fsencode(task.file))


@contextmanager
def failures(
    reference: str | None = None, variant: str | None = None, *, as_json: bool
) -> Iterator[None]:
    """Print what is raised as JSON, too, where JSON was asked for; wrong usage has words alone."""
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
    """Print as JSON what became of a task instead of a video."""
    from rushes import RushesError

    if not isinstance(error, (RushesError, Stopped)):
        # Words that nobody foresaw may hold anything, a key too; they go to the log, redacted.
        error = RuntimeError(f"a bug of ours: {type(error).__name__}")
    task = getattr(error, "task", None) or task
    found = task_object(task, error) if task is not None else no_task(reference, variant, error)
    click.echo(json_text(found))
