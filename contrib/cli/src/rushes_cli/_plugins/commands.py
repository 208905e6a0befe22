"""All commands: those built in, and those from entry points of other distributions."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

BUILT_IN = {
    "generate": "Make a video: check, pay once, wait, fetch.",
    "check": "Check a request; nothing is sent, no key is needed.",
    "schema": "Print a variant's native payload as JSON Schema.",
    "variants": "Show what each variant can do, side by side or one in full.",
    "tasks": "List the tasks in the journal.",
    "show": "Show one task: what was sent, and what happened to it.",
    "resume": "Resume tasks where they were left.",
    "cancel": "Ask the provider to cancel a task.",
    "resolve": "Settle a submit whose outcome is unknown.",
    "purge": "Forget old tasks: prompts and links are private.",
    "keys": "Store, list and remove API keys.",
    "smoke": "Make a provider's cheapest video, and record what it answers.",
    "new-plugin": "Write a plugin for a provider, to be changed step by step.",
    "try": "Run a command with a plugin's file that is not installed.",
    "plugins": "List the installed plugins, with the reason if one is broken.",
    "help": "Help on a command, or on exit-codes, environment, completion.",
}
FUNCTIONS = {"help": "help_command", "try": "try_file"}
"""The functions, and modules, of commands whose names mean something else in Python."""


def plugin_commands() -> "dict[str, list[EntryPoint]]":
    """Return the entry points of commands by name; two under one name are a conflict."""
    from rushes.plugins import COMMANDS, installed

    found: dict[str, list[EntryPoint]] = {}
    for entry in sorted(installed().group(COMMANDS), key=lambda entry: entry.name):
        found.setdefault(entry.name, []).append(entry)
    return found


def load_plugin_command(entries: "list[EntryPoint]") -> click.Command:
    """Import a command from its entry point; raises BrokenPluginError."""
    from rushes import BrokenPluginError
    from rushes.plugins import describe_entry, import_in_time

    if len(entries) > 1:
        claims = " and ".join(describe_entry(entry) for entry in entries)
        raise BrokenPluginError(f"the command is claimed by {claims}; uninstall one of them")
    command = import_in_time(entries[0])
    if not isinstance(command, click.Command):
        raise BrokenPluginError(f"{describe_entry(entries[0])}: it is not a click command")
    return command
