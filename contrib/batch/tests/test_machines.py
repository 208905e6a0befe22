"""From one laptop to three machines, step by step as docs/how-to/many-videos.md has it."""

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from postgres_cluster import Cluster
from ruamel.yaml import YAML
from rushes_batch._health import Health
from rushes_cli.main import group
from rushes_cli.strict_json import read_json
from rushes_sandbox import Sandbox

PAGE = Path(__file__).parents[3] / "docs" / "how-to"
MAIN = [sys.executable, "-c", "from rushes_cli.main import main; main()"]
VARIANT = "apimart/kling-v3"


def rushes(home: Path, sandbox: Sandbox, *words: str) -> Result:
    """Run a command to its end."""
    environment = {**sandbox.environment, "RUSHES_HOME": str(home)}
    return CliRunner().invoke(group(), words, env=environment)


@contextmanager
def machine(url: str, sandbox: Sandbox, home: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a worker with a home of its own, as the page starts it."""
    words = ["worker", "--database", url, "--limit", "apimart=20,50/s", "--health", "0"]
    environment = {**os.environ, **sandbox.environment, "RUSHES_HOME": str(home)}
    process = subprocess.Popen([*MAIN, *words], env=environment, stderr=subprocess.PIPE)
    try:
        assert process.stderr
        while b"healthy" not in process.stderr.readline():
            assert process.poll() is None
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_batch_grows_from_a_laptop_to_several_machines(
    postgres: Cluster, rushes_sandbox_folder: Path, tmp_path: Path, whole: bool
) -> None:
    """One worker; in `nox -s whole` three, of which one is stopped in the middle."""
    url, films, laptop = postgres.empty(), tmp_path / "films", tmp_path / "laptop"
    file = tmp_path / "kites.jsonl"

    def write(*names: str) -> None:
        kites = ({"id": name, "prompt": f"A {name} kite", "duration": 3} for name in names)
        file.write_text("".join(f"{json.dumps(kite)}\n" for kite in kites))

    batch = [str(file), "-m", VARIANT]
    there = [*batch, "--database", url]
    with Sandbox(
        queue_seconds=0.05, render_seconds=0.5, poll_after=None, folder=rushes_sandbox_folder
    ) as sandbox:
        write("red")
        bought = rushes(laptop, sandbox, "batch", "run", *batch, "-o", str(films), "--yes")
        assert bought.exit_code == 0, bought.stderr

        write("red", "blue")
        refused = rushes(laptop, sandbox, "batch", "run", *there, "-o", str(films), "--yes")
        assert refused.exit_code == 4
        assert "1 line was bought without the database, the first is line 1" in refused.stderr

        colours = [f"blue{number}" for number in range(12 if whole else 4)]
        write(*colours)
        asked = ["-o", str(films), "--yes", "--max-cost", "100"]
        handed = rushes(laptop, sandbox, "batch", "run", *there, *asked)
        assert handed.exit_code == 0, handed.stderr
        with ExitStack() as stack:
            count = 3 if whole else 1
            machines = [
                stack.enter_context(machine(url, sandbox, tmp_path / f"machine-{number}"))
                for number in range(count)
            ]
            if whole:
                machines[0].send_signal(signal.SIGTERM)
                assert machines[0].wait(120) == 0
            followed = rushes(laptop, sandbox, "batch", "status", *there, "--follow")
            assert f"{len(colours)} of {len(colours)} done" in followed.stdout, followed.stderr
            shown = rushes(laptop, sandbox, "worker", "--database", url, "status", "--json")
            assert json.loads(shown.stdout)["workers"] >= max(count - 1, 1)
        table = rushes(laptop, sandbox, "batch", "results", *there, "--json")
        again = rushes(laptop, sandbox, "batch", "run", *there, *asked)
        assert "0 of" in again.stderr
        assert len(sandbox.created) == 1 + len(colours)
    rows = [json.loads(line) for line in table.stdout.splitlines()]
    assert [row["state"] for row in rows] == ["completed"] * len(colours)
    assert {Path(row["file"]).parent for row in rows} == {films}
    assert all(Path(row["file"]).stat().st_size for row in rows)


# compose.yaml


@pytest.fixture(scope="module")
def compose() -> Any:
    return YAML(typ="safe", pure=True).load(PAGE / "compose.yaml")


def parsed(words: list[str]) -> click.Context:
    """Parse a command as the command line would, with the values of its options."""
    assert words[0] == "rushes"
    command = group().get_command(click.Context(group()), words[1])
    assert isinstance(command, click.Group)
    assert command.invoke_without_command
    return command.make_context(words[1], words[2:], resilient_parsing=False)


def test_the_worker_of_the_compose_file_is_started_with_options_that_exist(
    compose: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = compose["services"]["worker"]
    address = worker["environment"]["RUSHES_JOURNAL"]
    monkeypatch.setenv("RUSHES_JOURNAL", address)
    given = parsed(worker["command"]).params
    assert given["database"] == address
    assert given["limits"]["toapis"].slots == 20
    assert given["health"] == ("0.0.0.0", 8080)
    assert f"127.0.0.1:{given['health'][1]}/" in " ".join(worker["healthcheck"]["test"])
    user = compose["services"]["database"]["environment"]["POSTGRES_USER"]
    name = compose["services"]["database"]["environment"]["POSTGRES_DB"]
    assert address.startswith(f"postgresql://{user}:$")
    assert address.endswith(f"-database}}/{name}")


def test_the_image_of_the_compose_file_is_made_of_what_is_there(compose: Any) -> None:
    build = compose["services"]["worker"]["build"]
    root = (PAGE / build["context"]).resolve()
    words = shlex.split(build["dockerfile_inline"].replace("\\\n", ""))
    named = [word for word in words if word.startswith("/rushes/")]
    assert named
    for word in named:
        folder = word.removeprefix("/rushes/").partition("[")[0]
        assert [*root.glob(f"{folder}/pyproject.toml")], word


def test_the_page_shows_the_health_that_a_worker_says() -> None:
    text = (PAGE / "many-videos.md").read_text(encoding="utf-8")
    shown = read_json(text.partition("```json\n")[2].partition("```")[0].encode())
    assert [*shown] == [*Health.__struct_fields__]
