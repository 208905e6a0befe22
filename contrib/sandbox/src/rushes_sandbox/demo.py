"""The command `rushes demo`: compares variants against a sandbox.

The only module of this package that sends requests with `rushes`.
"""

import math
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import zip_longest
from pathlib import Path

import click
from rushes.plugins import COMMANDS, VARIANTS, import_in_time, installed

PROMPT = "A red kite over white dunes at dusk, the camera rising slowly"
OPTIONS = ("--duration", "5", "--aspect-ratio", "16:9")

#: How many videos are made: so many are ready within a minute.
MOST = 8


class _NotStarted(click.ClickException):
    exit_code = 3


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
    """Send one request to several variants at once, in a sandbox on this machine.

    Needs no key and costs nothing: a local server speaks the providers' protocols and renders the
    videos. They are shown side by side on one page, each with the payload that was sent for it.
    The variants are those that can make the video, of as many providers as are installed.
    """
    from rushes_sandbox import Sandbox

    compare = _compare()
    # The tasks of an earlier demo ended with its sandbox.
    try:
        (output / "results.json").unlink(missing_ok=True)
    except OSError as error:
        raise _NotStarted(f"-o {output} cannot be used: {error.strerror}") from None
    with (
        tempfile.TemporaryDirectory(prefix="rushes-demo-") as home,
        Sandbox(queue_seconds=0.5, render_seconds=2, poll_after=1, record=False) as sandbox,
        _environment({**sandbox.environment, "RUSHES_HOME": home}),
    ):
        names = _variants(sandbox.base_urls, prompt, Path(home))
        models = [word for name in names for word in ("-m", name)]
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


def _variants(base_urls: Mapping[str, str], prompt: str, home: Path) -> list[str]:
    """Choose installed variants whose provider the sandbox simulates, and that can do it.

    The cheapest of each provider come first, then their others, until there are enough.
    """
    from rushes import Client, Request, RushesError

    request = Request(prompt, duration=5, aspect_ratio="16:9")
    costs: dict[str, list[tuple[float, str]]] = {}
    with Client(base_urls=base_urls, home=home) as client:
        for entry in installed().group(VARIANTS):
            name = entry.name.replace(".", "/", 1)
            provider = name.partition("/")[0]
            if provider not in base_urls:
                continue
            with suppress(RushesError):  # a broken plugin leaves the others alone
                report = client.check(name, request)
                if report.valid:
                    cost = math.inf if report.cost is None else report.cost
                    costs.setdefault(provider, []).append((cost, name))
    rounds = zip_longest(*(sorted(found) for _, found in sorted(costs.items())))
    chosen = [item[1] for found in rounds for item in found if item]
    return sorted(chosen[:MOST])


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
