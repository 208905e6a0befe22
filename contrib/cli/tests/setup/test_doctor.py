"""`rushes plugins --doctor`: what is wrong with a plugin, and what to do about it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from acme_plugin import PLUGIN, PROTOCOL, on_the_path
from cli_runs import Run, distribution, inside
from rushes_cli._plugins import doctor, import_time

ROOT = Path(__file__).parents[4]
SICK = """
short = variant("short", payload=Short, cost=lambda body: 0.1)
ended = variant("ended", ends=datetime.date(2026, 1, 31), page=Source("Acme", "see the docs"))
twice = variant("twice", hooks=(look_up,), rules=(even,), client_id_field="prompt",
                answers=acme.answers)
"""
BEFORE = """
class Short(Payload, kw_only=True, forbid_unknown_fields=True):
    seconds: Annotated[int, Meta(ge=2, le=8)] = absent(4)

@hookimpl
def look_up(variant, client_id):
    return None

@rule("Seconds are even.", fields=("seconds",), source=Source("A blog", ""))
def even(payload):
    return payload.seconds % 2 == 0
"""
WRONG = """
from rushes import hookimpl
from acme_sound import variant

@hookimpl
def parse_status(answer, colour):
    return None

signature = variant("signature", hooks=(parse_status,))
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Install a sound plugin and sick ones; an import may take as long as a busy machine likes."""
    folder = tmp_path / "site"
    modules = {"acme_sound": PLUGIN, "acme_stand_in": PROTOCOL, "acme_wrong": WRONG}
    modules["acme_sick"] = f"from acme_sound import *\n{BEFORE}{SICK}"
    distribution(
        folder,
        "rushes-acme",
        "[rushes]\nacme.sound = acme_sound:sound\nacme.short = acme_sick:short\n"
        "acme.ended = acme_sick:ended\nacme.twice = acme_sick:twice\n"
        "acme.signature = acme_wrong:signature\n"
        "[rushes.sandboxes]\nacme = acme_stand_in:protocol\n",
        **modules,
    )
    recordings = tmp_path / "source" / "tests" / "recordings"
    recordings.mkdir(parents=True)
    (recordings / "acme-sound.json").write_text("{}")
    noted = {"url": (tmp_path / "source").as_uri(), "dir_info": {"editable": True}}
    (folder / "rushes_acme-1.0.dist-info" / "direct_url.json").write_text(json.dumps(noted))
    monkeypatch.setattr(doctor, "import_seconds", lambda module, limit: 0.01)
    with on_the_path(folder, "rushes-acme,rushes-sandbox"):
        yield folder


def findings(run: Run) -> list[tuple[str, str]]:
    """Return what is wrong, lacking or known, by the first words of each."""
    found: list[dict[str, str]] = json.loads(run.out)
    for each in found:
        assert (ROOT / each["page"]).is_file()
        assert each["todo"].endswith(".")
    return [(each["kind"], each["what"]) for each in found]


@pytest.mark.usefixtures("installed")
def test_nothing_is_wrong_with_a_sound_plugin() -> None:
    run = inside("plugins", "--doctor", "acme/sound")
    assert run.code == 0, run
    assert run.out == "Nothing is wrong with acme/sound.\n"
    assert findings(inside("plugins", "--doctor", "acme/sound", "--json")) == []


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("name", "wrong", "lacking", "known"),
    [
        (
            "acme/short",
            ["a constraint that no page states, as the sandbox reads the pages: seconds: ",
             "it cannot cancel tasks, but the sandbox's protocol has a call for that"],
            ["its prices have no date", "no recorded answers were found in "],
            [],
        ),
        (
            "acme/ended",
            ["its page is 'see the docs', which is not an address",
             "it cannot cancel tasks"],
            ["it has no prices"],
            ["its provider ended the model on 2026-01-31; "],
        ),
        (
            "acme/twice",
            ["the rule 'even' has no source: Seconds are even.",
             "it has a hook look_up, but declares look_up='none'", "it cannot cancel tasks"],
            ["our client id is sent (prompt), but ", "it has no prices", "no recorded answers"],
            [],
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(
    name: str, wrong: list[str], lacking: list[str], known: list[str]
) -> None:
    run = inside("plugins", "--doctor", name, "--json")
    assert run.code == 3, run
    kinds = {"wrong": wrong, "lacking": lacking, "known": known}
    expected = [(kind, words) for kind, each in kinds.items() for words in each]
    found = findings(run)
    assert len(found) == len(expected), found
    for (kind, what), (expected_kind, words) in zip(found, expected, strict=True):
        assert (kind, what[: len(words)]) == (expected_kind, words)


@pytest.mark.usefixtures("installed")
def test_a_broken_plugin_is_explained() -> None:
    run = inside("plugins", "--doctor", "acme/signature")
    assert run.code == 3, run
    assert "Wrong: acme/signature: " in run.out
    assert "colour" in run.out
    assert "Traceback" not in run.out + run.err


def test_a_wrapper_without_a_hook_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "import_seconds", lambda module, limit: 0.01)
    groups = "[rushes.wrappers]\ncap = acme_cap:cap\n[rushes.observers]\nears = acme_cap:ears\n"
    code = "class Cap:\n    def approve(self): return ['no']\ncap, ears = Cap(), 5"
    distribution(tmp_path, "acme-cap", groups, acme_cap=code)
    with on_the_path(tmp_path, "acme-cap"):
        run = inside("plugins", "--doctor", "acme-cap", "--json")
    assert run.code == 3, run
    cap, ears = findings(run)
    whose = "(acme_cap:{}, from acme-cap): it"
    assert cap[0] == ears[0] == "wrong"
    assert f"cap {whose.format('cap')} has no hook: its approve is not marked" in cap[1]
    assert f"ears {whose.format('ears')} cannot be called" in ears[1]
    assert "until then, nothing is sent" in json.loads(run.out)[0]["todo"]


@pytest.mark.usefixtures("installed")
def test_a_provider_and_a_distribution_are_examined_whole() -> None:
    for name in ("acme", "rushes-acme"):
        found: list[dict[str, Any]] = json.loads(inside("plugins", "--doctor", name, "--json").out)
        about = {each["about"] for each in found}
        assert about == {f"acme/{which}" for which in ("short", "ended", "twice", "signature")}
        kinds = [each["kind"] for each in found]
        assert kinds == sorted(kinds, reverse=True)  # what is wrong comes first


def test_a_slow_import_is_measured_in_a_new_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "acme_slow.py").write_text("import time\ntime.sleep(0.15)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(import_time, "_TRIES", 2)
    (tmp_path / "psycopg.py").write_text("raise ImportError('rushes[postgres] is not installed')")
    assert import_time.import_seconds("acme_slow") >= 0.15
    with pytest.raises(ImportError, match="No module named 'acme_missing'"):
        import_time.import_seconds("acme_missing")
    (tmp_path / "acme_exits.py").write_text("raise SystemExit(0)\n")
    with pytest.raises(ImportError, match="it exits with 0"):
        import_time.import_seconds("acme_exits")


@pytest.mark.usefixtures("installed")
def test_a_slow_import_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "import_seconds", lambda module, limit: 0.31)
    run = inside("plugins", "--doctor", "acme/sound", "--json")
    assert run.code == 3
    ((kind, what),) = findings(run)
    assert (kind, what[:49]) == ("wrong", "importing it takes 310 ms in a new process, more ")


def test_what_is_no_variant_goes_by_the_name_that_is_listed() -> None:
    assert "Nothing is wrong with demo" in inside("plugins", "--doctor", "demo").out
    run = inside("plugins", "--grade", "demo")
    assert run.code == 2
    assert "Only variants have grades" in run.err


@pytest.mark.usefixtures("installed")
def test_unknown_names_and_wrong_usage() -> None:
    run = inside("plugins", "--doctor", "acme/sounds")
    assert run.code == 3
    assert "nearest: acme/sound" in run.err
    for arguments in (["--doctor"], ["--doctor", "--grade", "acme"], ["--tests", "."]):
        assert inside("plugins", *arguments).code == 2


@pytest.mark.usefixtures("installed")
def test_without_a_sandbox_protocol(installed: Path) -> None:
    points = installed / "rushes_acme-1.0.dist-info" / "entry_points.txt"
    points.write_text(points.read_text().partition("[rushes.sandboxes]")[0])
    found = findings(inside("plugins", "--doctor", "acme/short", "--json"))
    assert ("lacking", "no sandbox protocol for acme is installed: faults cannot be tried") in found
    assert not [what for _, what in found if "constraint" in what]


@pytest.mark.usefixtures("installed")
def test_a_protocol_that_cannot_be_imported_is_named(installed: Path) -> None:
    (installed / "acme_stand_in.py").write_text("raise RuntimeError('no page')\n")
    run = inside("plugins", "--doctor", "acme/sound", "--json")
    assert run.code == 3, run
    ((kind, what),) = findings(run)
    assert (kind, what.startswith("it could not be examined: acme (acme_stand_in")) == (
        "wrong",
        True,
    )
    assert what.endswith("its import raised RuntimeError: no page")
