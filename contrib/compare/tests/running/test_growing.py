"""A comparison that grows: only what is new is paid for."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from comparison_runs import PAIR, TWO_SIZES_SMALLER, Comparing, Interruption, interrupt
from hypothesis import given
from hypothesis import strategies as st
from rushes_compare import BudgetError, FolderError, PlanError
from rushes_compare._plan.growth import merge_plan, not_in_plan
from rushes_compare._plan.plan import Plan, make_plan
from rushes_compare._results.results_file import ResultsFile, read_results
from rushes_compare.results import Results, Row

pytestmark = [
    pytest.mark.usefixtures("working_directory"),
    pytest.mark.rushes_sandbox(lies=TWO_SIZES_SMALLER),
]


def bills(comparing: Comparing) -> int:
    return len(comparing.sandbox.created)


def test_only_added_prompts_variants_and_repetitions_are_paid_for(
    comparing: Comparing, tmp_path: Path
) -> None:
    first = comparing("A red kite")
    assert bills(comparing) == 2
    with pytest.raises(BudgetError, match="2 tasks would be paid"):
        comparing(["A red kite", "A dune"], max_tasks=1)
    prompts = comparing(["A dune", "A red kite"], max_tasks=2)
    assert bills(comparing) == 4
    three = [*PAIR, "uniall/kling-v3-std-silent"]
    variants = comparing(["A dune", "A red kite"], three, max_tasks=2)
    assert bills(comparing) == 6
    repeats = comparing(["A dune", "A red kite"], three, repeats=2, max_tasks=6)
    assert bills(comparing) == 12
    assert all(cell.video for cell in repeats.cells)
    # Existing cells keep their id, file and place; their rows keep their number, and votes.
    kept = {cell.id: cell for cell in repeats.cells}
    for before in (first, prompts, variants):
        assert repeats.id == before.id
        for cell in before.cells:
            assert kept[cell.id].video == cell.video
            assert kept[cell.id].row == cell.row
    assert [(row.name, row.request["prompt"]) for row in repeats.rows] == [
        ("1", "A red kite"), ("2", "A dune"),
    ]  # fmt: skip
    order = [
        (cell.row, repeats.variants.index(cell.variant), cell.repeat) for cell in repeats.cells
    ]
    assert order == sorted(order)
    assert comparing(["A dune", "A red kite"], three, repeats=2, max_tasks=0) == repeats
    assert read_results(tmp_path / "comparison") == repeats


def test_an_unfinished_comparison_can_grow(comparing: Comparing) -> None:
    with pytest.raises(Interruption):
        comparing("A red kite", [PAIR[0]], on_change=interrupt)
    results = comparing("A red kite", repeats=2)
    assert all(cell.video for cell in results.cells)
    assert bills(comparing) == 4


def test_cells_missing_from_the_plan_are_named(comparing: Comparing) -> None:
    comparing({"name": "kite", "prompt": "A red kite"}, repeats=2)
    for requests, variants, repeats, words in (
        ("A dune", PAIR, 2, "the row 'kite'"),
        ("A red kite", PAIR[:1], 2, PAIR[1]),
        ("A red kite", PAIR, 1, "2 repetitions"),
    ):
        with pytest.raises(FolderError, match=f"other requests or variants .*{words}"):
            comparing(requests, variants, repeats=repeats)
    assert bills(comparing) == 4


def results(requests: list[str], variants: list[str] = PAIR) -> Results:
    plan = make_plan(requests, variants)
    return Results(id="a", created_at=0, rows=plan.rows, variants=plan.variants, cells=[])


def test_names_are_kept_and_numbers_are_positions() -> None:
    there = results(["A", "B"])
    plan = make_plan(
        ["C", {"name": "bee", "prompt": "B"}, "A", {"name": "dee", "prompt": "D"}], PAIR
    )
    merged = [(row.name, row.request["prompt"]) for row in merge_plan(there, plan).rows]
    assert merged == [("1", "A"), ("bee", "B"), ("3", "C"), ("dee", "D")]
    again = make_plan([{"name": "1", "prompt": "E"}], PAIR)
    rows = merge_plan(there, again).rows
    assert [row.name for row in rows] == ["1", "2", "3"]
    named = make_plan([{"name": "2", "prompt": "E"}], PAIR)
    with pytest.raises(PlanError, match="name of a row '2'"):
        merge_plan(there, named)


@given(st.lists(st.sampled_from("ABC"), max_size=6), st.lists(st.sampled_from("ABC"), max_size=6))
def test_a_comparison_and_a_plan_become_one(there: list[str], more: list[str]) -> None:
    """As multisets of prompts: the union, existing ones first and in their order."""

    def rows(prompts: list[str]) -> list[Row]:
        return [Row(name=str(n), request={"prompt": text}) for n, text in enumerate(prompts, 1)]

    held = Results(id="a", created_at=0, rows=rows(there), variants=[], cells=[])
    plan = Plan(rows=rows(more), variants=[])
    both = [row.request["prompt"] for row in merge_plan(held, plan).rows]
    assert both[: len(there)] == there
    for text in "ABC":
        assert both.count(text) == max(there.count(text), more.count(text))
    assert len(list(not_in_plan(held, plan))) == sum(
        max(0, there.count(text) - more.count(text)) for text in "ABC"
    )


def test_two_runs_that_add_at_once_lose_nothing(comparing: Comparing, tmp_path: Path) -> None:
    """What another run has added is not overwritten by one that does not know of it."""
    comparing("A red kite", [PAIR[0]])
    before = read_results(tmp_path / "comparison")
    comparing("A red kite", PAIR)
    with pytest.raises(FolderError, match="another run has just added to"):
        ResultsFile(tmp_path / "comparison", before).create()
    assert read_results(tmp_path / "comparison").variants == PAIR


def test_variants_keep_the_order_in_which_they_were_added(comparing: Comparing) -> None:
    comparing("A red kite", [PAIR[1]])
    found = comparing("A red kite", PAIR)
    assert found.variants == [PAIR[1], PAIR[0]]
    assert bills(comparing) == 2
    assert msgspec.json.encode(found)


def prices(results: Results) -> dict[str, Any]:
    return {cell.variant: cell.estimate for cell in results.cells}


def test_a_given_price_limits_the_cost(comparing: Comparing, tmp_path: Path) -> None:
    given = {PAIR[0]: "0.1/s", PAIR[1]: "9/task", "uniall/kling-v3-std-silent": "0.25/task"}
    three = [*PAIR, "uniall/kling-v3-std-silent"]
    with pytest.raises(BudgetError, match=r"1\.236 USD would be spent"):
        comparing("A red kite", three, prices={**given, three[2]: "0.4/task"}, max_cost=1)
    assert comparing.sandbox.exchanges == []
    results = comparing("A red kite", three, prices=given, max_cost=1.1)
    # The provider's own default length; a price that is known counts, the one given does not.
    assert prices(results) == {PAIR[0]: 0.5, PAIR[1]: 0.336, three[2]: 0.25}
    assert [note.code for note in results.cells[1].notes] == ["price"]
    assert results.prices == given
    with pytest.raises(BudgetError, match=r"1\.086 USD would be spent"):  # they are kept
        comparing("A red kite", three, repeats=2, max_cost=1)
    assert bills(comparing) == 3
    with pytest.raises(PlanError, match="'toapis/kling-v3-omni', which is not compared"):
        comparing("A red kite", three, prices={"toapis/kling-v3-omni": "1/s"})


def test_a_price_per_second_applies_to_the_duration_that_is_sent(comparing: Comparing) -> None:
    uniall = "uniall/kling-v3-std-silent"
    with pytest.raises(
        BudgetError, match=f"have no known cost.*{uniall}"
    ):  # its default is unknown
        comparing("A", [uniall], prices={uniall: "0.1/s"}, max_cost=100)
    results = comparing(
        {"prompt": "A", "duration": 4}, [uniall], prices={uniall: "0.1/s"}, max_cost=1
    )
    assert prices(results) == {uniall: 0.4}
    request = {"prompt": "A", "extra": {"duration": 3}}
    native = comparing(request, [uniall], prices={uniall: "0.1/s"}, max_cost=1, folder="other")
    assert prices(native) == {uniall: 0.3}


def test_a_comparison_does_not_move_between_stand_in_and_provider(
    comparing: Comparing, tmp_path: Path
) -> None:
    real = {"toapis": "https://toapis.example"}
    comparing("A red kite", [PAIR[0]])
    with pytest.raises(FolderError, match="started with a stand-in on this machine for toapis"):
        comparing("A red kite", [PAIR[0]], repeats=2, base_urls=real)
    assert bills(comparing) == 1
    again = comparing("A red kite", [PAIR[0]], base_urls=real)  # nothing is left to be sent
    assert again.cells[0].video
    there = msgspec.structs.replace(again, local=[])
    (tmp_path / "comparison" / "results.json").write_bytes(msgspec.json.encode(there))
    with pytest.raises(FolderError, match="started with the real provider for toapis"):
        comparing("A red kite", [PAIR[0]], repeats=2)
    assert bills(comparing) == 1


@pytest.mark.parametrize("fault", ["status-failed", "download-html"])
def test_a_failure_at_a_stand_in_is_not_retried_at_the_provider(
    comparing: Comparing, fault: str
) -> None:
    comparing.sandbox.inject(fault, gateway="toapis", times=None)
    comparing("A red kite", [PAIR[0]])
    real = {"toapis": "https://toapis.example"}
    with pytest.raises(FolderError, match="started with a stand-in on this machine for toapis"):
        comparing("A red kite", [PAIR[0]], redo="failed", base_urls=real)
    assert bills(comparing) == 1
