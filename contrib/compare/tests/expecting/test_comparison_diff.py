"""What changed between two runs."""

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from results_made import cell, kept, results, video
from rushes_compare._command.changes import change_lines
from rushes_compare._results.comparison_diff import NOTICEABLE, diff_results
from rushes_compare.command import compare
from rushes_compare.results import Results

BEFORE = results(
    cell(0, promises=[kept("audio", True)], payload={"mode": "pro", "key": 1}, transport=["key"]),
    cell(1, row=1, video=video(motion=10.0)),
)
AFTER = results(
    cell(4, row=1, video=video(motion=10.5)),
    cell(
        5, promises=[kept("audio", False)], payload={"mode": "std", "key": 2}, transport=["key"],
        video=msgspec.structs.replace(video(4), height=480), billed=0.8, variant="a/b",
    ),
    cell(6, row=0, variant="a/c"),
)  # fmt: skip


def test_every_kind_of_change_is_listed_and_small_ones_are_not() -> None:
    assert list(change_lines(diff_results(BEFORE, AFTER))) == [
        "row 0 · a/b",
        "  promise audio: kept (that) -> broken (that)",
        "  height: 720 -> 480",
        "  cost: 0.5 -> 0.8 USD (+60 %)",
        "  usd_per_second: 0.1 -> 0.2 USD/s (+100 %)",
        "  duration: 5 -> 4 s (-20 %)",
        "  payload mode: pro -> std",
        "row 0 · a/c",
        "  is new",
    ]
    assert list(change_lines(diff_results(BEFORE, BEFORE))) == ["Nothing changed."]


@given(st.floats(0.01, 100), st.floats(0.01, 100))
def test_a_number_is_listed_from_a_tenth(old: float, new: float) -> None:
    one, other = (results(cell(video=video(motion=number))) for number in (old, new))
    listed = [change.what for change in diff_results(one, other)]
    assert ("motion" in listed) == (abs(new - old) >= NOTICEABLE * max(old, new))


def write(folder: Path, found: Results) -> str:
    folder.mkdir()
    (folder / "results.json").write_bytes(msgspec.json.encode(found))
    return str(folder)


def test_the_command_compares_two_folders(tmp_path: Path) -> None:
    old, new = write(tmp_path / "old", BEFORE), write(tmp_path / "new", AFTER)
    done = CliRunner().invoke(compare, ["diff", old, new])
    assert (done.exit_code, done.stderr) == (0, "")
    assert "  promise audio: kept (that) -> broken (that)\n" in done.stdout
    done = CliRunner().invoke(compare, ["diff", old, new, "--json"])
    assert {change["kind"] for change in json.loads(done.stdout)} == {
        "promise", "file", "number", "payload", "cell",
    }  # fmt: skip
    (tmp_path / "new" / "results.json").write_text("{")
    assert CliRunner().invoke(compare, ["diff", old, new]).exit_code == 3


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["diff"], "Missing argument 'OLD'"),
        (["--", "diff"], "name the variants with -m"),  # a prompt
        (["x", "-m", "toapis/kling-v3", "--dry-run", "--expect"], "a dry run has no videos"),
    ],
)
def test_wrong_usage_is_reported(words: list[str], expected: str) -> None:
    done = CliRunner().invoke(compare, words)
    assert done.exit_code == 2
    assert expected in done.stderr
