"""What the shell completes: variants, tasks and providers. No plugin is imported for it."""

import click
from click.shell_completion import CompletionItem


def variants(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Complete a variant's id."""
    return [CompletionItem(name) for name in installed() if name.startswith(begun)]


def providers(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Complete a provider's name."""
    names = dict.fromkeys(variant.partition("/")[0] for variant in installed())
    return [CompletionItem(name) for name in names if name.startswith(begun)]


def tasks(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Complete a task's reference."""
    from rushes import RushesError

    from rushes_cli import clients

    try:
        with clients.make_client() as client:
            found = client.tasks()
    except RushesError:
        return []
    return [
        CompletionItem(task.id, help=f"{task.variant} {task.state}")
        for task in found
        if task.id.startswith(begun)
    ]


def installed() -> list[str]:
    """List the installed variants' ids; nothing is imported."""
    from rushes.plugins import Registry

    return Registry().ids()
