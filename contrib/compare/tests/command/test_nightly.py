"""A comparison that runs every night: it fails once a provider quietly delivers something else."""

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner
from comparison_runs import TWO_SIZES_SMALLER
from rushes_compare import load
from rushes_compare.command import compare
from rushes_sandbox import Sandbox

PLAN = """\
models: [toapis/kling-v3]
settings: {duration: 5}
bounds: {frame_rate: {min: 20}}
prompts: [A red kite]
"""
Night = Callable[..., tuple[int, str, str]]


@pytest.fixture
def night(tmp_path: Path, rushes_sandbox_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Night:
    """Return a function that runs the command against a provider that lies as told."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.yaml").write_text(PLAN)

    def run(name: str, *lies: str) -> tuple[int, str, str]:
        lies = (*TWO_SIZES_SMALLER, *lies)
        with Sandbox(
            lies=lies, folder=rushes_sandbox_folder, queue_seconds=0, render_seconds=0
        ) as provider:
            home = {"RUSHES_HOME": str(tmp_path / "home")}
            words = ["-f", "plan.yaml", "-o", name, "--expect", "--junit", f"{name}.xml"]
            done = CliRunner().invoke(compare, words, env={**provider.environment, **home})
        return done.exit_code, done.stdout, done.stderr

    return run


def test_a_silent_change_of_a_provider_fails_the_run_and_is_named(
    night: Night, tmp_path: Path
) -> None:
    code, _, err = night("monday")
    assert (code, "not as expected" in err) == (0, False), err
    assert ET.parse(tmp_path / "monday.xml").getroot().attrib["failures"] == "0"

    code, out, err = night("tuesday", "shorter", "slow-frames")
    assert code == 4, err
    assert out == f"{tmp_path / 'tuesday' / 'report.html'}\n"  # the page is there all the same
    missed = [line for line in err.splitlines() if line.startswith("not as expected: ")]
    assert [line.rpartition("kling-v3: ")[2] for line in missed] == [
        "duration: asked for 5 s, got 4.00 s",
        "file: asked for a complete video that moves, got only 12 frames per second",
        "frame_rate is 12 fps, less than 20",
    ]
    suite = ET.parse(tmp_path / "tuesday.xml").getroot()
    assert (suite.attrib["tests"], suite.attrib["failures"]) == ("1", "1")
    assert len(load(tmp_path / "tuesday").results.cells) == 1

    done = CliRunner().invoke(compare, ["diff", "monday", "tuesday"])
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert "  promise duration: kept (5.00 s) -> broken (4.00 s)" in lines
    assert "  frame_rate: 24 -> 12" in lines
    assert not any("payload" in line for line in lines)  # nothing else was asked for


def test_a_finished_folder_is_not_judged_again_by_mistake(night: Night, tmp_path: Path) -> None:
    assert night("tonight")[0] == 0
    code, _, err = night("tonight", "shorter")
    assert code == 3
    assert "nothing would be sent" in err
    assert "-o DIR" in err
    resumed = ["--resume", str(tmp_path / "tonight"), "--expect"]
    assert f"use {' '.join(resumed[:2])} in place of -o" in err
    done = CliRunner().invoke(compare, resumed, env={"RUSHES_HOME": str(tmp_path / "home")})
    assert done.exit_code == 0, done.stderr
