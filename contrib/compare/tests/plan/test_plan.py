"""Plans: read, refused with a message, and added up before anything is paid for."""

import datetime
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rushes import Image, Request
from rushes_compare import BudgetError, PlanError
from rushes_compare._check.budget import CostTotal, describe_cost, enforce_limits, total_cost
from rushes_compare._plan.plan import make_plan
from rushes_compare._plan.plan_file import _parse_text, read_plan_file
from rushes_compare._plan.prices import estimate
from rushes_compare._results.payload_diff import diff_payloads
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
    plan = make_plan(requests, ["a/b", "c/d"], 2, {"duration": 15, "resolution": "1080p"})
    assert [row.name for row in plan.rows] == ["1", "2", "dusk"]
    assert [row.request["duration"] for row in plan.rows] == [15, 5, 10]
    assert plan.rows[1].request["images"] == [{"url": "a.png", "role": "first_frame"}]
    assert all(row.request["resolution"] == "1080p" for row in plan.rows)
    assert make_plan("A kite", ["a/b"]).rows == make_plan(["A kite"], ["a/b"]).rows


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([], ["a/b"]), "no prompt"),
        (("x", []), "no variant"),
        (("x", ["a/b"], 0), "repeats is 0; it must be at least 1"),
        (("x", ["a/b", "a/b"]), "'a/b' is given 2 times"),
        (([7], ["a/b"]), "prompt 1 must be text or an object, not 7"),
        (([{"name": 7}], ["a/b"]), "name of prompt 1 must be text, not 7"),
        (([{"name": "x"}, {"name": "x"}], ["a/b"]), "name of a row 'x'"),
        (("x", [7], 1), "a variant must be text, not 7"),
        (("x", ["a/b"], "2"), "a whole number, not '2'"),
        (("x", ["a/b"], True), "a whole number, not True"),
        ((["x", "\ud83d"], ["a/b"]), "prompt 2 contains a lone surrogate .U.D83D."),
        (([{"name": "\udc00", "prompt": "x"}], ["a/b"]), "name of prompt 1 contains a lone"),
        (([{"prompt": object()}], ["a/b"]), "prompt 1 is not plain JSON"),
        (([{"prompt": "x", "images": {"a.png"}}], ["a/b"]), "prompt 1 is not plain JSON"),
        (([{"prompt": datetime.date(2025, 1, 1)}], ["a/b"]), "prompt 1 is not plain JSON"),
        (([{"prompt": "x", "guidance": float("nan")}], ["a/b"]), "prompt 1 is not plain JSON"),
        ((["x"], ["a/b"], 1, {"seed": b"x"}), "prompt 1 is not plain JSON"),
    ],
)
def test_a_plan_that_cannot_be_run_is_an_error(arguments: Any, words: str) -> None:
    with pytest.raises(PlanError, match=words):
        make_plan(*arguments)


def test_a_single_variant_need_not_be_in_a_list() -> None:
    assert make_plan("x", "toapis/kling-v3").variants == ["toapis/kling-v3"]


def test_a_request_that_contains_itself_is_an_error() -> None:
    request: dict[str, Any] = {"prompt": "x"}
    request["extra"] = [request]
    with pytest.raises(PlanError, match="prompt 1 is not plain JSON: Circular"):
        make_plan([request], ["a/b"])
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(PlanError, match="prompt 1 is nested too deeply"):
        make_plan([{"prompt": deep}], ["a/b"])


def test_parts_of_a_request_may_be_objects() -> None:
    plan = make_plan([{"prompt": "x", "images": (Image("a.png", "first_frame"),)}], ["a/b"])
    assert plan.rows[0].request["images"] == [{"url": "a.png", "role": "first_frame"}]


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


def test_a_plan_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(YAML)
    wanted = read_plan_file(tmp_path / "plan.yaml")
    assert (wanted.models, wanted.repeat) == (["toapis/kling-v3", "apimart/kling-v3"], 2)
    assert wanted.settings["images"][0]["url"] == str(tmp_path / "start.png")
    assert wanted.prompts[1]["images"][0]["url"] == "https://example.com/a.png"
    (tmp_path / "plan.json").write_text(json.dumps({"prompts": ["A red kite"]}))
    assert read_plan_file(tmp_path / "plan.json").prompts == ["A red kite"]
    (tmp_path / "list.yaml").write_text("- one\n- two\n")
    assert read_plan_file(tmp_path / "list.yaml").prompts == ["one", "two"]


def test_json_may_be_indented_with_tabs(tmp_path: Path) -> None:
    text = '\ufeff{\n\t"prompts": [\n\t\t"one"\n\t]\n}'
    for name in ("plan.json", "plan"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert read_plan_file(tmp_path / name).prompts == ["one"]
    (tmp_path / "flow.json").write_text("{prompts: [one]}")
    assert read_plan_file(tmp_path / "flow.json").prompts == ["one"]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("16:9", "16:9"),
        ("1:1.5", "1:1.5"),
        ("2025-01-01", "2025-01-01"),
        ("2025-13-45", "2025-13-45"),
        ("010", "010"),
        ("-7", -7),
        ("0", 0),
        ("5.5", 5.5),
        (".5", 0.5),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("~", None),
        ("yes", "yes"),
        ("1e2", 100.0),
        ("true", True),
        ("", None),
        ("=", "="),
    ],
)
def test_yaml_values_equal_those_of_json(tmp_path: Path, written: str, value: Any) -> None:
    (tmp_path / "plan").write_text(f"settings: {{extra: {{x: {written}}}}}\nprompts: [x]")
    found = read_plan_file(tmp_path / "plan").settings["extra"]["x"]
    assert (found, type(found)) == (value, type(value))


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_json_numbers_are_numbers_in_yaml(number: float) -> None:
    assert _parse_text(f"x: {json.dumps(number)}", is_json=False) == {"x": number}


def test_images_of_subjects_are_relative_to_the_plan_file(tmp_path: Path) -> None:
    (tmp_path / "plan").write_text(
        "prompts: [{prompt: x, subjects: [{name: Ann, images: [ann.png, 'https://a.example/b']}]}]"
    )
    subject = read_plan_file(tmp_path / "plan").prompts[0]["subjects"][0]
    assert subject["images"] == [str(tmp_path / "ann.png"), "https://a.example/b"]
    (tmp_path / "plan").write_text("prompts: [{prompt: x, subjects: [7, {images: 8}]}]")
    assert read_plan_file(tmp_path / "plan").prompts[0]["subjects"] == [7, {"images": 8}]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prompts: [!!int x]", "plan: "),
        ("prompt: [x]", r"plan: prompt: there is no such field \(nearest: prompts\)"),
        ("prices: [7]\nprompts: [x]", "`prices` must be an object, like"),
        ("prices: {a/b: 0.4}\nprompts: [x]", r"prices\[a/b\]: '0.4' is not a price"),
        ("prompts: x", "`prompts` must be a list, not 'x'"),
        (
            "models: [7]\nprompts: [x]",
            r"`models` must be a list of variants, not .* \(Expected `str`, .* at `models\[0\]`\)",
        ),
        ("settings: {1: 2}", "`settings` must be an object, .* at `key` in `settings`"),
        ("repeat: true", "`repeat` must be a whole number, not True"),
        ("prompts: [x", "line 1"),
        ("a: b: c", "line 1"),
        ("x: !!python/object:os.system {}", "line 1"),
        ("prompts: [x]\nprompts: [y]", "line 2: found duplicate key"),
        ('{"prompts": ["x"], "prompts": ["y"]}', "line 1: found duplicate key"),
        ("\x00", "plan"),
        ("[" * 5000, "plan"),
        ("7", "must be an object with the list `prompts`"),
    ],
)
def test_an_invalid_plan_file_is_an_error(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "plan").write_text(text)
    with pytest.raises(PlanError, match=words):
        read_plan_file(tmp_path / "plan")


def test_aliases_may_repeat_within_bounds(tmp_path: Path) -> None:
    (tmp_path / "plan").write_text("settings: {extra: &a {x: 1}}\nprompts: [{extra: *a}]")
    assert read_plan_file(tmp_path / "plan").prompts == [{"extra": {"x": 1}}]
    lines = [f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]" for n in range(1, 9)]
    (tmp_path / "plan").write_text("\n".join(["x0: &x0 [y]", *lines, "prompts: *x8"]))
    with pytest.raises(PlanError, match="aliases repeat more than 1,000,000 values"):
        read_plan_file(tmp_path / "plan")
    (tmp_path / "plan").write_text("prompts: &a [*a]")
    with pytest.raises(PlanError, match="aliases repeat"):
        read_plan_file(tmp_path / "plan")


def test_a_plan_file_that_is_too_large_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "plan").write_bytes(b" " * (4 * 1024 * 1024 + 1))
    with pytest.raises(PlanError, match="larger than 4 MiB"):
        read_plan_file(tmp_path / "plan")
    endless = tmp_path / "endless.yaml"
    endless.symlink_to("/dev/zero")
    with pytest.raises(PlanError, match="larger than 4 MiB"):
        read_plan_file(endless)


def test_an_unreadable_plan_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="cannot be read"):
        read_plan_file(tmp_path / "none")
    (tmp_path / "latin").write_bytes(b"\xe9")
    with pytest.raises(PlanError, match="not UTF-8"):
        read_plan_file(tmp_path / "latin")


def test_differences_name_each_place() -> None:
    here = {"a": 1, "b": [1, {"c": 2}], "d": True}
    there = {"a": 1.0, "b": [1, {"c": 3}, 4], "e": None}
    found = {item.path: (item.here, item.there, item.only) for item in diff_payloads(here, there)}
    assert found == {
        "a": (1, 1.0, None),
        "b[1].c": (2, 3, None),
        "b[2]": (None, 4, "there"),
        "d": (True, None, "here"),
        "e": (None, None, "there"),
    }


@given(here=JSON, there=JSON)
def test_only_equal_payloads_have_no_difference(here: Any, there: Any) -> None:
    found = diff_payloads(here, there)
    assert (not found) == (json.dumps(here, sort_keys=True) == json.dumps(there, sort_keys=True))
    assert len(found) == len(diff_payloads(there, here))
    assert not diff_payloads(here, here)


def cell(state: Any, estimate: float | None) -> Cell:
    return Cell(id=f"{state}{estimate}", row=0, variant="a/b", state=state, estimate=estimate)


def test_only_unpaid_cells_are_added_up() -> None:
    cells = [cell("planned", 0.5), cell("planned", None), cell("recorded", 0.25)]
    found = total_cost([*cells, cell("queued", 9.0), cell("cannot", None), cell("completed", 9.0)])
    assert found == CostTotal(tasks=3, known=0.75, unknown=1, unpriced=("a/b",))
    assert str(total_cost([])) == "0 tasks: 0 USD"
    assert str(total_cost([cell("planned", None)])) == "1 task: no price is known"
    assert str(total_cost([cell("planned", 0.5)])) == "1 task: about 0.5 USD"


@given(st.integers(1, 20), st.integers(0, 20))
def test_the_known_part_of_the_cost_is_stated(priced: int, unknown: int) -> None:
    total = str(CostTotal(tasks=priced + unknown, known=0.336, unknown=unknown))
    assert ("no price is known" in total) == bool(unknown)
    assert (f"about 0.336 USD for {priced} of {priced + unknown};" in total) == bool(unknown)


def test_a_partly_known_cost_is_a_sentence() -> None:
    assert str(CostTotal(tasks=8, known=0.336, unknown=7)) == (
        "8 tasks: about 0.336 USD for 1 of 8; no price is known for the other 7"
    )
    assert str(CostTotal(tasks=2, known=0.336, unknown=1)).endswith("for the other one")
    assert describe_cost(0.5, 2, 0, "estimated") == "0.5 USD, estimated"
    assert describe_cost(0.5, 2, 1, "partly estimated") == (
        "0.5 USD, partly estimated, for 1 of 2; no price is known for the other one"
    )


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"max_cost": None, "max_tasks": 2}, "3 tasks would be paid for"),
        ({"max_cost": 0.7, "max_tasks": None}, "0.75 USD would be spent"),
    ],
)
def test_a_limit_that_would_be_exceeded_is_an_error(limits: Any, words: str) -> None:
    enforce_limits(CostTotal(tasks=3, known=0.75, unknown=0), max_cost=0.75, max_tasks=3)
    with pytest.raises(BudgetError, match=words):
        enforce_limits(CostTotal(tasks=3, known=0.75, unknown=0), **limits)


def test_an_unknown_cost_exceeds_every_limit() -> None:
    found = CostTotal(tasks=3, known=0.0, unknown=1, unpriced=("a/b",))
    with pytest.raises(BudgetError, match=r"1 of 3 tasks have no known cost.*: a/b\. Give"):
        enforce_limits(found, max_cost=100.0, max_tasks=None)
    enforce_limits(CostTotal(tasks=0, known=0.0, unknown=0), max_cost=0.0, max_tasks=0)


WRONG = """
models: [toapis/kling-v4, apimart/kling-v3]
repeats: 2
settings: {duraton: 5, extra: {anything: 1}}
prices: {apimart/kling-v2: 0.1/s, toapis/kling-v3: cheap}
prompts:
  - A red kite
  - {promt: Dusk, images: [{url: a.png, roll: first_frame}]}
  - {prompt: x, shots: [{prompt: a, seconds: 2}], subjects: [{nam: Ann}, 7]}
"""


def test_all_unknown_names_are_reported_at_once_with_their_places(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(WRONG)
    with pytest.raises(PlanError) as raised:
        read_plan_file(tmp_path / "plan.yaml", ["toapis/kling-v3", "apimart/kling-v3"])
    errors = str(raised.value).replace(f"{tmp_path / 'plan.yaml'}: ", "").splitlines()
    places = {
        "repeats": "repeat",
        "settings.duraton": "nearest: duration",
        "prompts[1].promt": "nearest: prompt",
        "prompts[1].images[0].roll": "nearest: role",
        "prompts[2].shots[0].seconds": "accepted: prompt, duration",
        "prompts[2].subjects[0].nam": "nearest: name",
        "prices[toapis/kling-v3]": "0.08/s",
        "models[0]": "nearest: toapis/kling-v3",
        "prices": "nearest: apimart/kling-v3",
    }
    assert [line.partition(": ")[0] for line in errors] == list(places)
    for line, near in zip(errors, places.values(), strict=True):
        assert near in line
    assert (len(raised.value.reasons), len(raised.value.uninstalled)) == (7, 2)


def test_unknown_names_are_refused_from_python_too() -> None:
    with pytest.raises(PlanError) as raised:
        make_plan(
            ["x", {"prompt": "x", "duraton": 5}],
            ["a/b", "a/c"],
            settings={"sound": True},
            prices={"a/b": "1", "a/d": "1/s"},
            installed=["a/b"],
        )
    errors = [line.partition(": ")[0] for line in str(raised.value).splitlines()]
    assert errors == [
        "settings.sound", "prices[a/b]", "requests[1].duraton", "variants[1]", "prices",
    ]  # fmt: skip
    with pytest.raises(PlanError, match=r"request\.promt: .*nearest: prompt"):
        make_plan({"promt": "x"}, ["a/b"])


def test_a_price_of_a_variant_that_is_not_compared_is_refused() -> None:
    with pytest.raises(PlanError, match=r"for 'a/c', which is not compared \(compared: a/b\)"):
        make_plan("x", "a/b", prices={"a/b": "1/s", "a/c": "1/s"}, installed=["a/b", "a/c"])
    with pytest.raises(PlanError, match="there is no variant"):
        make_plan("x", [], prices={"a/c": "1/s"})
    assert make_plan("x", ["a/b", "a/c"], prices={"a/c": "1/s"}).prices == {"a/c": "1/s"}


@given(st.text(max_size=12))
def test_a_price_is_a_number_and_a_unit(text: str) -> None:
    with pytest.raises(ValueError, match="is not a price"):
        estimate(text, 5.0)


@given(st.decimals(0, 999, places=3), st.floats(0.1, 600) | st.none())
def test_a_price_per_second_needs_a_duration(usd: Decimal, seconds: float | None) -> None:
    assert estimate(f"{usd:f}/task", seconds) == float(usd)
    by_second = estimate(f"{usd:f}/s", seconds)
    if seconds is None:
        assert by_second is None
    else:
        assert by_second == pytest.approx(float(usd) * seconds, abs=1e-6)
