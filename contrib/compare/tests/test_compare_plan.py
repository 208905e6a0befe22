"""What is to be compared: read, refused in words, and added up before it is paid."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rushes import Image, Request
from rushes_compare.budget import BudgetError, Total, hold, total
from rushes_compare.differences import differences
from rushes_compare.plan import PlanError, planned
from rushes_compare.plan_file import read_plan
from rushes_compare.results import Cell

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3)
    ),
    max_leaves=12,
)


def test_a_request_is_a_prompt_a_request_or_its_fields() -> None:
    requests: list[Any] = [
        "A kite",
        Request("A dune", duration=5, images=[Image("a.png", "first_frame")]),
        {"name": "dusk", "prompt": "Dusk", "duration": 10},
    ]
    plan = planned(requests, ["a/b", "c/d"], 2, {"duration": 15, "resolution": "1080p"})
    assert [row.name for row in plan.rows] == ["1", "2", "dusk"]
    assert [row.request["duration"] for row in plan.rows] == [15, 5, 10]
    assert plan.rows[1].request["images"] == [{"url": "a.png", "role": "first_frame"}]
    assert all(row.request["resolution"] == "1080p" for row in plan.rows)
    assert planned("A kite", ["a/b"]).rows == planned(["A kite"], ["a/b"]).rows


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([], ["a/b"]), "no prompt"),
        (("x", []), "no variant"),
        (("x", ["a/b"], 0), "1 is the least"),
        (("x", ["a/b", "a/b"]), "'a/b' is given 2 times"),
        (([7], ["a/b"]), "neither text nor an object"),
        (([{"name": 7}], ["a/b"]), "no text"),
        (([{"name": "x"}, {"name": "x"}], ["a/b"]), "name of a row 'x'"),
    ],
)
def test_what_cannot_be_compared_is_said(arguments: Any, words: str) -> None:
    with pytest.raises(PlanError, match=words):
        planned(*arguments)


YAML = """
models: [toapis/kling-v3, apimart/kling-v3]
repeat: 2
settings: {duration: 5, images: [{url: start.png, role: first_frame}]}
prompts:
  - A red kite
  - name: dusk
    prompt: Dusk
    images: [{url: "https://example.com/a.png", role: first_frame}]
"""


def test_a_file_says_what_to_compare(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(YAML)
    wanted = read_plan(tmp_path / "plan.yaml")
    assert (wanted.models, wanted.repeat) == (["toapis/kling-v3", "apimart/kling-v3"], 2)
    assert wanted.settings["images"][0]["url"] == str(tmp_path / "start.png")
    assert wanted.prompts[1]["images"][0]["url"] == "https://example.com/a.png"
    (tmp_path / "plan.json").write_text(json.dumps({"prompts": ["A red kite"]}))
    assert read_plan(tmp_path / "plan.json").prompts == ["A red kite"]
    (tmp_path / "list.yaml").write_text("- one\n- two\n")
    assert read_plan(tmp_path / "list.yaml").prompts == ["one", "two"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prompt: [x]", "no 'prompt' here; prompts is known"),
        ("prompts: x", "`prompts` is a list"),
        ("models: [7]\nprompts: [x]", "`models` is a list of variants"),
        ("repeat: true", "`repeat` is a whole number"),
        ("prompts: [x", "line 1"),
        ("a: b: c", "line 1"),
        ("x: !!python/object:os.system {}", "line 1"),
        ("\x00", "plan"),
        ("[" * 5000, "plan"),
        ("7", "an object is wanted"),
    ],
)
def test_a_file_that_is_wrong_is_said(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "plan").write_text(text)
    with pytest.raises(PlanError, match=words):
        read_plan(tmp_path / "plan")


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="cannot be read"):
        read_plan(tmp_path / "none")
    (tmp_path / "latin").write_bytes(b"\xe9")
    with pytest.raises(PlanError, match="not UTF-8"):
        read_plan(tmp_path / "latin")


def test_differences_name_each_place() -> None:
    here = {"a": 1, "b": [1, {"c": 2}], "d": True}
    there = {"a": 1.0, "b": [1, {"c": 3}, 4], "e": None}
    found = {item.path: (item.here, item.there, item.only) for item in differences(here, there)}
    assert found == {
        "a": (1, 1.0, None),
        "b[1].c": (2, 3, None),
        "b[2]": (None, 4, "there"),
        "d": (True, None, "here"),
        "e": (None, None, "there"),
    }


@given(here=JSON, there=JSON)
def test_nothing_differs_only_where_all_is_the_same(here: Any, there: Any) -> None:
    found = differences(here, there)
    assert (not found) == (json.dumps(here, sort_keys=True) == json.dumps(there, sort_keys=True))
    assert len(found) == len(differences(there, here))
    assert not differences(here, here)


def cell(state: Any, estimate: float | None) -> Cell:
    return Cell(id=f"{state}{estimate}", row=0, variant="a/b", state=state, estimate=estimate)


def test_only_what_is_not_paid_for_is_added_up() -> None:
    cells = [cell("planned", 0.5), cell("planned", None), cell("recorded", 0.25)]
    found = total([*cells, cell("queued", 9.0), cell("cannot", None), cell("completed", 9.0)])
    assert found == Total(tasks=3, known=0.75, unknown=1)
    assert str(found) == "3 tasks, about 0.75 USD and 1 of unknown cost"
    assert str(total([])) == "0 tasks, about 0 USD"
    assert str(total([cell("planned", None)])) == "1 task, cost unknown"


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"max_cost": None, "max_tasks": 2}, "3 tasks would be paid for"),
        ({"max_cost": 0.7, "max_tasks": None}, "0.75 USD would be spent"),
    ],
)
def test_a_limit_that_would_be_passed_refuses(limits: Any, words: str) -> None:
    hold(Total(tasks=3, known=0.75, unknown=0), max_cost=0.75, max_tasks=3)
    with pytest.raises(BudgetError, match=words):
        hold(Total(tasks=3, known=0.75, unknown=0), **limits)


def test_what_is_unknown_is_within_no_limit() -> None:
    with pytest.raises(BudgetError, match="1 of 3 tasks have no known cost"):
        hold(Total(tasks=3, known=0.0, unknown=1), max_cost=100.0, max_tasks=None)
    hold(Total(tasks=0, known=0.0, unknown=0), max_cost=0.0, max_tasks=0)
