"""The README: its commands work."""

import re
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


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
