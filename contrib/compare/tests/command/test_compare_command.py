"""The commands `compare` and `report`, as a person runs them.

What concerns the process (its streams, Ctrl-C, the terminal, the exit code) is tried with one; the
rest runs in this process.
"""

import json
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from comparison_runs import TWO_SIZES_SMALLER
from rushes_compare.command import compare
from rushes_sandbox import Sandbox

RUSHES = str(Path(sys.executable).with_name("rushes"))
PAIR = ("-m", "toapis/kling-v3", "-m", "apimart/kling-v3")
OTHER = "uniall/kling-v3-std-silent"

pytestmark = pytest.mark.rushes_sandbox(lies=TWO_SIZES_SMALLER)


class Shell:
    """Runs `rushes` in a folder, pointed at a sandbox."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.folder = folder
        kept = {k: v for k, v in os.environ.items() if not k.endswith(("_KEY", "_BASE_URL"))}
        home = {"RUSHES_HOME": str(folder / "home")}
        self.environment = {**kept, **sandbox.environment, **home}

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [RUSHES, *words],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *words: str) -> tuple[int, str, str]:
        process = self.start(*words)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err


@pytest.fixture
def shell(rushes_sandbox: Sandbox, tmp_path: Path) -> Shell:
    return Shell(rushes_sandbox, tmp_path)


Inside = Callable[..., tuple[int, str, str]]


def inside(sandbox: Sandbox, folder: Path, patch: pytest.MonkeyPatch) -> Inside:
    """Return a function that runs `rushes compare` in this process, in a folder."""
    patch.chdir(folder)
    for name, value in {**sandbox.environment, "RUSHES_HOME": str(folder / "home")}.items():
        patch.setenv(name, value)

    def run(*words: str) -> tuple[int, str, str]:
        done = CliRunner().invoke(compare, words)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.stdout, done.stderr

    return run


@pytest.fixture
def comparing(rushes_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inside:
    return inside(rushes_sandbox, tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def untouched() -> Iterator[Sandbox]:
    """Run a sandbox for the commands that send nothing; fails if one did."""
    with Sandbox() as sandbox:
        yield sandbox
        assert sandbox.exchanges == []


@pytest.fixture
def asking(untouched: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Inside]:
    """Run commands that send nothing."""
    yield inside(untouched, tmp_path, monkeypatch)
    assert untouched.exchanges == []


@pytest.mark.rushes_sandbox(poll_after=1)
def test_a_comparison_ends_with_the_path_of_its_page(shell: Shell, tmp_path: Path) -> None:
    code, out, err = shell("compare", "A red kite", *PAIR, "--duration", "5", "--max-tasks", "2")
    page = tmp_path / "comparison" / "report.html"
    assert (code, out) == (0, f"{page}\n"), err
    assert (
        "2 tasks: about 0.336 USD for 1 of 2; no price is known for the other one; the page" in err
    )
    assert "apimart/kling-v3: completed, being fetched\n" in err
    assert "apimart/kling-v3: completed\n" in err
    page.unlink()
    assert shell("report", "comparison")[:2] == (0, f"{page}\n")
    assert page.is_file()
    lines = err.splitlines()[-3:]
    assert lines[0] == "toapis/kling-v3   1 of 1 video; every promise kept; no price is known"
    assert lines[1] == "apimart/kling-v3  1 of 1 video; every promise kept; 0.336 USD"
    assert lines[2].startswith(
        "all               2 of 2 videos; every promise kept; 0.336 USD for 1"
    )
    assert "Open the page" not in err
    code, out, _ = shell("compare", "--resume", "comparison", "--json", "--max-tasks", "0")
    assert code == 0
    assert [cell["state"] for cell in json.loads(out)["cells"]] == ["completed"] * 2


def test_a_dry_run_shows_everything_before_paying(asking: Inside, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(
        "models: [toapis/kling-v3, uniall/kling-v3-pro-audio, toapis/kling-v3-omni]\n"
        "settings: {resolution: 1080p, audio: true}\n"
        'prompts: ["A \\e[31mred kite"]\n'
    )
    code, out, err = asking("--file", "plan.yaml", "--dry-run")
    assert (code, err) == (0, "")
    assert '"mode": "pro"' in out
    assert '≠   "model": "kling-v3-pro-audio"' in out
    assert "≠ mode is sent there, not here" in out
    assert "≠ is not so for the variant above (there)" in out
    assert "toapis/kling-v3-omni cannot:" in out
    assert "audio: " in out
    assert "2 tasks: no price is known" in out
    assert "\x1b[31m" not in out
    assert asking("-f", "plan.yaml", "x", "--duration", "99", "--dry-run")[0] == 4
    (tmp_path / "rows.yaml").write_text("prompts: [x, {prompt: y, duration: 99}]")
    assert asking("-f", "rows.yaml", *PAIR, "--dry-run")[0] == 4  # one row, of two
    output = json.loads(asking("-f", "plan.yaml", "--dry-run", "--json")[1])
    assert [cell["state"] for cell in output["cells"]] == ["planned", "planned", "cannot"]
    assert {path.name for path in tmp_path.iterdir()} <= {"plan.yaml", "rows.yaml", "home"}


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (["A red kite"], 2, "name the variants with -m"),
        (["--all"], 2, "no prompt"),
        (["A red kite", *PAIR, "--max-tasks", "1"], 4, "nothing was sent"),
        (["A red kite", *PAIR, "--max-cost", "1"], 4, "no known cost"),
        (["A red kite", "-m", "toapis/kling-v4"], 3, "-m: no variant 'toapis/kling-v4'"),
        (["A red kite", *PAIR, "--price", "toapis/kling-v3=0.1"], 2, "0.08/s or 0.4/task"),
        (["A red kite", *PAIR, "--price", "toapis/kling=1/s"], 3, "--price: no variant"),
        (["A red kite", *PAIR, "--price", f"{OTHER}=1/s"], 2, f"'{OTHER}', which is not compared"),
        (["-f", "home/priced.yaml", *PAIR, "--dry-run"], 0, ""),
        (["-f", "home/priced.yaml", *PAIR, "--price", f"{OTHER}=1/s"], 2, "which is not compared"),
        (["--resume", "home"], 3, "holds no comparison"),
        (["--resume", "home", "A red kite"], 3, "holds no comparison"),
        (["--resume", "home", "--duration", "5"], 2, "'--duration' apply to a new prompt"),
        (["--resume", "home", "--repeat", "1", "-o", "x"], 2, "leave out '-o' / '--output'"),
        (["--resume", "home", "--no-audio"], 2, "'--audio'"),
        (["-f", "home/plan.yaml"], 2, "prompt: there is no such field (nearest: prompts)"),
        (["-f", "home/two.yaml"], 2, "or as `models` in a file"),
        (["-f", "home/none.yaml", *PAIR], 2, "repeats is 0; it must be at least 1"),
        (["A red kite", *PAIR, "--repeat", "100000000", "--dry-run"], 2, "it must be at most 1000"),
        (["A red kite", *PAIR, "--max-cost", "nan"], 2, "'nan' is not a number."),
        (["A red kite", *PAIR, "--max-cost", "-1"], 2, "-1 is less than 0."),
        (["A red kite", *PAIR, "--max-tasks", "1", "--dry-run"], 4, "2 tasks would be paid for"),
        (["A red kite", *PAIR, "--max-cost", "1", "--dry-run"], 4, "no known cost"),
        (["A red kite", *PAIR, "-o", "home"], 3, "home/results.csv is there"),
    ],
)
def test_errors_are_reported_and_nothing_is_sent(
    asking: Inside, tmp_path: Path, words: Any, code: int, expected: str
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "plan.yaml").write_text("prompt: x")
    (tmp_path / "home" / "two.yaml").write_text("prompts: [x]")
    (tmp_path / "home" / "priced.yaml").write_text(
        f"models: [{OTHER}]\nprices: {{{OTHER}: 1/s}}\nprompts: [x]"
    )
    (tmp_path / "home" / "none.yaml").write_text("repeat: 0\nprompts: [x]")
    (tmp_path / "home" / "results.csv").write_text("mine")
    found, _, err = asking(*words)
    assert found == code
    assert expected in err
    assert (tmp_path / "home" / "results.csv").read_text() == "mine"


@pytest.mark.rushes_sandbox(poll_after=1)
def test_cells_without_a_video_are_named_with_the_reason(
    comparing: Inside, rushes_sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "plan.yaml").write_text(
        "models: [toapis/kling-v3, toapis/kling-v3-omni]\n"
        "repeat: 2\n"
        "prompts: [{name: dawn, prompt: x}, {name: dusk, prompt: y, audio: true}]\n"
    )
    rushes_sandbox.inject("status-failed", gateway="toapis")
    code, _, err = comparing("-f", "plan.yaml", "-m", "toapis/kling-v3")
    assert code == 5, err
    assert re.search(r"^(dawn|dusk) · toapis/kling-v3 #[12]: \S+ \S+ ", err, re.MULTILINE)
    code, _, err = comparing("--resume", "comparison", "--redo", "failed")
    assert code == 0, err
    assert "planned" not in err
    rushes_sandbox.inject("status-failed", gateway="toapis")
    code, _, err = comparing("-f", "plan.yaml", "-o", "other")
    assert err.count("dusk · toapis/kling-v3-omni: cannot: ") == 1


@pytest.mark.rushes_sandbox(poll_after=1)
def test_after_ctrl_c_the_same_command_continues(
    shell: Shell, rushes_sandbox: Sandbox, tmp_path: Path
) -> None:
    orders = [
        rushes_sandbox.inject("stall-after-create", gateway=gateway)
        for gateway in ("toapis", "apimart")
    ]
    process = shell.start("compare", "A red kite", *PAIR)
    assert all(order.wait(60) for order in orders)
    process.send_signal(signal.SIGINT)
    output = process.communicate(timeout=300)[1]
    assert process.returncode == 130
    assert "Continue with: rushes compare --resume comparison" in output
    for order in orders:
        order.cancel()
    code, _, err = shell("compare", "A red kite", *PAIR)
    assert code == 0, err
    assert len(rushes_sandbox.created) == 2
    states = [
        cell["state"]
        for cell in json.loads((tmp_path / "comparison" / "results.json").read_text())["cells"]
    ]
    assert states == ["completed"] * 2


def test_all_errors_of_a_plan_are_reported_at_once(asking: Inside, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(
        "models: [toapis/kling-v3]\nsettings: {duraton: 5}\nprompts: [x, {promt: y}]\n"
    )
    code, _, err = asking("-f", "plan.yaml")
    assert code == 2
    assert "plan.yaml: settings.duraton: there is no such field (nearest: duration)" in err
    assert "plan.yaml: prompts[1].promt: there is no such field (nearest: prompt)" in err
    code, _, err = asking("-f", "plan.yaml", "-m", "toapis/kling-v4", "--dry-run")
    assert code == 3  # a variant that is not installed, and the rest beside it
    assert "-m: no variant 'toapis/kling-v4' is installed (nearest: toapis/kling-v3" in err
    assert "settings.duraton" in err
    (tmp_path / "plan.yaml").write_text("models: [toapis/kling-v4]\nprompts: [x]\n")
    code, _, err = asking("-f", "plan.yaml")
    assert code == 3
    assert "plan.yaml: models[0]: no variant 'toapis/kling-v4'" in err
    assert not (tmp_path / "comparison").exists()


@pytest.mark.rushes_sandbox(poll_after=1)
def test_a_finished_comparison_grows(
    comparing: Inside, rushes_sandbox: Sandbox, tmp_path: Path
) -> None:
    def bills(*words: str) -> int:
        code, _, err = comparing(*words)
        assert code == 0, err
        return len(rushes_sandbox.created)

    assert bills("A red kite", "-m", PAIR[1]) == 1
    assert bills("A red kite", *PAIR) == 2
    assert bills("--resume", "comparison", "A dune", "--duration", "5") == 4
    assert bills("--resume", "comparison", "--repeat", "2", "--max-tasks", "4") == 8
    assert bills("--resume", "comparison", "--max-tasks", "0") == 8
    price = ("--price", f"{OTHER}=1/s")
    assert comparing("--resume", "comparison", *price)[0] == 2
    assert comparing("--resume", "comparison", *price, "-m", OTHER, "--dry-run")[0] == 0
    assert bills("A red kite", "-m", PAIR[1], "-o", "other", "--repeat", "2") == 10
    assert bills("--resume", "other", "-m", PAIR[3], "--max-tasks", "2") == 12
    found = json.loads((tmp_path / "comparison" / "results.json").read_text())
    assert [row["request"] for row in found["rows"]] == [
        {"prompt": "A red kite"}, {"duration": 5, "prompt": "A dune"},
    ]  # fmt: skip
    code, _, err = comparing("Something else", *PAIR)
    assert code == 3
    assert "--resume" in err


@pytest.mark.rushes_sandbox(poll_after=1)
def test_given_prices_limit_the_cost(
    comparing: Inside, rushes_sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "plan.yaml").write_text(
        "models: [toapis/kling-v3, uniall/kling-v3-std-silent]\n"
        "prices: {toapis/kling-v3: 0.1/s}\n"
        "prompts: [x]\n"
    )
    code, _, err = comparing("-f", "plan.yaml", "--max-cost", "1")
    assert code == 4
    assert "uniall/kling-v3-std-silent. Give a price" in err
    price = ("--price", "uniall/kling-v3-std-silent=0.25/task")
    code, _, err = comparing("-f", "plan.yaml", *price, "--max-cost", "0.7")
    assert (code, rushes_sandbox.created) == (4, [])
    assert "0.75 USD would be spent" in err
    code, _, err = comparing("-f", "plan.yaml", *price, "--max-cost", "0.75")
    assert code == 0, err
    assert "2 tasks: about 0.75 USD" in err
    assert "0.75 USD, estimated" in err


@pytest.mark.rushes_sandbox(poll_after=1)
def test_what_was_never_sent_is_not_counted_as_bought(
    comparing: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("APIMART_API_KEY")
    price = ("--price", "toapis/kling-v3=0.5/task")
    code, _, err = comparing("x", *PAIR, *price)
    assert code == 3
    assert err.splitlines()[-3:] == [
        "toapis/kling-v3   1 of 1 video; every promise kept; 0.5 USD, estimated",
        "apimart/kling-v3  0 of 1 video; nothing was bought",
        "all               1 of 2 videos; every promise kept; 0.5 USD, estimated",
    ]


def on_a_terminal(shell: Shell, answer: bytes, *words: str, **environment: str) -> tuple[int, str]:
    """Run a command in a terminal of its own; give the answer when it asks."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [RUSHES, *words],
        cwd=shell.folder,
        env={**shell.environment, "TERM": "dumb", "COLUMNS": "300", **environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    output = b""
    while select.select([ours], [], [], 60)[0]:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # the terminal's other end is closed
            break
        output += piece
        if b"Open the page?" in piece:
            os.write(ours, answer)
    os.close(ours)
    try:
        return process.wait(timeout=60), output.decode()
    finally:
        process.kill()


@pytest.mark.rushes_sandbox(poll_after=1)
def test_on_a_terminal_the_end_offers_to_open_the_page(shell: Shell, tmp_path: Path) -> None:
    script = tmp_path / "browser"
    script.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path / "opened"}\n')
    script.chmod(0o755)
    page = tmp_path / "comparison" / "report.html"
    command = ("compare", "A red kite", "-m", PAIR[1])
    code, output = on_a_terminal(shell, b"\n", *command, BROWSER=str(script))
    assert code == 0, output
    assert "1 of 1 video; every promise kept" in output
    assert output.index(str(page)) < output.index("Open the page?")
    assert (tmp_path / "opened").read_text() == f"{page.as_uri()}\n"
    for answer in (
        b"n\n",
        b"\x04",
    ):  # the answer no, then no answer at all: the comparison is done all the same
        code, output = on_a_terminal(shell, answer, *command, BROWSER=str(script))
        assert (code, "Open the page?" in output) == (0, True), output
    assert (tmp_path / "opened").read_text().count("\n") == 1
    code, output = on_a_terminal(shell, b"", *command, "--json", BROWSER=str(script))
    assert (code, "Open the page?" in output) == (0, False)
    shell.environment["BROWSER"] = str(script)
    code, _, err = shell(*command)  # its output is read by a program
    assert (code, "Open the page?" in err) == (0, False)
    nowhere = dict.fromkeys(("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"), "")
    code, output = on_a_terminal(shell, b"", *command, **nowhere)
    assert (code, "Open the page?" in output) == (0, False)


def test_called_by_another_command_it_does_not_promise_resuming(
    shell: Shell, rushes_sandbox: Sandbox
) -> None:
    """The demo calls it like this, and deletes the journal afterwards."""
    orders = [rushes_sandbox.inject("stall-after-create", gateway=name) for name in ("toapis",)]
    program = (
        "from rushes_compare.command import compare\n"
        f"compare.main(['A red kite', '-m', {PAIR[1]!r}], standalone_mode=False)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=shell.folder,
        env=shell.environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert all(order.wait(60) for order in orders)
    process.send_signal(signal.SIGINT)
    output = process.communicate(timeout=300)[1]
    assert process.returncode != 0
    assert "--resume" not in output
    for order in orders:
        order.cancel()


def test_every_field_of_a_request_is_an_option(asking: Inside, tmp_path: Path) -> None:
    def requests(*words: str) -> list[dict[str, Any]]:
        code, out, err = asking(*words, *PAIR, "--dry-run", "--json")
        assert code in (0, 4), err
        return [row["request"] for row in json.loads(out)["rows"]]

    shots = ("--shot", "A door", "--shot-duration", "3", "--shot", "A cat", "--shot-duration", "2")
    assert requests("x", *shots, "--extra", 'mode="pro"') == [
        {
            "prompt": "x",
            "shots": [{"prompt": "A door", "duration": 3}, {"prompt": "A cat", "duration": 2}],
            "extra": {"mode": "pro"},
        }
    ]
    subject = ("--subject", "cat=a grey cat", "--subject-image", "cat=https://a.example/1.png")
    assert requests("@cat", *subject)[0]["subjects"] == [
        {"name": "cat", "description": "a grey cat", "images": ["https://a.example/1.png"]}
    ]
    (tmp_path / "plan.yaml").write_text("prompts: [x, {prompt: y, extra: {mode: std}}]")
    found = requests("-f", "plan.yaml", "--extra", 'mode="pro"')
    assert [row["extra"] for row in found] == [{"mode": "pro"}, {"mode": "std"}]


def test_request_options_are_checked_as_in_other_commands(asking: Inside) -> None:
    for words, expected in (
        (("--extra", "mode=pro"), "Put text in quotes"),
        (("--shot", "a", "--shot", "b", "--shot-duration", "1"), "2 --shot and 1 --shot-duration"),
        (("--subject-image", "cat=x"), "no --subject has this name"),
        (("--duration", "six"), "'six' is not a number"),
    ):
        code, _, err = asking("x", *PAIR, *words)
        assert (code, expected in err) == (2, True), err


def test_a_number_is_the_same_however_it_is_written(asking: Inside) -> None:
    """Rows are recognised by their request, those of earlier versions too."""

    def request(*words: str) -> bytes:
        code, out, err = asking("x", *PAIR, *words, "--dry-run", "--json")
        assert code in (0, 4), err
        found = json.loads(out)["rows"][0]["request"]
        return json.dumps({name: found[name] for name in ("duration", "guidance")}).encode()

    one = request("--duration", "5", "--guidance", "1")
    assert one == request("--duration", "5.0", "--guidance", "1.0")
    assert one == b'{"duration": 5, "guidance": 1.0}'


def test_the_reference_lists_every_option() -> None:
    page = (Path(__file__).parents[4] / "docs" / "reference.md").read_text(encoding="utf-8")
    options = [name for option in compare.params for name in option.opts if name.startswith("--")]
    assert len(options) > 30
    listed = {"--model": "-m", "--file": "-f", "--output": "-o"}
    missing = [name for name in options if f"`{listed.get(name, name)}" not in page]
    assert missing == []


def test_the_shell_completes_variants_resolutions_and_files() -> None:
    def completed(words: str) -> list[str]:
        count = str(len(words.split()))
        environment = {
            "_RUSHES_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": count,
        }
        done = subprocess.run(
            [RUSHES], env={**os.environ, **environment}, capture_output=True, text=True, check=True
        )
        return done.stdout.splitlines()

    assert "plain,toapis/kling-v3" in completed("rushes compare -m ")
    assert {*completed("rushes compare --resolution ")} >= {"plain,720p", "plain,1080p", "plain,4k"}
    silent = "-m uniall/kling-v3-std-silent"
    assert completed(f"rushes compare {silent} --resolution ") == ["plain,720p"]
    both = completed(f"rushes compare {silent} -m toapis/kling-v3 --resolution ")
    assert both == ["plain,720p", "plain,1080p"]
    for option in ("--first-frame", "--last-frame", "--reference", "-f"):
        assert completed(f"rushes compare {option} ")[0].startswith("file,"), option
    for option in ("-o", "--resume"):
        assert completed(f"rushes compare {option} ")[0].startswith("dir,"), option
