"""The command as a shell sees it: help, start-up, pipes, completion, bugs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli_runs import COMMAND, inside
from click.testing import CliRunner
from rushes_cli._app.root import cli
from rushes_cli._plugins.commands import BUILT_IN
from rushes_cli.exit_codes import MEANINGS, exit_code, exit_code_for

HEAVY = ("httpx", "structlog", "rich", "asyncio")


@pytest.mark.parametrize("args", [["--help"], ["check", "x", "-m", "toapis/kling-v3"], ["help"]])
def test_a_quick_start_imports_nothing_heavy(args: list[str]) -> None:
    program = (
        "import sys\nfrom rushes_cli._app.root import cli\n"
        f"cli.main({args!r}, standalone_mode=False)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stderr.decode() == "[]\n"


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_command_has_help(name: str) -> None:
    run = inside(name, "--help")
    assert run.code == 0
    assert "Usage:" in run.out
    assert inside("help", name).out.splitlines()[1:] == run.out.splitlines()[1:]


def test_help_topics_and_misspelt_commands() -> None:
    shown = inside("help", "exit-codes").out
    assert all(meaning in shown for meaning in MEANINGS.values())
    assert "RUSHES_HOME" in inside("help", "environment").out
    assert "_RUSHES_COMPLETE" in inside("help", "completion").out
    assert "Store" in inside("help", "keys", "set").out
    assert inside("help", "nope").code == 2
    run = inside("chec")
    assert run.code == 2
    assert "Nearest: check" in run.err
    assert "goes before the command" in inside("tasks", "--home", "x").err
    assert inside().code == 2
    assert inside("--version").out == "rushes 0.1.0\n"


def test_a_closed_pipe_is_not_an_error() -> None:
    line = b'{"model":"kling-v3","prompt":"x"}\n' * 3000
    process = subprocess.Popen(
        [*COMMAND, "check", "-m", "toapis/kling-v3", "--jsonl", "--native", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    _, shown = process.communicate(line, timeout=120)
    assert shown == b""
    assert process.returncode == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_behind_standard_output_is_reported() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*COMMAND, "help"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 3
    assert b"standard output cannot be written: No space left" in done.stderr


def test_closed_streams_are_not_an_error() -> None:
    shell = " ".join(f"'{word}'" for word in COMMAND)
    line = f"{shell} check x -m toapis/kling-v3 >&-; echo $?; {shell} tasks 2>&- <&-; echo $?"
    done = subprocess.run(["sh", "-c", line], capture_output=True, check=True)
    assert done.stdout.decode().split() == ["0", "0"]
    assert done.stderr == b""


def completed(words: str) -> list[str]:
    """Return what the shell is offered after the words."""
    count = str(len(words.split()))
    env = {"_RUSHES_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": count}
    return CliRunner().invoke(cli, [], prog_name="rushes", env=env).stdout.split()


def test_completion_knows_variants_and_commands() -> None:
    assert "plain,toapis/kling-v3" in completed("rushes check -m ")
    assert "plain,generate" in completed("rushes ")
    assert "plain,uniall" in completed("rushes keys set ")
    assert {"plain,budget", "plain,rushes-budget"} <= {*completed("rushes plugins ")}
    assert completed("rushes show ") == []


@pytest.mark.parametrize("command", ["check", "generate"])
def test_resolutions_are_completed_from_what_the_variants_accept(command: str) -> None:
    every = ["plain,720p", "plain,1080p", "plain,4k"]
    assert {*completed(f"rushes {command} --resolution ")} >= {*every}
    assert completed(f"rushes {command} -m toapis/kling-v3 --resolution ") == every[:2]
    assert completed(f"rushes {command} -m uniall/kling-v3-std-audio --resolution ") == every[:1]
    assert completed(f"rushes {command} -m nobody/nothing --resolution ") == []


def test_values_are_completed_from_what_the_variants_accept() -> None:
    ratios = completed("rushes check -m uniall/kling-v3-std-audio --aspect-ratio ")
    assert ratios == ["plain,16:9", "plain,9:16", "plain,1:1"]
    assert "plain,16:9" in completed("rushes compare x --aspect-ratio ")
    seconds = completed("rushes check -m toapis/kling-v3 --duration ")
    assert seconds == ["plain,5", "plain,10", "plain,15"]
    assert completed("rushes check -m toapis/kling-v3-omni --guidance ") == []


def test_the_image_of_a_subject_is_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kite.png").touch()
    (tmp_path / "kites").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))

    def offered(typed: str) -> list[str]:
        words = f"rushes check x --subject kite=red --subject dune --subject-image {typed}"
        env = {"_RUSHES_COMPLETE": "fish_complete", "COMP_WORDS": words, "COMP_CWORD": typed}
        shown = CliRunner().invoke(cli, [], prog_name="rushes", env=env).stdout
        return [line.removeprefix("plain,") for line in shown.split()]

    assert offered("k") == ["kite="]
    assert offered("kite=k") == ["kite=kite.png", "kite=kites/"]
    assert offered("kite=~/kite.") == ["kite=~/kite.png"]
    assert offered(f"kite={tmp_path}/kites") == [f"kite={tmp_path}/kites/"]
    assert offered("kite=kites/") == []
    assert offered("kite=no/such") == []


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("--subject-image kite = ki", ["file,"]),
        ("--subject-image kite =", ["file,"]),
        ("--first-frame = ki", ["file,ki"]),
        ("--resolution = 7", ["plain,720p"]),
        ("--subject kite --subject-image k", ["plain,kite="]),
    ],
)
def test_bash_splits_words_at_an_equals_sign(
    words: str, answer: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kite.png").touch()
    monkeypatch.chdir(tmp_path)
    line = f"rushes check x {words}"
    count = str(len(line.split()) - 1)
    asked = {"_RUSHES_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": count}
    rushes = Path(sys.executable).with_name("rushes")
    shown = subprocess.run(
        [rushes], env={**os.environ, **asked}, capture_output=True, text=True, check=True
    )
    assert shown.stdout.split() == answer


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("check", "--first-frame --last-frame --reference --request --native"),
        ("generate", "--first-frame --last-frame --reference --request --native -o"),
    ],
)
def test_files_are_left_to_the_shell(command: str, options: str) -> None:
    for option in options.split():
        assert completed(f"rushes {command} {option} ")[0].startswith("file,"), option


def test_a_bug_becomes_one_sentence_and_a_log_file(
    monkeypatch: pytest.MonkeyPatch, home: Path, tmp_path: Path
) -> None:
    monkeypatch.setenv("TOAPIS_API_KEY", "sk-very-secret")

    def broken(*_args: object) -> None:
        raise ZeroDivisionError("with sk-very-secret\x1b[31m")

    monkeypatch.setattr("rushes_cli.request_input.RequestInput.check", broken)
    run = inside("check", "x", "-m", "toapis/kling-v3")
    assert run.code == 1
    assert "This is a bug in rushes: ZeroDivisionError: with [key]\\x1b[31m" in run.err
    assert "Traceback" not in run.err
    log = next((home / "logs").iterdir())
    assert str(log) in run.err
    assert "Traceback" in log.read_text()
    assert "sk-very-secret" not in log.read_text()
    assert log.stat().st_mode & 0o077 == 0
    assert "Traceback" in inside("--traceback", "check", "x", "-m", "toapis/kling-v3").err
    file = tmp_path / "file"
    file.touch()
    run = inside("--home", str(file / "below"), "check", "x", "-m", "toapis/kling-v3")
    assert "could not be written" in run.err


def test_verbose_shows_the_log() -> None:
    code = (
        "import logging; from rushes_cli._app.root import cli; cli.main(%r, standalone_mode=False);"
    )
    code += "logging.getLogger('rushes').debug('words \\x1b[31m'); "
    program = [sys.executable, "-c", code % (["-v", "tasks"],)]
    done = subprocess.run(program, capture_output=True, check=True)
    assert b"DEBUG rushes: words \\x1b[31m" in done.stderr


def test_only_terminals_get_colours(home: Path) -> None:
    assert "\x1b" not in inside("check", "x", "-m", "toapis/kling-v3").out
    if not hasattr(os, "openpty"):
        return
    for env, shows_colours in (({}, True), ({"NO_COLOR": "1"}, False)):
        ours, theirs = os.openpty()
        subprocess.run(
            [*COMMAND, "check", "x", "-m", "toapis/kling-v3"],
            stdout=theirs,
            env={**os.environ, "TERM": "xterm", **env},
            check=True,
        )
        os.close(theirs)
        assert (b"\x1b[" in os.read(ours, 10_000)) is shows_colours
        os.close(ours)


def test_every_error_has_its_exit_code() -> None:
    import rushes

    codes: dict[type[BaseException], int] = {
        rushes.RequestError: 4,
        rushes.ConfigurationError: 3,
        rushes.UnknownVariantError: 3,
        rushes.UnknownTaskError: 3,
        rushes.BrokenPluginError: 3,
        rushes.MissingKeyError: 3,
        rushes.JournalError: 3,
        rushes.NotOfferedError: 2,
        rushes.NotSentError: 4,
        rushes.RefusedError: 4,
        rushes.OutcomeUnknownError: 7,
        rushes.TaskEndedError: 5,
        rushes.ResultError: 5,
        rushes.StillRunningError: 6,
        rushes.OwnedElsewhereError: 6,
        rushes.DiskError: 6,
        rushes.DeliveryError: 1,  # an endpoint answers with it: no command should end with it
        ValueError: 1,
        KeyboardInterrupt: 130,
    }
    for kind, code in codes.items():
        assert exit_code_for(kind) == code
    task = rushes.Task(
        id="mine", variant="acme/zoom", base_url="https://x", client_id="mine",
        call=None, created_at=0.0, updated_at=0.0,
    )  # fmt: skip
    assert exit_code(rushes.DiskError("it cannot be written", task=task)) == 6
    assert exit_code(rushes.DiskError("no file can have that name")) == 3
    theirs = {getattr(rushes, name) for name in dir(rushes) if name.endswith("Error")}
    assert theirs - {rushes.RushesError} <= set(codes)
