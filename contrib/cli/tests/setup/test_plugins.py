"""Third-party plugins: listed, isolated, never in the way."""

import json
import os
from pathlib import Path

import pytest
from cli_runs import distribution, inside, outside
from rushes.plugins import Installed, Registry

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
    """Install working and broken plugins into a folder on the path."""
    folder = tmp_path / "site"
    distribution(
        folder,
        "acme-tools",
        "[rushes.commands]\n"
        "hello = acme_tools:hello\nbroken = acme_broken:nothing\nodd = acme_odd:odd\n"
        "check = acme_tools:hello\nrivals = acme_tools:hello\n"
        "[rushes]\nacme.zoom = acme_broken:plugin\nnodot = acme_tools:hello\n"
        "acme.dolly = acme_dolly:plugin\n"
        "[rushes.wrappers]\ncap = acme_odd:odd\nshy = acme_dolly:shy\n"
        "[rushes.observers]\nears = acme_odd:odd\n",
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


def test_help_lists_plugin_commands_without_importing_them(installed: Path) -> None:
    (metadata,) = installed.glob("acme_tools*/METADATA")
    metadata.write_text(metadata.read_text() + "Summary: \x1b[31mGreets\n")
    run = outside("--help")
    assert run.code == 0
    assert run.err == ""
    lines = [" ".join(line.split()) for line in run.out.splitlines()]
    assert "broken, hello, odd acme-tools: \\x1b[31mGreets" in lines
    assert "rivals acme-tools, rival-tools" in lines
    assert run.out.count(" check ") == 2  # ours, and the one in the examples


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("broken", "its import raised RuntimeError: half \\x1b[31minstalled"),
        ("odd", "is not a click command"),
        ("rivals", "is claimed by"),
    ],
)
def test_a_broken_command_is_reported_in_a_sentence(name: str, words: str) -> None:
    run = outside(name)
    assert run.code == 3
    assert words in run.err
    assert "Traceback" not in run.err


@pytest.mark.usefixtures("installed")
def test_a_bug_in_a_command_is_logged(home: Path) -> None:
    run = outside("hello", "--fail")
    assert run.code == 1
    assert "ValueError: oh no" in run.err
    assert "Traceback" not in run.err
    assert "Traceback" in next((home / "logs").iterdir()).read_text()


@pytest.mark.usefixtures("installed")
def test_every_entry_point_is_listed_with_its_status() -> None:
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
    whole = "cap (acme_odd:odd, from acme-tools): it has no hook; a wrapper is"
    assert whole in problems["rushes.wrappers", "cap"]
    assert "acme-tools): it cannot be called" in problems["rushes.observers", "ears"]
    assert "is not a variant's name" in problems["rushes", "nodot"]
    assert "rushes has a built-in command" in problems["rushes.commands", "check"]
    assert "claimed by" in problems["rushes.commands", "rivals"]
    assert "RuntimeError" in problems["rushes.commands", "broken"]
    listed = outside("plugins")
    assert listed.code == 0
    assert "acme/zoom" in listed.out
    assert "Broken: acme.zoom: " in listed.err
    assert "\x1b" not in listed.err + listed.out


@pytest.mark.usefixtures("installed")
def test_a_broken_variant_is_named_below_the_matrix() -> None:
    run = outside("variants")
    assert run.code == 0
    assert "kling-v3" in run.out
    assert "Left out: acme.zoom" in run.err
    assert outside("variants", "acme/zoom").code == 3


def test_no_plugins_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Registry, "installed", Installed({}, []))
    assert "install one" in inside("plugins").err
    run = inside("variants")
    assert run.code == 3
    assert "install a plugin" in run.err
    assert inside("check", "x").code == 3


@pytest.fixture
def malformed(installed: Path) -> Path:
    """Install a distribution whose entry points cannot be read beside the others."""
    distribution(installed, "Half-Installed", "[rushes.commands]\nnothing\n")
    return installed


@pytest.mark.usefixtures("malformed")
def test_an_unreadable_distribution_is_named_and_harmless() -> None:
    words = "half-installed: its entry_points.txt cannot be read ("
    run = outside("plugins", "--json")
    assert run.code == 0, run
    (found,) = (item for item in json.loads(run.out) if item["group"] is None)
    assert (found["name"], found["distribution"]) == ("half-installed", "half-installed")
    assert (found["status"], found["version"]) == ("broken", None)
    assert found["problem"].startswith(words)
    listed = outside("plugins")
    assert listed.code == 0, listed
    assert f"Broken: half-installed: {words}" in listed.err
    assert any(
        line.split()[:2] == ["distribution", "half-installed"] for line in listed.out.split("\n")
    )
    for arguments, code in (
        (("hello",), 0),
        (("--help",), 0),
        (("variants",), 0),
        (("check", "A red kite", "-m", "toapis/kling-v3"), 0),
        (("tasks",), 0),
        (("keys", "list"), 0),
        (("check", "A red kite", "-m", "toapis/kling-v9"), 3),
        (("nothing",), 2),
    ):
        run = outside(*arguments)
        assert run.code == code, run
        assert (words in run.err) == (code > 0), run
        assert "bug in rushes" not in run.err


LEAVING = """
import sys
from acme_dolly import *

@hookimpl
def variant():
    raise SystemExit(0)

plugin = sys.modules[__name__]
"""


def test_a_plugin_that_ends_the_program_is_broken(installed: Path) -> None:
    distribution(
        installed, "acme-leaves", "[rushes]\nleaves.dolly = acme_leaves:plugin\n",
        acme_leaves=LEAVING,
    )  # fmt: skip
    words = "its declaration raised SystemExit"
    run = outside("check", "A red kite", "-m", "leaves/dolly")
    assert (run.code, words in run.err) == (3, True), run
    listed = {item["name"]: item for item in json.loads(outside("plugins", "--json").out)}
    assert words in listed["leaves.dolly"]["problem"]
    assert listed["toapis.kling-v3"]["status"] == "ok"


STRANGER = RAISING.replace('id="acme/dolly"', 'id="toapis/dolly"').replace(
    'return answer.json()["clip"]["stage"]', "return None"
).replace("@hookimpl\ndef parse_status", """@hookimpl
def parse_submit(answer):
    return None

@hookimpl
def parse_status""")  # fmt: skip


def test_a_second_distribution_under_a_providers_name_is_listed_as_untrusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "site"
    distribution(
        folder, "toapis-extras", "[rushes]\ntoapis.dolly = toapis_extras:plugin\n",
        toapis_extras=STRANGER,
    )  # fmt: skip
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *_paths()]))
    monkeypatch.setenv("TOAPIS_API_KEY", "sk-0123456789-secret")
    monkeypatch.setenv("TOAPIS_BASE_URL", "http://127.0.0.1:9")
    listed = {item["name"]: item for item in json.loads(outside("plugins", "--json").out)}
    stranger = listed["toapis.dolly"]
    assert stranger["status"] == "untrusted", stranger
    assert "The key for toapis is given only to rushes-toapis" in stranger["problem"]
    assert listed["toapis.kling-v3"]["status"] == "ok"
    assert "Not trusted: toapis.dolly: " in outside("plugins").err
    assert outside("check", "A red kite", "-m", "toapis/dolly").code == 0
    run = outside("generate", "A red kite", "-m", "toapis/dolly")
    assert (run.code, 'RUSHES_TRUST="toapis=toapis-extras"' in run.err) == (3, True), run
    monkeypatch.setenv("RUSHES_TRUST", "toapis=toapis-extras")
    assert outside("generate", "A red kite", "-m", "toapis/dolly").code == 4
    listed = {item["name"]: item for item in json.loads(outside("plugins", "--json").out)}
    assert listed["toapis.dolly"]["status"] == "ok"


def test_what_is_left_out_is_not_called_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUSHES_LOAD_PLUGINS", "")
    run = inside("plugins")
    assert (run.code, run.err[:33]) == (0, "Left out by RUSHES_LOAD_PLUGINS: "), run
