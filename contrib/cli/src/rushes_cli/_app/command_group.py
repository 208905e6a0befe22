"""The group of all commands, each imported when it is called."""

import difflib
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from importlib.metadata import EntryPoint
from typing import Any

import click
from click.shell_completion import CompletionItem

from rushes_cli._app.run import run_to_exit_code
from rushes_cli._plugins.commands import BUILT_IN, FUNCTIONS, load_plugin_command, plugin_commands
from rushes_cli.exit_codes import OutputClosed


class CommandGroup(click.Group):
    """A group that imports a command when it is called, and reports every error itself."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command, and exit with the code for its outcome."""
        run = partial(
            super().main,
            args=args,
            prog_name=prog_name or "rushes",
            complete_var=complete_var,
            standalone_mode=False,
            windows_expand_args=windows_expand_args,
            **extra,
        )
        code = run_to_exit_code(run)
        if standalone_mode:
            raise SystemExit(code)
        return code

    def invoke(self, ctx: click.Context) -> None:
        """Run the command; its exit code is set by `ctx.exit`, not by what it returns."""
        try:
            super().invoke(ctx)
        except BrokenPipeError:  # click would exit with 1, which means a bug here
            raise OutputClosed from None

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the name of every command. Imports none."""
        return [*BUILT_IN, *(name for name in plugin_commands() if name not in BUILT_IN)]

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002
        cmd_name: str,
    ) -> click.Command | None:
        """Import one command."""
        if cmd_name in BUILT_IN:
            name = FUNCTIONS.get(cmd_name, cmd_name.replace("-", "_"))
            module = import_module(f"rushes_cli._commands.{name}")
            command = getattr(module, name)
            return command if isinstance(command, click.Command) else None
        entries = plugin_commands().get(cmd_name)
        return load_plugin_command(entries) if entries else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that was called; for an unknown one, name the nearest."""
        name = args[0]
        command = self.get_command(ctx, name)
        if command is not None:
            return name, command, args[1:]
        if name.startswith("-") and not ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        from rushes.plugins import COMMANDS, LIMIT, distribution, installed

        near = difflib.get_close_matches(name, self.list_commands(ctx), n=2)
        nearest = f" Nearest: {', '.join(near)}." if near else ""
        # Perhaps a distribution that cannot be read has it.
        there = installed()
        broken = "".join(f"\n{found}" for found in there.unreadable)
        left_out = "".join(
            f"\n{distribution(entry)} has it, but is not to be loaded ({LIMIT})."
            for entry in there.left_out
            if (entry.group, entry.name) == (COMMANDS, name)
        )
        raise click.UsageError(f"No such command {name!r}.{nearest}{left_out}{broken}", ctx)

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002
        formatter: click.HelpFormatter,
    ) -> None:
        """List the commands; those from entry points with what their distribution says it is."""
        with formatter.section("Commands"):
            formatter.write_dl(list(BUILT_IN.items()))
        others: dict[str, list[str]] = {}
        for name, entries in plugin_commands().items():
            if name not in BUILT_IN:
                others.setdefault(_brought_by(entries), []).append(name)
        if others:
            with formatter.section("From other distributions"):
                formatter.write_dl([(", ".join(names), who) for who, names in others.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete a command's name. Imports none."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        return [CompletionItem(name, help=BUILT_IN.get(name)) for name in names]


def _brought_by(entries: Sequence[EntryPoint]) -> str:
    """Name the distributions that bring a command; of a single one, also say what it is."""
    from rushes.plugins import distribution

    from rushes_cli.terminal import escape_controls

    names = ", ".join(map(distribution, entries))
    dist = entries[0].dist
    try:
        summary = dist.metadata["Summary"] if dist and len(entries) == 1 else None
    except Exception:  # noqa: BLE001 - metadata may be missing, or no text
        summary = None
    return f"{names}: {escape_controls(summary)}" if summary else names
