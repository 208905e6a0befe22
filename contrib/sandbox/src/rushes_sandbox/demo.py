"""The command `rushes demo`: compares every variant against a sandbox.

The only module of this package that sends requests with `rushes`.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click
from rushes.plugins import COMMANDS, VARIANTS, import_in_time, installed

PROMPT = "A red kite over white dunes at dusk, the camera rising slowly"
OPTIONS = ("--duration", "5", "--aspect-ratio", "16:9")


@click.command()
@click.argument("prompt", default=PROMPT)
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("rushes-demo"),
    show_default=True,
    help="The folder for the videos and the page.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
@click.pass_context
def demo(ctx: click.Context, prompt: str, output: Path, as_json: bool) -> None:
    """Send one request to every variant at once, in a sandbox on this machine.

    Needs no key and costs nothing: a local server speaks the gateways' protocols and renders the
    videos. They are shown side by side on one page, each with the payload that was sent for it.
    """
    from rushes_sandbox import Sandbox

    compare = _compare()
    # The tasks of an earlier demo ended with its sandbox.
    (output / "results.json").unlink(missing_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="rushes-demo-") as home,
        Sandbox(queue_seconds=0.5, render_seconds=2, poll_after=1, record=False) as sandbox,
        _environment({**sandbox.environment, "RUSHES_HOME": home}),
    ):
        models = [word for name in _variants(sandbox.base_urls) for word in ("-m", name)]
        flags = ["--json"] if as_json else []
        words = [*models, *OPTIONS, "--output", str(output), *flags, "--", prompt]
        code = compare.main(words, prog_name="rushes compare", standalone_mode=False)
    ctx.exit(code or 0)


def _compare() -> click.Command:
    for entry in installed().group(COMMANDS):
        if entry.name == "compare":
            command = import_in_time(entry)
            if isinstance(command, click.Command):
                return command
    raise click.UsageError(
        "the demo needs the command `rushes compare`; install rushes-compare from contrib/compare"
    )


def _variants(base_urls: Mapping[str, str]) -> list[str]:
    """List the installed variants whose provider the sandbox simulates."""
    names = sorted({entry.name.replace(".", "/", 1) for entry in installed().group(VARIANTS)})
    return [name for name in names if name.partition("/")[0] in base_urls]


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables until the end of the block."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value
