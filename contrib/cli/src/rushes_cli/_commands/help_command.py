"""`rushes help`: commands, and other topics."""

import click

from rushes_cli.exit_codes import MEANINGS

ENVIRONMENT = """\
RUSHES_HOME         the folder for the journal, keys, downloads and logs
RUSHES_JOURNAL      the address of a PostgreSQL database that has the journal instead
RUSHES_WEBHOOK_URL  the address of your endpoint, which providers call when a task changes
TOAPIS_API_KEY      a provider's key; each provider has its own (UNIALL_API_KEY, …)
TOAPIS_BASE_URL     a provider's base URL; UniAll has no default
RUSHES_LOAD_PLUGINS toapis,rushes-budget loads only these distributions and providers
RUSHES_TRUST        toapis=SOME-DISTRIBUTION gives this distribution the key for toapis, too
RUSHES_TRACEBACK=1  shows the traceback of a bug
NO_COLOR=1          no colours

An option overrides the environment, which overrides what `rushes keys set` has stored."""

COMPLETION = """\
bash: put this into ~/.bashrc
  eval "$(_RUSHES_COMPLETE=bash_source rushes)"

zsh: put this into ~/.zshrc
  eval "$(_RUSHES_COMPLETE=zsh_source rushes)"

fish: put this into ~/.config/fish/completions/rushes.fish
  _RUSHES_COMPLETE=fish_source rushes | source

It completes commands, options, variants, what variants accept (durations, aspect ratios,
resolutions), providers, task references and files."""

EXIT_CODES = "\n".join(f"{code:>4}  {meaning}" for code, meaning in MEANINGS.items()) + (
    "\n\nA command that handles several tasks exits with the highest of their codes."
)

TOPICS = {"exit-codes": EXIT_CODES, "environment": ENVIRONMENT, "completion": COMPLETION}


@click.command("help")
@click.argument("topic", nargs=-1, metavar="[COMMAND|TOPIC]")
@click.pass_context
def help_command(ctx: click.Context, topic: tuple[str, ...]) -> None:
    """Help on a command, or on a topic: exit-codes, environment, completion."""
    root = ctx.find_root()
    if not topic:
        click.echo(root.get_help())
    elif len(topic) == 1 and topic[0] in TOPICS:
        click.echo(TOPICS[topic[0]])
    else:
        _help_on(root, topic)


def _help_on(parent: click.Context, names: tuple[str, ...]) -> None:
    command: click.Command | None = parent.command
    for name in names:
        found = command.get_command(parent, name) if isinstance(command, click.Group) else None
        if found is None:
            parent.fail(
                f"There is no help on {' '.join(names)!r}; topics: {', '.join(TOPICS)}, "
                "or the name of a command."
            )
        command = found
        parent = click.Context(found, info_name=name, parent=parent)
    click.echo(parent.get_help())
