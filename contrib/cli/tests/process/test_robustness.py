"""Trouble around the command: folders, streams, repeated Ctrl-C, addresses."""

import json
import os
import shlex
import signal
import subprocess
from pathlib import Path

import pytest
from cli_gateway import Gateway
from cli_runs import COMMAND, Run, inside, outside, started
from rushes.plugins import Installed, Registry
from rushes_cli._errors import bug_report

KITE = ("generate", "A red kite", "-m", "toapis/kling-v3")


def in_shell(line: str) -> Run:
    shell = f'rushes() {{ {shlex.join(COMMAND)} "$@"; }}; {line}'
    done = subprocess.run(["bash", "-c", shell], capture_output=True, timeout=60, check=False)
    return Run(done.returncode, done.stdout.decode(), done.stderr.decode())


def hammered(*args: str, when: str) -> Run:
    """Run the command; Ctrl-C once standard error says `when`, and again until it has ended."""
    process, printed = started(*args, when=when)
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    return Run(process.returncode, out, printed + err)


def test_an_unknown_home_folder_is_a_configuration_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUSHES_HOME", "~nosuchuser/x")
    for args in (("tasks",), KITE, ("keys", "list")):
        run = inside(*args)
        assert run.code == 3, run
        assert "set RUSHES_HOME to the absolute path" in run.err


def test_a_bug_is_reported_whatever_else_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RUSHES_HOME", "~nosuchuser/x")
    bug_report.report_bug(ZeroDivisionError("oh"))
    printed = capsys.readouterr().err
    assert "This is a bug in rushes: ZeroDivisionError: oh" in printed
    assert "Its log could not be written" in printed


@pytest.mark.parametrize("command", ["rushes generate x -m toapis/kling-v3 -o x.mp4", "tasks"])
def test_a_deleted_working_directory(command: str, gateway: Gateway, tmp_path: Path) -> None:
    gone = shlex.quote(str(tmp_path / "gone"))
    if command == "tasks":
        command = "RUSHES_HOME=here rushes tasks"
    run = in_shell(f"mkdir {gone}; cd {gone}; rmdir {gone}; {command}")
    assert run.code == 3, run
    assert "absolute path" in run.err
    assert gateway.paid == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("stderr", ["/dev/full", ">(true)"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_broken_standard_error_does_not_stop_a_task(
    stderr: str, unbuffered: str, gateway: Gateway
) -> None:
    run = in_shell(f"PYTHONUNBUFFERED={unbuffered} rushes {shlex.join(KITE)} 2> {stderr}")
    assert run.code == 0, run
    assert Path(run.out.strip()).read_bytes() == gateway.video


full_disk = pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
NOT_WRITTEN = "Error: standard output cannot be written: No space left on device"


@full_disk
@pytest.mark.parametrize("as_json", ["", "--json"])
def test_a_task_is_finished_even_if_its_path_cannot_be_printed(
    as_json: str, gateway: Gateway
) -> None:
    run = in_shell(f"rushes {shlex.join(KITE)} --task mine {as_json} >/dev/full")
    assert run.code == 3, run
    assert NOT_WRITTEN in run.err
    assert Path(json.loads(inside("show", "mine", "--json").out)["file"]).exists()
    for command in ("tasks", "resume mine", "show mine", "check x -m toapis/kling-v3"):
        run = in_shell(f"rushes {command} {as_json} >/dev/full")
        assert (run.code, NOT_WRITTEN in run.err) == (3, True), run
    run = in_shell(f"rushes check x -m toapis/kling-v3 --duration 99 {as_json} >/dev/full")
    assert (run.code, NOT_WRITTEN in run.err) == (4, True), run


@full_disk
def test_an_unfinished_task_is_named_even_if_standard_output_is_full(gateway: Gateway) -> None:
    gateway.polls = ["queued"]
    for command in (f"{shlex.join(KITE)} --task mine", "resume"):
        run = in_shell(f"rushes {command} --timeout 0.1 --json >/dev/full")
        assert run.code == 6, run
        assert NOT_WRITTEN in run.err
        assert "Resume it with: rushes resume mine" in run.err


@full_disk
def test_lines_that_never_end_are_not_read_on_if_no_answer_can_be_written() -> None:
    line = "rushes check -m toapis/kling-v3 --jsonl --native - >/dev/full"
    run = in_shell(f"""yes '{{"model":"kling-v3","prompt":"x"}}' | {line}""")
    assert (run.code, NOT_WRITTEN in run.err) == (3, True), run


def test_repeated_ctrl_c_still_prints_the_resume_command(gateway: Gateway) -> None:
    gateway.polls = ["queued"]
    run = hammered(*KITE, "--task", "one", "--json", when="queued at")
    assert run.code == 130, run
    assert "rushes resume one" in run.err
    assert json.loads(run.out)["resume"] == "rushes resume one"
    hammered(*KITE, "--task", "two", when="queued at")
    run = hammered("resume", "--json", when="two: queued at")
    assert run.code == 130, run
    assert "Traceback" not in run.err
    lines = [json.loads(line) for line in run.out.splitlines()]
    assert {line["resume"] for line in lines} == {"rushes resume one", "rushes resume two"}
    assert "rushes resume one" in run.err
    assert "rushes resume two" in run.err


def test_a_request_may_come_from_a_pipe() -> None:
    line = (
        f"""{shlex.join(COMMAND)} check -m toapis/kling-v3 --request <(echo '{{"prompt": "x"}}')"""
    )
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done
    assert "accepts this" in done.stdout


def test_what_never_ends_is_not_read_on() -> None:
    line = [*COMMAND, "check", "-m", "toapis/kling-v3", "--native", "/dev/zero"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--native /dev/zero cannot be read: it is larger than 64 MiB." in done.stderr


@pytest.mark.parametrize("option", ["--request", "--native"])
def test_ctrl_c_ends_the_waiting_for_a_pipe(option: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    process = subprocess.Popen(
        [*COMMAND, "check", "-m", "toapis/kling-v3", option, str(pipe)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with pipe.open("wb"):  # once the command has opened it, too
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (130, b"")
    assert b"Traceback" not in err


def test_ctrl_c_during_the_first_imports_exits_with_130() -> None:
    program = (
        "import signal, sys\n"
        "class Hurry:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'click': signal.raise_signal(signal.SIGINT)\n"
        "sys.meta_path.insert(0, Hurry())\n"
        "from rushes_cli.main import main\n"
        "main()\n"
    )
    done = subprocess.run([*COMMAND[:2], program], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (130, b"")


@pytest.mark.parametrize(
    ("args", "reference", "variant"),
    [
        (("generate", "x", "-m", "nope/x"), None, "nope/x"),
        (("show", "nowhere"), "nowhere", None),
        (("cancel", "nowhere"), "nowhere", None),
        (("resolve", "nowhere", "--as", "lost"), "nowhere", None),
        (("resume", "nowhere"), "nowhere", None),
    ],
)
def test_json_is_printed_if_nothing_is_found(
    args: tuple[str, ...], reference: str | None, variant: str | None
) -> None:
    run = inside(*args, "--json")
    assert run.code == 3, run
    found = json.loads(run.out)
    assert (found["task"], found["variant"]) == (reference, variant)
    assert found["error"]


def test_a_malformed_base_url_is_reported_as_json_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOAPIS_BASE_URL", "http://me:hush@[::1")
    run = inside(*KITE, "--json")
    assert run.code == 3
    assert "contains a user name or password" in json.loads(run.out)["error"]
    assert "hush" not in run.out + run.err


def test_a_task_whose_plugin_is_gone_is_named(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, soon: None
) -> None:
    gateway.polls = ["queued"]
    assert inside(*KITE, "--task", "mine", "--timeout", "0.02").code == 6
    monkeypatch.setattr(Registry, "installed", Installed({}, []))
    run = inside("resume", "--json")
    assert run.code == 3, run
    found = json.loads(run.out)
    assert (found["task"], found["variant"]) == ("mine", "toapis/kling-v3")
    assert "Error: mine: " in run.err


def test_a_password_in_a_base_url_is_never_printed(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert inside(*KITE, "--task", "mine").code == 0
    monkeypatch.setenv("TOAPIS_BASE_URL", gateway.url.replace("//", "//me:hush@"))
    printed = ""
    for args, code in (
        ((*KITE, "--dry-run"), 3),
        ((*KITE, "--task", "other"), 3),
        (("variants", "toapis/kling-v3"), 3),
        (("plugins",), 0),
        (("variants",), 0),
        (("show", "mine"), 0),
        (("tasks",), 0),
    ):
        for run in (inside(*args), inside(*args, "--json")):
            assert run.code == code, run
            printed += run.out + run.err
    run = outside(*KITE, "--task", "other")
    printed += run.out + run.err
    assert "contains a user name or password" in printed
    assert "hush" not in printed
