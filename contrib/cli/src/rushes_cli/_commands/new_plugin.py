"""`rushes new-plugin`: a complete distribution for a provider, to be changed step by step."""

import shlex
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import click

from rushes_cli._request.completion import complete_files
from rushes_cli._template.answers import (
    QUESTIONS,
    Answers,
    distribution_name,
    provider_name,
)
from rushes_cli._template.render import rendered
from rushes_cli.options import json_option
from rushes_cli.terminal import can_prompt, json_text, print_line, stderr_line


def _questions(command: Callable[..., None]) -> Callable[..., None]:
    """Add the option of each question."""
    for question in reversed(QUESTIONS):
        add = click.option(
            question.option, question.name, type=question.check, metavar="TEXT",
            help=f"{question.words}.",
        )  # fmt: skip
        command = add(command)
    return command


@click.command("new-plugin")
@click.argument("provider", required=False, type=provider_name)
@_questions
@click.option(
    "-o",
    "--output",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    shell_complete=complete_files,
    help="Where it goes: a new or an empty folder.  [default: rushes-PROVIDER]",
)
@click.option("--yes", is_flag=True, help="Ask nothing: what is not given has its default.")
@json_option
def new_plugin(
    provider: str | None,
    output: Path | None,
    yes: bool,
    as_json: bool,
    **given: str | None,
) -> None:
    """Write a plugin for PROVIDER: a complete distribution, whose tests pass as they are.

    It has one variant with two rules, a stand-in for the provider, tests, and AGENTS.md, which says
    how to turn its made-up provider into yours. On a terminal it asks for what is not given. It
    never writes into a folder that has anything in it.
    """
    ask = can_prompt() and not yes
    if provider is None:
        if not ask:
            raise click.UsageError("Name the provider: rushes new-plugin PROVIDER.")
        provider = _asked("Provider", provider_name, None)
    distribution = distribution_name(provider)
    _refuse_installed(distribution)
    folder = output or Path(distribution)
    with suppress(OSError):  # most often it is not there yet
        _refuse_full(folder)
    made = rendered(_answers(provider, given, ask=ask))
    _write(folder, made)
    if as_json:
        click.echo(json_text({"folder": str(folder.absolute()), "files": [*made]}))
        return
    for path in made:
        print_line(str(folder / path))
    where = shlex.quote(str(folder))
    stderr_line("")
    stderr_line(f"cd {where}; then read AGENTS.md", bold="Next: ")


def _answers(provider: str, given: Mapping[str, str | None], *, ask: bool) -> Answers:
    """Return every answer: given, asked for, or by default."""
    found = {}
    for question in QUESTIONS:
        default = question.default(provider)
        answer = given[question.name]
        if answer is None:
            answer = _asked(question.words, question.check, default) if ask else default
        found[question.name] = answer
    return Answers(provider=provider, **found)


def _asked(words: str, check: Callable[[str], str], default: str | None) -> str:
    answer: str = click.prompt(words, default=default, value_proc=check, err=True)
    return answer


def _refuse_installed(distribution: str) -> None:
    """Raise UsageError if the distribution's name is taken, by one of our own tools perhaps."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        version(distribution)
    except PackageNotFoundError:
        return
    raise click.UsageError(
        f"{distribution} is installed already; choose another name, or uninstall it first."
    )


def _refuse_full(folder: Path) -> None:
    """Raise UsageError if there is anything in a folder."""
    if any(folder.iterdir()):
        raise click.UsageError(
            f"{folder} is not empty; nothing was written. Name another folder with -o."
        )


def _write(folder: Path, made: Mapping[str, str]) -> None:
    """Write the files, each whole, into an empty folder; raise UsageError if it is not."""
    from rushes import ConfigurationError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        _refuse_full(folder)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".new-plugin-") as part:
            for path, text in made.items():
                place = Path(part, path)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text, encoding="utf-8", newline="\n")
            for entry in sorted(Path(part).iterdir()):
                entry.rename(folder / entry.name)
    except OSError as error:
        place = error.filename or folder
        raise ConfigurationError(f"{place} cannot be written: {error.strerror}") from error
