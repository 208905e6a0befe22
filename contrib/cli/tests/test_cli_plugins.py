"""Plugins of others: listed, guarded, never in the way."""

import json
import os
from pathlib import Path

import pytest
from cli_runs import distribution, inside, outside

SOUND = """
import click

@click.command()
@click.option("--fail", is_flag=True)
def hello(fail):
    "Say hello."
    if fail:
        raise ValueError("oh no")
    click.echo("hello")
    return 3
"""


RAISING = """
import sys
from typing import Literal
import msgspec
from rushes import SPEC, Source, To, Variant, hookimpl

class Payload(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    model: Literal["dolly"]
    prompt: str

@hookimpl
def variant():
    return Variant(spec=SPEC, id="acme/dolly", model="dolly", payload=Payload,
                   page=Source("Acme", "https://docs.acme.example"), submit_path="/v1/clips",
                   status_path="/v1/clips/{id}", fields={"prompt": To("prompt")})

@hookimpl
def parse_status(answer):
    return answer.json()["clip"]["stage"]

plugin = sys.modules[__name__]

class Shy:
    @hookimpl(wrapper=True)
    def validate(self, variant, payload, secret):
        return (yield)

shy = Shy()
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install sound and broken plugins into a folder of the path."""
    folder = tmp_path / "site"
    distribution(
        folder,
        "acme-tools",
        "[rushes.commands]\n"
        "hello = acme_tools:hello\nbroken = acme_broken:nothing\nodd = acme_odd:odd\n"
        "check = acme_tools:hello\nrivals = acme_tools:hello\n"
        "[rushes]\nacme.zoom = acme_broken:plugin\nnodot = acme_tools:hello\n"
        "acme.dolly = acme_dolly:plugin\n"
        "[rushes.wrappers]\ncap = acme_odd:odd\nshy = acme_dolly:shy\n",
        acme_tools=SOUND,
        acme_broken="raise RuntimeError('half \\x1b[31minstalled')",
        acme_odd="odd = 5",
        acme_dolly=RAISING,
    )
    distribution(folder, "rival-tools", "[rushes.commands]\nrivals = acme_tools:hello\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *_paths()]))
    return folder


def _paths() -> list[str]:
    return [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]


@pytest.mark.usefixtures("installed")
def test_a_command_of_another_distribution_runs() -> None:
    run = outside("hello")
    assert (run.code, run.out) == (0, "hello\n")
    assert "Say hello." in outside("hello", "--help").out


@pytest.mark.usefixtures("installed")
def test_the_help_lists_them_without_importing_them() -> None:
    run = outside("--help")
    assert run.code == 0
    assert run.err == ""
    for name in ("hello", "broken", "odd"):
        assert f"\n  {name} " in run.out
    assert "(from acme-tools, rival-tools)" in run.out
    assert run.out.count(" check ") == 2  # ours, and the one in the examples


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("broken", "its import raised RuntimeError: half \\x1b[31minstalled"),
        ("odd", "is no click command"),
        ("rivals", "is claimed by"),
    ],
)
def test_a_broken_command_is_a_sentence(name: str, words: str) -> None:
    run = outside(name)
    assert run.code == 3
    assert words in run.err
    assert "Traceback" not in run.err


@pytest.mark.usefixtures("installed")
def test_a_bug_in_a_command_is_written_down(home: Path) -> None:
    run = outside("hello", "--fail")
    assert run.code == 1
    assert "ValueError: oh no" in run.err
    assert "Traceback" not in run.err
    assert "Traceback" in next((home / "logs").iterdir()).read_text()


@pytest.mark.usefixtures("installed")
def test_every_entry_point_is_listed_with_its_state() -> None:
    run = outside("plugins", "--json")
    assert run.code == 0, run
    found = {(item["group"], item["name"]): item for item in json.loads(run.out)}
    assert found["rushes", "toapis.kling-v3"]["status"] == "ok"
    assert found["rushes", "toapis.kling-v3"]["distribution"] == "rushes-toapis"
    assert found["rushes.commands", "hello"]["version"] == "1.0"
    assert found["rushes.commands", "hello"]["status"] == "ok"
    problems = {name: item["problem"] for name, item in found.items() if item["problem"]}
    assert "RuntimeError" in problems["rushes", "acme.zoom"]
    assert "the hook parse_status raised KeyError: 'clip'" in problems["rushes", "acme.dolly"]
    assert "secret" in problems["rushes.wrappers", "shy"]
    assert "no name for a variant" in problems["rushes", "nodot"]
    assert "rushes has a command" in problems["rushes.commands", "check"]
    assert "claimed by" in problems["rushes.commands", "rivals"]
    assert "RuntimeError" in problems["rushes.commands", "broken"]
    told = outside("plugins")
    assert told.code == 0
    assert "acme/zoom" in told.out
    assert "Broken: acme.zoom: " in told.err
    assert "\x1b" not in told.err + told.out


@pytest.mark.usefixtures("installed")
def test_a_broken_variant_is_named_below_the_matrix() -> None:
    run = outside("variants")
    assert run.code == 0
    assert "kling-v3" in run.out
    assert "Left out: acme.zoom" in run.err
    assert outside("variants", "acme/zoom").code == 3


def test_nothing_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rushes_cli.inventory.entry_points", lambda group: [])
    assert "pip install" in inside("plugins").err
    monkeypatch.setattr("rushes.registry.entry_points", lambda group: [])
    run = inside("variants")
    assert run.code == 3
    assert "pip install" in run.err
    assert inside("check", "x").code == 3
