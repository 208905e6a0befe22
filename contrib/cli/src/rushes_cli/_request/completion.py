"""What the shell completes: variants, providers, tasks, values of fields, files."""

import os
from collections.abc import Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

_NEWEST = 500
"""Tasks that are completed by any beginning; the journal may have very many."""


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


def complete_plugins(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete what `rushes plugins` lists, or a provider. Imports no plugin."""
    from rushes.plugins import COMMANDS, OBSERVERS, VARIANTS, WRAPPERS, distribution, installed

    found = installed()
    others = [entry for group in (WRAPPERS, OBSERVERS, COMMANDS) for entry in found.group(group)]
    names = {distribution(entry) for entry in (*found.group(VARIANTS), *others)}
    names |= {entry.name for entry in others}
    return _items([*installed_providers(), *sorted(names), *installed_variants()], incomplete)


def complete_tasks(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete a task's reference: of the newest tasks, or of the only one that begins like this.

    Imports no plugin.
    """
    from rushes import RushesError

    from rushes_cli._runtime import clients

    try:
        with clients.make_client() as client:
            newest = client.tasks(limit=_NEWEST)
            found = [task for task in newest if task.id.startswith(incomplete)]
            if not found and len(newest) == _NEWEST:
                found = [client.task(incomplete)]
    except RushesError:
        return []
    return [CompletionItem(task.id, help=f"{task.variant} {task.state}") for task in found]


def complete_accepted(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete a field's value that the variants given with `-m` accept, or any installed one.

    Imports the plugins of those variants; a broken one completes nothing.
    """
    from rushes import ConfigurationError, capabilities

    from rushes_cli._runtime import clients

    registry = clients.make_registry()
    given = ctx.params.get("model") or ctx.params.get("models") or ()
    names = [given] if isinstance(given, str) else given
    accepted: dict[str, None] = {}
    for name in names or registry.ids():
        try:
            capability = capabilities(registry.get(name).variant)[param.name or ""]
        except ConfigurationError:
            continue
        accepted.update(dict.fromkeys(map(str, capability.accepted or ())))
    return _items(accepted, incomplete)


def complete_files(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Let the shell complete a file."""
    return [CompletionItem(incomplete, type="file")]


def complete_subject_images(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the name of a subject given before, or, after the sign, a file.

    Shells complete only whole words as files, so these are listed here; bash is the exception.
    """
    name, sign, typed = incomplete.partition("=")
    if not sign:
        subjects = [text.partition("=")[0] for text in ctx.params.get("subjects") or ()]
        return _items([f"{subject}=" for subject in subjects], incomplete)
    folder, _, _ = typed.rpartition("/")
    before = typed[: len(folder) + 1] if "/" in typed else ""
    try:
        with os.scandir(Path(before or ".").expanduser()) as entries:
            found = sorted(entry.name + "/" * entry.is_dir() for entry in entries)
    except (OSError, ValueError, RuntimeError):  # no such folder, no path, no such user
        return []
    items = _items([f"{name}={before}{file}" for file in found], incomplete)
    return [CompletionItem(item.value, is_file=True) for item in items]


def installed_variants() -> list[str]:
    """List the ids of the installed variants. Imports no plugin."""
    from rushes_cli._runtime import clients

    return clients.make_registry().ids()


def installed_providers() -> list[str]:
    """List the providers of the installed variants. Imports no plugin."""
    return list(dict.fromkeys(variant.partition("/")[0] for variant in installed_variants()))


def _items(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
