"""`rushes plugins`: what is installed, from whom, and whether it works."""

from typing import TYPE_CHECKING

import click

from rushes_cli.options import json_option
from rushes_cli.terminal import console, json_text, one_line, stderr_line

if TYPE_CHECKING:
    from rushes_cli._plugins.inventory import PluginEntry

_GROUPS = {
    "rushes": "variant",
    "rushes.wrappers": "wrapper",
    "rushes.observers": "observer",
    "rushes.commands": "command",
}


@click.command()
@json_option
def plugins(as_json: bool) -> None:
    """List the installed plugins, with the reason if one is broken or untrusted.

    Loads each of them. A broken one breaks nothing else, so this exits with 0. Requests can be
    checked against an untrusted one, but it does not get its provider's key.
    """
    from rushes_cli._plugins.inventory import list_plugins

    found = list_plugins()
    if as_json:
        click.echo(json_text([_plugin_dict(plugin) for plugin in found]))
        return
    if found:
        _print_table(found)
    else:
        stderr_line("No plugin is installed; install one, like rushes-toapis from plugins/toapis.")
    for plugin in found:
        if plugin.problem:
            head = {"broken": "Broken", "untrusted": "Not trusted"}[plugin.status]
            stderr_line(plugin.problem, bold=f"{head}: {plugin.name}: ", colour="red")


def _plugin_dict(plugin: "PluginEntry") -> dict[str, str | None]:
    return {
        "group": plugin.group,
        "name": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "status": plugin.status,
        "problem": plugin.problem,
    }


def _print_table(found: "list[PluginEntry]") -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    for column in ("kind", "name", "from", "status"):
        table.add_column(column, overflow="fold")
    for plugin in found:
        name = plugin.name.replace(".", "/", 1) if plugin.group == "rushes" else plugin.name
        table.add_row(
            _GROUPS[plugin.group] if plugin.group else "distribution",
            one_line(name),
            one_line(f"{plugin.distribution} {plugin.version or ''}"),
            Text(plugin.status, style="bold red" if plugin.problem else "green"),
        )
    console().print(table)
