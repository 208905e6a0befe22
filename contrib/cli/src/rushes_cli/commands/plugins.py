"""`rushes plugins`: what is installed, from whom, and whether it works."""

from typing import TYPE_CHECKING

import click

from rushes_cli.options import json_option
from rushes_cli.terminal import console, json_text, one_line, say

if TYPE_CHECKING:
    from rushes_cli.inventory import Plugin

_GROUPS = {
    "rushes": "variant",
    "rushes.wrappers": "wrapper",
    "rushes.observers": "observer",
    "rushes.commands": "command",
}


@click.command()
@json_option
def plugins(as_json: bool) -> None:
    """List the installed plugins, the broken and the untrusted ones with the reason.

    Loads each of them. A broken one breaks nothing else, so this exits with 0. One that is not
    trusted can be checked against, and is not given its provider's key.
    """
    from rushes_cli.inventory import inventory

    found = inventory()
    if as_json:
        click.echo(json_text([_object(plugin) for plugin in found]))
        return
    if found:
        _print_table(found)
    else:
        say("No plugin is installed; install one, like the rushes-toapis of plugins/toapis.")
    for plugin in found:
        if plugin.problem:
            head = {"broken": "Broken", "untrusted": "Not trusted"}[plugin.status]
            say(plugin.problem, bold=f"{head}: {plugin.name}: ", colour="red")


def _object(plugin: "Plugin") -> dict[str, str | None]:
    return {
        "group": plugin.group,
        "name": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "status": plugin.status,
        "problem": plugin.problem,
    }


def _print_table(found: "list[Plugin]") -> None:
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
