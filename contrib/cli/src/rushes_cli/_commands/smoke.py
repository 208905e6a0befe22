"""`rushes smoke`: one real, cheap job at a provider, and what it answered."""

import datetime
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rushes_cli._output.progress import show_progress
from rushes_cli._output.report import format_cost
from rushes_cli._request.cheapest import PROMPT, cheapest_request
from rushes_cli._request.providers import require_provider
from rushes_cli._runtime import clients
from rushes_cli.options import complete_providers, complete_variants
from rushes_cli.task_output import print_task
from rushes_cli.terminal import can_prompt, json_text, stderr_line

if TYPE_CHECKING:
    from rushes import Client, Report
    from rushes.recordings import Recorder


@click.command()
@click.argument("provider", shell_complete=complete_providers)
@click.option(
    "-m",
    "--model",
    metavar="VARIANT",
    shell_complete=complete_variants,
    help="The variant to try.  [default: the provider's cheapest]",
)
@click.option("--spend", is_flag=True, help="Really send it. It costs money.")
@click.option("--yes", is_flag=True, help="Do not ask before it is sent.")
@click.option(
    "--record",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("recordings"),
    show_default=True,
    help="Where to write what the provider answered.",
)
def smoke(provider: str, model: str | None, spend: bool, yes: bool, record: Path) -> None:
    """Make the cheapest video that PROVIDER offers, and record what it answers.

    Shows what would be sent, and what it costs; with --spend it is sent, after you agreed. The
    recording contains neither your key nor links. A plugin keeps it beside its tests, and the
    conformance kit reads it: so anybody with a key can show that a plugin fits the live service.
    """
    from rushes.recordings import Recorder

    recorder = Recorder()
    with clients.make_client(wrappers=[recorder]) as client:
        report = _cheapest(client, provider, model)
        stderr_line(report.variant, bold="Variant: ")
        stderr_line(json_text(report.payload, indent=2))
        stderr_line(format_cost(report.cost), bold="Estimated cost: ")
        if not spend:
            stderr_line("Nothing was sent. With --spend it is, and costs money.")
            return
        client.ready(report.variant)
        _ask(report, yes=yes)
        _require_writable(record)
        try:
            with show_progress("preparing") as tracker:
                task = client.generate(report.variant, _native(report), on_update=tracker)
                tracker(task)
        finally:
            _write(client, report, recorder, record)
    print_task(task, as_json=False)


def _cheapest(client: "Client", provider: str, model: str | None) -> "Report":
    """Return the report of the cheapest request."""
    require_provider(provider)
    names = [name for name in client.registry.ids() if name.partition("/")[0] == provider]
    if model is not None and model not in names:
        raise click.UsageError(f"{model} is not an installed variant of {provider}.")
    report = cheapest_request(client, [model] if model else names)
    if report is None:
        problems = client.check(model or names[0], {"prompt": PROMPT}).problems
        reasons = "; ".join(problem.message for problem in problems)
        raise click.UsageError(f"Nothing at {provider} can be tried with a prompt alone: {reasons}")
    return report


def _ask(report: "Report", *, yes: bool) -> None:
    """Ask whether to send it, where somebody can answer."""
    if yes:
        return
    if not can_prompt():
        raise click.UsageError("Nobody can be asked here; give --yes to send it.")
    price = "an unknown price" if report.cost is None else format_cost(report.cost)
    click.confirm(f"Send it, for {price}?", abort=True, err=True)


def _require_writable(folder: Path) -> None:
    """Raise ConfigurationError, before anything is bought, if nothing can be recorded there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        from rushes import ConfigurationError

        raise ConfigurationError(
            f"nothing can be written into {folder} ({error.strerror}); nothing was sent. Name "
            "another folder with --record"
        ) from error


def _native(report: "Report") -> "dict[str, object]":
    import msgspec

    return {"extra": msgspec.to_builtins(report.payload)}


def _write(client: "Client", report: "Report", recorder: "Recorder", folder: Path) -> None:
    """Write what was answered, even if the job failed: that is worth knowing, too.

    What goes wrong here is told, and does not take the place of what came of the job.
    """
    from rushes import BrokenPluginError

    try:
        place = _recorded(client, report, recorder, folder)
    except (BrokenPluginError, OSError) as error:
        stderr_line(str(error), bold="Not recorded: ", colour="red")
        return
    if place is not None:
        stderr_line(f"{place} (read it before you share it)", bold="Recorded: ")


def _recorded(
    client: "Client", report: "Report", recorder: "Recorder", folder: Path
) -> Path | None:
    """Write the recording, if there is anything in it, and return its place."""
    from rushes.files import replacing
    from rushes.urls import is_loopback

    loaded = client.registry.get(report.variant)
    here = is_loopback(loaded.variant.base_url)
    made = recorder.recording(
        loaded,
        report.complete_payload(),
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        source="a sandbox on this machine" if here else "the live service",
        secrets=client.keys.used(loaded.variant.provider),
    )
    if not made.answers:
        return None
    place = folder / f"{report.variant.replace('/', '-')}.json"
    with replacing(place) as part:
        part.write_text(json_text(made, indent=2) + "\n", encoding="utf-8")
    return place
