"""What is expected of a comparison, as the command and CI are told of it."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from results_made import cell, kept, results, video
from rushes_compare._command.junit import write_junit
from rushes_compare._plan.plan_file import read_plan_file
from rushes_compare._promises.expectations import missed
from rushes_compare._promises.promises import cut_offset
from rushes_compare.columns import COLUMNS
from rushes_compare.errors import PlanError
from rushes_compare.results import Bounds, Failure, Measures


def test_a_broken_promise_is_missed_and_an_unknown_one_is_not() -> None:
    found = missed(results(cell(promises=[kept("audio", False), kept("shots", None)])))
    assert [miss.message for miss in found] == ["audio: asked for this, got that"]
    assert missed(results(cell(promises=[kept("audio", True)]))) == []


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        (Bounds(min=1), None),
        (Bounds(min=3), None),
        (Bounds(min=3.5), "motion is 3 %/s, less than 3.5"),
        (Bounds(max=2), "motion is 3 %/s, more than 2"),
        (Bounds(min=1, max=3), None),
    ],
)
def test_a_number_is_held_against_its_bounds(bounds: Bounds, message: str | None) -> None:
    found = missed(results(cell(video=video(motion=3.0)), bounds={"motion": bounds}))
    assert [miss.message for miss in found] == ([message] if message else [])


def test_bounds_that_nothing_was_held_against_are_missed() -> None:
    bounds = {"loop": Bounds(min=0.5)}
    measured, not_measured = cell(0, video=video(loop=0.6)), cell(1, repeat=2)
    assert missed(results(measured, not_measured, bounds=bounds)) == []
    (found,) = missed(results(not_measured, bounds=bounds))
    assert (found.cell, found.message) == (None, "loop was not measured in any video")
    assert len(missed(results(cell(video=None, state="failed"), bounds=bounds))) == 1


def test_junit_has_a_case_for_each_cell(tmp_path: Path) -> None:
    made = results(
        cell(0, promises=[kept("audio", False)]),
        cell(1, row=1, state="cannot", video=None),
        cell(2, row=2, state="failed", video=None,
             failure=Failure(kind="TaskFailed", message="no <\x00> & \ud800")),
        cell(3, row=3),
        bounds={"loop": Bounds(max=1)},
    )  # fmt: skip
    write_junit(tmp_path / "junit.xml", made, missed(made))
    suite = ET.parse(tmp_path / "junit.xml").getroot()
    assert suite.attrib == {
        "name": "rushes compare a", "tests": "5", "failures": "2", "errors": "1", "skipped": "1",
    }  # fmt: skip
    broken, skipped, failed, fine, bounds = suite
    assert broken.attrib == {"name": "row 0", "classname": "a/b", "time": "10.000"}
    assert broken[0].get("message") == "audio: asked for this, got that"
    assert skipped[0].tag == "skipped"
    assert failed[0].get("message") == "no <\ufffd> & \ufffd"
    assert list(fine) == []
    assert bounds.get("name") == "bounds"


def test_a_plan_names_columns_and_bounds(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text("prompts: [x]\ncolumns: [motion, loop]\nbounds: {motion: {min: 2, max: 40}}\n")
    read = read_plan_file(plan)
    assert (read.columns, read.bounds) == (["motion", "loop"], {"motion": Bounds(min=2, max=40)})
    plan.write_text(
        "prompts: [x]\ncolumns: [moton]\n"
        "bounds: {loop: {min: 2, max: 1}, silence: {}, x: {min: 1},\n"
        "         motion: {min: 1, mx: 2}, cost: {max: .nan}, duration: {min: -.inf}}\n"
    )
    with pytest.raises(PlanError) as raised:
        read_plan_file(plan)
    text = str(raised.value)
    assert "columns: there is no column 'moton' (nearest: motion" in text
    assert "bounds.loop: `min` (2) is more than `max` (1)" in text
    assert "bounds.silence: give a `min`, a `max`, or both" in text
    assert "bounds: there is no column 'x'" in text
    assert "bounds.motion.mx: there is no such field (nearest: max)" in text
    assert "bounds.cost: a limit must be a finite number" in text
    assert "bounds.duration: a limit must be a finite number" in text


@pytest.mark.parametrize(
    ("shots", "cuts", "offset"),
    [
        ([2, 2, 1], [2.1, 3.8], 0.2),
        ([2, 3], [2.0], 0.0),
        ([2, 3], [], None),
        ([5], [], None),
        ([], [1.0], None),
        ([2, None], [2.0], None),
    ],
)
def test_cuts_are_compared_with_the_shots(shots: Any, cuts: list[float], offset: Any) -> None:
    request = {"shots": [{"prompt": "x", "duration": one} for one in shots]}
    assert cut_offset(request, {}, cuts) == offset


@given(st.sampled_from(sorted(COLUMNS)), st.floats(-100, 100))
def test_every_column_has_a_meaning_and_a_number(name: str, value: float) -> None:
    column = COLUMNS[name]
    assert column.meaning.endswith(".")
    assert column.number(cell(video=None, billed=None, state="failed")) is None
    if name in Measures.__struct_fields__:
        assert column.number(cell(video=video(**{name: value}))) == value


def test_costs_and_times_are_of_what_was_delivered() -> None:
    one = cell(video=video(4))
    assert COLUMNS["usd_per_second"].number(one) == 0.125
    assert COLUMNS["time_to_video"].number(one) == 10
