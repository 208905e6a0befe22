"""Comparisons against the sandbox: every cell to its end, nothing paid for twice."""

import asyncio
import csv
import json
import re
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
from comparison_runs import PAIR, TWO_SIZES_SMALLER, Comparing, Interruption, interrupt
from rushes import AsyncClient, Client
from rushes_compare import BudgetError, FolderError, Results, compare, compare_async, load
from rushes_compare._check.check_plan import check_plan
from rushes_compare._command.exit_code import exit_code, preview_exit_code
from rushes_compare._plan.plan import make_plan
from rushes_compare._results.results_file import read_results
from rushes_compare.results import Cell
from rushes_sandbox import Sandbox

pytestmark = [
    pytest.mark.usefixtures("working_directory"),
    pytest.mark.rushes_sandbox(lies=TWO_SIZES_SMALLER),
]


def test_every_cell_has_its_video_measured(comparing: Comparing, tmp_path: Path) -> None:
    results = comparing(["A red kite", "A dune"], settings={"duration": 5})
    assert len(results.cells) == len(comparing.sandbox.created) == 4
    for cell in results.cells:
        assert (cell.state, cell.failure) == ("completed", None)
        assert cell.video
        assert (tmp_path / "comparison" / cell.video.file).is_file()
        assert cell.video.poster
        assert (tmp_path / "comparison" / cell.video.poster).is_file()
        assert {promise.name for promise in cell.promises} >= {"duration"}
        assert all(promise.kept is not False for promise in cell.promises)
        assert cell.timing.accepting is not None
        assert cell.payload
        assert cell.payload["duration"] == 5
        assert cell.variant.split("/")[1] not in cell.video.file
    assert [cell.billed for cell in results.cells if cell.variant == PAIR[1]] == [0.336] * 2
    assert results.local == ["apimart", "toapis"]
    assert exit_code(results) == 0
    assert read_results(tmp_path / "comparison") == results
    assert (tmp_path / "comparison" / "report.html").is_file()
    states = [cell.state for cell in comparing.seen if cell.id == results.cells[0].id]
    assert states[0] == "planned"
    assert states[-1] == "completed"


def test_running_again_pays_for_nothing_again(comparing: Comparing, tmp_path: Path) -> None:
    first = comparing("A red kite", repeats=2)
    assert comparing("A red kite", repeats=2) == first
    assert len(comparing.sandbox.created) == 4
    with pytest.raises(FolderError, match="other requests"):
        comparing("Another kite", repeats=2)
    again = comparing("A red kite", repeats=2, folder=tmp_path / "new")
    assert len(comparing.sandbox.created) == 8
    assert again.id != first.id


def test_an_interrupted_run_continues_without_a_second_post(comparing: Comparing) -> None:
    with pytest.raises(Interruption):
        comparing("A red kite", on_change=interrupt)
    results = comparing("A red kite")
    assert all(cell.video for cell in results.cells)
    assert len(comparing.sandbox.created) == 2


def test_after_an_interrupted_run_no_cell_is_running(
    rushes_sandbox: Sandbox, tmp_path: Path
) -> None:
    """Otherwise cells would go on with a client that is closed."""

    async def left() -> int:
        async with AsyncClient(
            keys=dict.fromkeys(rushes_sandbox.base_urls, rushes_sandbox.key),
            base_urls=rushes_sandbox.base_urls,
            home=tmp_path / "home",
        ) as client:
            with pytest.raises(Interruption):
                await compare_async("A red kite", PAIR, client=client, on_change=interrupt)
            return sum(not task.cancelling() for task in asyncio.all_tasks())

    assert asyncio.run(left()) == 1  # this one


def test_refused_and_failed_cells_do_not_stop_the_others(comparing: Comparing) -> None:
    variants = ["toapis/kling-v3-omni", *PAIR, "uniall/kling-v3-std-silent"]
    comparing.sandbox.inject("status-failed", gateway="toapis", times=None)
    results = comparing(
        {"prompt": "A red kite", "audio": True, "resolution": "1080p"},
        variants,
        base_urls={"uniall": "nowhere"},  # no better than a broken plugin
    )
    omni, failed, done, broken = results.cells
    assert (omni.state, omni.problems[0].path) == ("cannot", "audio")
    assert (broken.state, broken.problems[0].code) == ("cannot", "variant")
    assert failed.state == "failed"
    assert failed.failure
    assert (failed.failure.kind, bool(failed.failure.reason)) == ("TaskEndedError", True)
    assert done.video
    assert exit_code(results) == 5


def test_failed_cells_are_started_again_only_with_redo(comparing: Comparing) -> None:
    order = comparing.sandbox.inject("status-failed", gateway="toapis", times=None)
    comparing("A red kite")
    order.cancel()
    assert comparing("A red kite").cells[0].state == "failed"
    assert len(comparing.sandbox.created) == 2
    results = comparing("A red kite", redo="failed")
    assert [cell.attempt for cell in results.cells] == [2, 1]
    assert all(cell.video for cell in results.cells)
    assert len(comparing.sandbox.created) == 3


def test_an_unknown_outcome_is_not_started_again(comparing: Comparing) -> None:
    comparing.sandbox.inject("drop-after-create", gateway="uniall")
    variant = ["uniall/kling-v3-std-silent"]
    assert exit_code(comparing("A red kite", variant)) == 7
    results = comparing("A red kite", variant, redo="failed")
    assert results.cells[0].state == "unknown"
    assert len(comparing.sandbox.created) == 1


@pytest.mark.parametrize("limit", [{"max_tasks": 1}, {"max_cost": 0.1}])
def test_a_limit_is_enforced_before_anything_is_sent(comparing: Comparing, limit: Any) -> None:
    with pytest.raises(BudgetError, match="nothing was sent"):
        comparing("A red kite", [PAIR[1]], repeats=2, **limit)
    assert comparing.sandbox.exchanges == []


def test_concurrency_limits_the_tasks_at_each_provider(comparing: Comparing) -> None:
    under_way: set[str] = set()
    most = 0

    def count(cell: Cell) -> None:
        nonlocal most
        if cell.video or cell.failure:
            under_way.discard(cell.id)
        elif cell.state in ("sending", "queued", "in_progress"):
            under_way.add(cell.id)
        most = max(most, len(under_way))

    results = comparing("A red kite", [PAIR[0]], repeats=5, concurrency=2, on_change=count)
    assert all(cell.video for cell in results.cells)
    assert most == 2


def test_the_tables_match_the_results(comparing: Comparing, tmp_path: Path) -> None:
    results = comparing({"name": "=1+1", "prompt": "@A red kite"})
    folder = tmp_path / "comparison"
    with (folder / "results.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["variant"] for line in lines] == PAIR
    assert {line["pool"] for line in lines} == {"From text, without sound"}
    assert (lines[0]["row"], lines[0]["prompt"]) == ("'=1+1", "'@A red kite")
    assert json.loads(lines[1]["payload"]) == results.cells[1].payload
    with duckdb.connect() as connection:
        query = "SELECT row, width, billed_usd FROM read_parquet(?) ORDER BY billed_usd"
        found = connection.execute(query, [str(folder / "results.parquet")]).fetchall()
    assert found == [("=1+1", 428, 0.336), ("=1+1", 428, None)]


def test_a_comparison_is_read_back_typed(comparing: Comparing, tmp_path: Path) -> None:
    results = comparing("A <b>red</b> kite")
    loaded = load("comparison")
    assert list(loaded) == results.cells
    assert len(loaded) == 2
    path = loaded.video(results.cells[0])
    assert path
    assert path.is_file()
    assert results.id in repr(loaded)
    table = loaded._repr_html_()
    assert "<video" in table
    assert "<b>red" not in table
    with pytest.raises(FolderError, match="no comparison"):
        load(tmp_path)
    for text, words in (
        ("{", "is not a comparison"),
        ('{"schema": 99}', "version 99"),
        ('{"schema": 1}', "damaged"),
    ):
        (tmp_path / "results.json").write_text(text)
        with pytest.raises(FolderError, match=words):
            load(tmp_path)
    assert msgspec.json.schema(Results)


@pytest.mark.rushes_sandbox(lies=["smaller"])
def test_a_variant_is_checked_against_what_it_always_delivers(comparing: Comparing) -> None:
    silent, with_sound = "uniall/kling-v3-std-silent", "uniall/kling-v3-pro-audio"
    by_variant = {
        cell.variant: {one.name: (one.asked, one.kept) for one in cell.promises}
        for cell in comparing("A red kite", [silent, with_sound]).cells
    }
    assert by_variant[silent]["resolution"] == ("720p, as always", False)
    assert by_variant[with_sound]["resolution"] == ("1080p, as always", False)
    assert by_variant[silent]["audio"] == ("no sound, as always", True)
    assert by_variant[with_sound]["audio"] == ("sound, as always", True)


def test_a_row_that_no_variant_accepts_sets_the_exit_code(comparing: Comparing) -> None:
    requests = ["A red kite", {"prompt": "A dune", "duration": 99}]
    results = comparing(requests)
    assert [cell.state for cell in results.cells] == ["completed", "completed", "cannot", "cannot"]
    assert exit_code(results) == preview_exit_code(results) == 4
    assert exit_code(comparing(requests[:1], folder="other")) == 0


def page_data(folder: Path) -> dict[str, Any]:
    """Return a page's data."""
    text = (folder / "report.html").read_text()
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_the_page_exists_before_anything_is_sent_and_is_kept_up_to_date(
    comparing: Comparing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rushes_compare.comparison.PAGE_EVERY", 0)
    order = comparing.sandbox.inject("stall-before-create", gateway="apimart")
    sent: list[int] = []
    seen: list[dict[str, Any]] = []

    def look(cell: Cell) -> None:
        sent.append(len(comparing.sandbox.exchanges))
        seen.append(page_data(tmp_path / "comparison"))
        if cell.video:
            order.release()

    results = comparing("A red kite", on_change=look)
    assert sent[0] == 0
    assert all(data["under_way"] for data in seen)
    assert {cell["state"] for cell in seen[0]["cells"]} == {"planned"}
    # One has its video while the other is on its way.
    assert any([bool(cell["video"]) for cell in data["cells"]] == [True, False] for data in seen)
    last = page_data(tmp_path / "comparison")
    assert last["under_way"] is False
    assert [cell["state"] for cell in last["cells"]] == [cell.state for cell in results.cells]


def test_an_interrupted_run_leaves_a_page_that_shows_it(
    comparing: Comparing, tmp_path: Path
) -> None:
    with pytest.raises(Interruption):
        comparing("A red kite", on_change=interrupt)
    data = page_data(tmp_path / "comparison")
    assert data["under_way"] is False
    assert any(cell["state"] not in ("completed", "cannot") for cell in data["cells"])
    assert data["folder"] == "comparison"


def test_misspelt_options_are_errors(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="max_csot"):
        compare("A", PAIR, folder=tmp_path / "c", max_csot=2)  # type: ignore[call-arg]
    assert not (tmp_path / "c").exists()


@pytest.mark.rushes_sandbox(lies=TWO_SIZES_SMALLER)
def test_two_takes_with_one_seed_are_held_against_each_other(comparing: Comparing) -> None:
    request = {"prompt": "A red kite", "duration": 5, "seed": 7}
    variants = ["byteplus/seedance-1.5-pro", "toapis/kling-v3"]
    first, again, *others = comparing(request, variants, repeats=2).cells
    assert first.video
    assert again.video
    assert first.video.measures.repeatability is None
    assert again.video.measures.repeatability == 1  # the sandbox films a request as before
    # One that has no seed takes part without it, and says so.
    for other in others:
        assert other.state == "completed"
        assert other.payload
        assert "seed" not in other.payload
        assert other.settings.seed is None
        assert [note.code for note in other.notes] == ["no_seed"]
        assert other.video
        assert other.video.measures.repeatability is None


def test_a_negative_seed_is_any_seed() -> None:
    with Client() as client:
        plan = make_plan({"prompt": "A red kite", "seed": -1}, "byteplus/seedance-1.5-pro")
        (cell,) = check_plan(client, plan).cells
    assert cell.payload
    assert cell.payload["seed"] == -1
    assert cell.settings.seed is None
