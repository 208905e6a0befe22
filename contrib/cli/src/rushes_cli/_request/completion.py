"""What the shell completes: variants, providers, tasks, resolutions, files."""

from collections.abc import Iterable

import click
from click.shell_completion import CompletionItem


def complete_variants(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete a variant's id. Imports no plugin."""
    return _items(installed_variants(), incomplete)


def complete_providers(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete a provider's name. Imports no plugin."""
    return _items(installed_providers(), incomplete)


def complete_tasks(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete a task's reference. Imports no plugin."""
    from rushes import RushesError

    from rushes_cli._runtime import clients

    try:
        with clients.make_client() as client:
            found = client.tasks()
    except RushesError:
        return []
    return [
        CompletionItem(task.id, help=f"{task.variant} {task.state}")
        for task in found
        if task.id.startswith(incomplete)
    ]


def complete_resolutions(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete a resolution that the variants given with `-m` accept, or any installed one.

    Imports the plugins of those variants; a broken one completes nothing.
    """
    from rushes import ConfigurationError, capabilities
    from rushes.plugins import Registry

    registry = Registry()
    given = ctx.params.get("model") or ctx.params.get("models") or ()
    names = [given] if isinstance(given, str) else given
    accepted: dict[str, None] = {}
    for name in names or registry.ids():
        try:
            capability = capabilities(registry.get(name).variant)["resolution"]
        except ConfigurationError:
            continue
        accepted.update(dict.fromkeys(map(str, capability.accepted or ())))
    return _items(accepted, incomplete)


def complete_files(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Let the shell complete a file."""
    return [CompletionItem(incomplete, type="file")]


def installed_variants() -> list[str]:
    """List the ids of the installed variants. Imports no plugin."""
    from rushes.plugins import Registry

    return Registry().ids()


def installed_providers() -> list[str]:
    """List the providers of the installed variants. Imports no plugin."""
    return list(dict.fromkeys(variant.partition("/")[0] for variant in installed_variants()))


def _items(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
