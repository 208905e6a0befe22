"""`rushes plugins`: what is installed, from whom, whether it works, and how good it is."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rushes_cli._runtime import clients
from rushes_cli.exit_codes import CONFIGURATION
from rushes_cli.options import complete_plugins, json_option
from rushes_cli.terminal import console, json_text, one_line, print_line, stderr_line

if TYPE_CHECKING:
    from rushes_cli._plugins.doctor import Finding
    from rushes_cli._plugins.grades import Grade
    from rushes_cli._plugins.inventory import PluginEntry

_GROUPS = {
    "rushes": "variant",
    "rushes.wrappers": "wrapper",
    "rushes.observers": "observer",
    "rushes.commands": "command",
}
_UNGRADED = "-"


@click.command()
@click.argument("name", required=False, shell_complete=complete_plugins)
@click.option("--doctor", is_flag=True, help="Explain what is wrong with NAME, and what to do.")
@click.option(
    "--grade",
    is_flag=True,
    help="Compute the grades of NAME's variants, or of all: runs their kits and faults (minutes).",
)
@click.option(
    "--tests",
    metavar="FOLDER",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="With --grade: the folder of the conformance kits.  [default: tests, beside the source "
    "that a plugin was installed from]",
)
@json_option
@click.pass_context
def plugins(
    ctx: click.Context,
    /,
    name: str | None,
    doctor: bool,
    grade: bool,
    tests: Path | None,
    as_json: bool,
) -> None:
    """List the installed plugins, with the reason if one is broken or untrusted.

    Loads each of them. A broken one breaks nothing else, so this exits with 0. Requests can be
    checked against an untrusted one, but it does not get its provider's key.

    NAME is a provider, a distribution, or what the table lists. --doctor exits with 3 if something
    is wrong with it.
    """
    if doctor and grade:
        raise click.UsageError("Give --doctor or --grade.")
    if tests is not None and not grade:
        raise click.UsageError("--tests goes with --grade.")
    if doctor:
        if name is None:
            raise click.UsageError(
                "--doctor needs a NAME that `rushes plugins` lists, or a provider."
            )
        ctx.exit(_examine(name, as_json=as_json))
    elif grade:
        _grade(name, tests, as_json=as_json)
    else:
        _list(name, as_json=as_json)


def _list(name: str | None, *, as_json: bool) -> None:
    from rushes_cli._plugins.inventory import list_plugins, named

    found = list_plugins()
    if name is not None:
        found = named(found, name)
    if as_json:
        click.echo(json_text([_plugin_dict(plugin) for plugin in found]))
    elif found:
        _print_table(found)
        _print_hooks(found)
    elif not _left_out():
        stderr_line("No plugin is installed; install one, like rushes-toapis from plugins/toapis.")
    if left_out := _left_out():
        stderr_line(", ".join(left_out), bold="Left out by RUSHES_LOAD_PLUGINS: ")
    if as_json:
        return
    for plugin in found:
        if plugin.problem:
            head = {"broken": "Broken", "untrusted": "Not trusted"}[plugin.status]
            stderr_line(plugin.problem, bold=f"{head}: {plugin.name}: ", colour="red")


def _plugin_dict(plugin: "PluginEntry") -> dict[str, Any]:
    return {
        "group": plugin.group,
        "name": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "status": plugin.status,
        "problem": plugin.problem,
        "hooks": plugin.hooks,
        "wrappers": plugin.wrappers,
        "grade": plugin.grade,
    }


def _shown(plugin: "PluginEntry") -> str:
    return plugin.name.replace(".", "/", 1) if plugin.group == "rushes" else plugin.name


def _print_table(found: "list[PluginEntry]") -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for column in ("kind", "name", "from", "status", "grade"):
        table.add_column(column, overflow="fold")
    for plugin in found:
        graded = plugin.grade or _UNGRADED if plugin.group == "rushes" else ""
        table.add_row(
            _GROUPS[plugin.group] if plugin.group else "distribution",
            one_line(_shown(plugin)),
            one_line(f"{plugin.distribution} {plugin.version or ''}"),
            Text(plugin.status, style="bold red" if plugin.problem else "green"),
            Text(graded, style="dim" if graded == _UNGRADED else "bold"),
        )
    console().print(table)
    if any(plugin.grade is None for plugin in found if plugin.group == "rushes"):
        print_line()
        words = "not graded yet as it is installed; `rushes plugins --grade NAME` computes it."
        print_line(words, bold="Grade -: ")


def _print_hooks(found: "list[PluginEntry]") -> None:
    """Print which hooks each variant has, those of a provider once if they are the same."""
    providers: dict[str, dict[tuple[str, ...], list[str]]] = {}
    for plugin in found:
        if plugin.group == "rushes" and plugin.status != "broken":
            provider = plugin.name.partition(".")[0]
            providers.setdefault(provider, {}).setdefault(plugin.hooks, []).append(_shown(plugin))
    if not providers:
        return
    print_line()
    print_line("Hooks besides the declaration")
    for provider, kinds in providers.items():
        for hooks, names in kinds.items():
            head = provider if len(kinds) == 1 else ", ".join(names)
            print_line(", ".join(hooks) or "none", bold=f"{head}: ", indent="  ")
    wrappers = next((plugin.wrappers for plugin in found if plugin.group == "rushes"), ())
    print_line(f"Wrappers around each: {', '.join(wrappers) or 'none'}")


def _left_out() -> list[str]:
    """Return the distributions that are installed, but not to be loaded."""
    from rushes.plugins import distribution, installed

    return sorted({distribution(entry) for entry in installed().left_out})


def _examine(name: str, *, as_json: bool) -> int:
    """Print what is found about a plugin; return the exit code."""
    from rushes_cli._plugins.doctor import examine

    with clients.make_client() as client:
        found = examine(client, name)
    if as_json:
        click.echo(json_text(found))
    else:
        _print_findings(name, found)
    return CONFIGURATION if any(finding.kind == "wrong" for finding in found) else 0


def _print_findings(name: str, found: "Sequence[Finding]") -> None:
    for finding in found:
        head = {"wrong": "Wrong: ", "lacking": "Lacking: ", "known": "Known: "}[finding.kind]
        colour = {"wrong": "red", "lacking": "yellow", "known": "cyan"}[finding.kind]
        print_line(f"{finding.about}: {finding.what}", bold=head, colour=colour)
        print_line(f"{finding.todo} ({finding.page})", indent="    ")
    wrong = sum(finding.kind == "wrong" for finding in found)
    if not wrong:
        print_line(f"Nothing is wrong with {name}.", colour="green")


def _grade(name: str | None, tests: Path | None, *, as_json: bool) -> None:
    """Compute grades, and print what each was computed from."""
    from rushes_cli._plugins.grading import grade
    from rushes_cli._plugins.inventory import list_plugins, named

    with clients.make_client() as client:
        chosen = list_plugins()
        if name is not None:
            chosen = named(chosen, name)
        variants = [
            _shown(plugin)
            for plugin in chosen
            if plugin.group == "rushes" and plugin.status != "broken"
        ]
        if not variants:
            raise click.UsageError(_nothing_to_grade(chosen))
        grades = grade(client, variants, tests, stderr_line)
    if as_json:
        click.echo(json_text([_grade_dict(grades[variant]) for variant in variants]))
        return
    for variant in variants:
        _print_grade(grades[variant])


def _nothing_to_grade(chosen: "list[PluginEntry]") -> str:
    """Say why none of these plugins can be graded."""
    if any(plugin.problem for plugin in chosen):
        return "No variant can be loaded; `rushes plugins --doctor NAME` says why."
    if chosen:
        return (
            "Only variants have grades. A wrapper or an observer is tested by a kit of its own: "
            "docs/conformance.md."
        )
    return "No variant is installed."


def _grade_dict(grade: "Grade") -> dict[str, Any]:
    return {
        "variant": grade.variant,
        "grade": grade.level,
        "date": grade.date,
        "checks": grade.checks,
    }


def _print_grade(grade: "Grade") -> None:
    print_line(f" {grade.level}", bold=f"{grade.variant}:")
    for check in grade.checks:
        mark = "yes" if check.passed else "no"
        print_line(f"{check.level:<6}  {mark:<3}  {check.name}: {check.words}", indent="  ")
