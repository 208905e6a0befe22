"""The commands `compare` and `report`, as a person runs them."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rushes_sandbox import Sandbox

RUSHES = str(Path(sys.executable).with_name("rushes"))
PAIR = ("-m", "toapis/kling-v3", "-m", "apimart/kling-v3")


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
            # A shell's background job is started without Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )

    def __call__(self, *words: str) -> tuple[int, str, str]:
        process = self.start(*words)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err


@pytest.fixture
def shell(rushes_sandbox: Sandbox, tmp_path: Path) -> Shell:
    return Shell(rushes_sandbox, tmp_path)


@pytest.mark.rushes_sandbox(poll_after=1)
def test_a_comparison_ends_with_the_path_of_its_page(shell: Shell, tmp_path: Path) -> None:
    code, out, err = shell("compare", "A red kite", *PAIR, "--duration", "5", "--max-tasks", "2")
    page = tmp_path / "comparison" / "report.html"
    assert (code, out) == (0, f"{page}\n"), err
    assert "2 tasks, about 0.336 USD and 1 of unknown cost" in err
    assert "apimart/kling-v3: done" in err
    page.unlink()
    assert shell("report", "comparison")[:2] == (0, f"{page}\n")
    assert page.is_file()
    code, out, _ = shell("compare", "--resume", "comparison", "--json", "--max-tasks", "0")
    assert code == 0
    assert [cell["state"] for cell in json.loads(out)["cells"]] == ["completed"] * 2


def test_before_paying_everything_is_shown(
    shell: Shell, tmp_path: Path, rushes_sandbox: Sandbox
) -> None:
    (tmp_path / "plan.yaml").write_text(
        "models: [toapis/kling-v3, uniall/kling-v3-pro-audio, toapis/kling-v3-omni]\n"
        "settings: {resolution: 1080p, audio: true}\n"
        'prompts: ["A \\e[31mred kite"]\n'
    )
    code, out, err = shell("compare", "--file", "plan.yaml", "--dry-run")
    assert (code, err) == (0, "")
    assert '"mode": "pro"' in out
    assert '≠   "model": "kling-v3-pro-audio"' in out
    assert "≠ mode is sent there, not here" in out
    assert "toapis/kling-v3-omni cannot:" in out
    assert "audio: " in out
    assert "2 tasks, cost unknown" in out
    assert "\x1b[31m" not in out
    told = json.loads(shell("compare", "-f", "plan.yaml", "--dry-run", "--json")[1])
    assert [cell["state"] for cell in told["cells"]] == ["planned", "planned", "cannot"]
    assert rushes_sandbox.exchanges == []
    assert {path.name for path in tmp_path.iterdir()} <= {"plan.yaml", "home"}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["A red kite"], 2, "name the variants with -m"),
        (["--all"], 2, "no prompt"),
        (["A red kite", *PAIR, "--max-tasks", "1"], 4, "nothing was sent"),
        (["A red kite", *PAIR, "--max-cost", "1"], 4, "no known cost"),
        (["A red kite", "-m", "no/such", "--dry-run"], 4, ""),
        (["--resume", "home"], 3, "holds no comparison"),
        (["--resume", "home", "A red kite"], 2, "leave the rest out"),
        (["--resume", "home", "--duration", "5"], 2, "leave the rest out: '--duration'"),
        (["--resume", "home", "--repeat", "1", "-o", "x"], 2, "'--repeat', '-o' / '--output'"),
        (["--resume", "home", "--no-audio"], 2, "'--audio'"),
        (["-f", "home/plan.yaml"], 2, "no 'prompt' here"),
        (["-f", "home/two.yaml"], 2, "or as `models` in a file"),
        (["-f", "home/none.yaml", *PAIR], 2, "0 repetitions are none"),
        (["A red kite", *PAIR, "--max-tasks", "1", "--dry-run"], 4, "2 tasks would be paid for"),
        (["A red kite", *PAIR, "--max-cost", "1", "--dry-run"], 4, "no known cost"),
        (["A red kite", *PAIR, "-o", "home"], 3, "home/results.csv is there"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_sent(
    shell: Shell, rushes_sandbox: Sandbox, tmp_path: Path, words: Any, code: int, said: str
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "plan.yaml").write_text("prompt: x")
    (tmp_path / "home" / "two.yaml").write_text("prompts: [x]")
    (tmp_path / "home" / "none.yaml").write_text("repeat: 0\nprompts: [x]")
    (tmp_path / "home" / "results.csv").write_text("mine")
    found, _, err = shell("compare", *words)
    assert (found, rushes_sandbox.exchanges) == (code, [])
    assert said in err
    assert "Traceback" not in err
    assert (tmp_path / "home" / "results.csv").read_text() == "mine"


@pytest.mark.rushes_sandbox(poll_after=1)
def test_what_has_no_video_says_which_and_why(
    shell: Shell, rushes_sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "plan.yaml").write_text(
        "models: [toapis/kling-v3, toapis/kling-v3-omni]\n"
        "repeat: 2\n"
        "prompts: [{name: dawn, prompt: x}, {name: dusk, prompt: y, audio: true}]\n"
    )
    rushes_sandbox.order("status-failed", gateway="toapis")
    code, _, err = shell("compare", "-f", "plan.yaml", "-m", "toapis/kling-v3")
    assert code == 5, err
    assert re.search(r"^(dawn|dusk) · toapis/kling-v3 #[12]: \S+ \S+ ", err, re.MULTILINE)
    code, _, err = shell("compare", "--resume", "comparison", "--redo", "failed")
    assert code == 0, err
    assert "planned" not in err
    rushes_sandbox.order("status-failed", gateway="toapis")
    code, _, err = shell("compare", "-f", "plan.yaml", "-o", "other")
    assert err.count("dusk · toapis/kling-v3-omni: cannot: ") == 1


@pytest.mark.rushes_sandbox(poll_after=1)
def test_after_ctrl_c_the_same_command_goes_on(
    shell: Shell, rushes_sandbox: Sandbox, tmp_path: Path
) -> None:
    orders = [
        rushes_sandbox.order("stall-after-create", gateway=gateway)
        for gateway in ("toapis", "apimart")
    ]
    process = shell.start("compare", "A red kite", *PAIR)
    assert all(order.wait(60) for order in orders)
    process.send_signal(signal.SIGINT)
    told = process.communicate(timeout=300)[1]
    assert process.returncode == 130
    assert "Go on with: rushes compare --resume comparison" in told
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
