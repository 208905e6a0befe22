"""The README: its commands work, its table is the code's."""

import re
from pathlib import Path

import pytest
from rushes_cli._plugins.commands import BUILT_IN
from rushes_cli.exit_codes import MEANINGS

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_the_exit_codes_are_those_of_the_code() -> None:
    rows = dict(re.findall(r"^\| (\d+) \| (.+) \|$", README, re.MULTILINE))
    assert rows == {str(code): meaning for code, meaning in MEANINGS.items()}


def test_every_command_is_named() -> None:
    assert all(f"`{name}" in README for name in BUILT_IN)


@pytest.mark.parametrize(
    "line",
    [
        line
        for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
        for line in block.replace("\\\n", "").splitlines()
        if "rushes check" in line and "jsonl" not in line
    ],
)
def test_the_examples_are_accepted(line: str) -> None:
    import shlex

    from cli_runs import inside

    given, _, command = line.rpartition(" | ")
    words = shlex.split(command)
    stdin = shlex.split(given)[1] if given else None
    run = inside(*words[1:], stdin=stdin)
    assert run.code == 0, run
