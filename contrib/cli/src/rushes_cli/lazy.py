"""The group of commands: ours by name, others by entry point, each imported when it is called."""

import difflib
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from rushes_cli.endings import run_to_end
from rushes_cli.exits import ReaderLeft

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

OURS = {
    "generate": "Make a video: check, pay once, wait, fetch.",
    "check": "Check a request; nothing is sent, no key is needed.",
    "schema": "A variant's native payload as JSON Schema.",
    "variants": "What each variant can do, side by side or one in full.",
    "tasks": "List the tasks in the journal.",
    "show": "Show one task: what was sent, what became of it.",
    "resume": "Take tasks up where they were left.",
    "cancel": "Ask the provider to cancel a task.",
    "resolve": "Say what became of a submit whose outcome is unknown.",
    "purge": "Forget old tasks: prompts and links are private.",
    "keys": "Store, list and remove API keys.",
    "plugins": "List the installed plugins, the broken ones with the reason.",
    "help": "Help on a command, or on exit-codes, environment, completion.",
}


def found_commands() -> "dict[str, list[EntryPoint]]":
    """Return the commands that others bring, by name; more than one of a name is a conflict."""
    from rushes.plugins import COMMANDS, installed

    found: dict[str, list[EntryPoint]] = {}
    for entry in sorted(installed().group(COMMANDS), key=lambda entry: entry.name):
        found.setdefault(entry.name, []).append(entry)
    return found


class Commands(click.Group):
    """A group that imports no command before it is called, and ends every run in its own words."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run, and exit with the code that the outcome has."""
        run = partial(
            super().main,
            args=args,
            prog_name=prog_name or "rushes",
            complete_var=complete_var,
            standalone_mode=False,
            windows_expand_args=windows_expand_args,
            **extra,
        )
        code = run_to_end(run)
        if standalone_mode:
            raise SystemExit(code)
        return code

    def invoke(self, ctx: click.Context) -> None:
        """Run the command; what it returns is no exit code, only `ctx.exit` gives one."""
        try:
            super().invoke(ctx)
        except BrokenPipeError:  # click has an exit code of its own for it, which means a bug here
            raise ReaderLeft from None

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return every command's name; nothing is imported."""
        return [*OURS, *(name for name in found_commands() if name not in OURS)]

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002
        cmd_name: str,
    ) -> click.Command | None:
        """Import one command."""
        if cmd_name in OURS:
            module = import_module(f"rushes_cli.commands.{cmd_name}")
            command = getattr(module, cmd_name if cmd_name != "help" else "help_command")
            return command if isinstance(command, click.Command) else None
        entries = found_commands().get(cmd_name)
        return load_command(entries) if entries else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that was called; a slip of the pen gets the nearest names."""
        name = args[0]
        command = self.get_command(ctx, name)
        if command is not None:
            return name, command, args[1:]
        if name.startswith("-") and not ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        from rushes.plugins import installed

        near = difflib.get_close_matches(name, self.list_commands(ctx), n=2)
        nearest = f" Nearest: {', '.join(near)}." if near else ""
        # It may be in what could not be read.
        broken = "".join(f"\n{found}" for found in installed().unreadable)
        raise click.UsageError(f"No such command {name!r}.{nearest}{broken}", ctx)

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002
        formatter: click.HelpFormatter,
    ) -> None:
        """List the commands; those of others are named by who brings them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(OURS.items()))
        from rushes.plugins import distribution

        others = {
            name: ", ".join(map(distribution, entries))
            for name, entries in found_commands().items()
            if name not in OURS
        }
        if others:
            with formatter.section("From other distributions"):
                formatter.write_dl([(name, f"(from {who})") for name, who in others.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete a command's name without importing any."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        return [CompletionItem(name, help=OURS.get(name)) for name in names]


def load_command(entries: "list[EntryPoint]") -> click.Command:
    """Import a command that others bring; a broken one is a sentence."""
    from rushes import BrokenPluginError
    from rushes.plugins import described, import_in_time

    if len(entries) > 1:
        claims = " and ".join(described(entry) for entry in entries)
        raise BrokenPluginError(f"the command is claimed by {claims}; uninstall one of them")
    command = import_in_time(entries[0])
    if not isinstance(command, click.Command):
        raise BrokenPluginError(f"{described(entries[0])}: it is no click command")
    return command
