"""Continuing a comparison: what was paid for is kept, whatever happened to its folder."""

import asyncio
import itertools
import json
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from comparison_runs import PAIR, TWO_SIZES_SMALLER, Comparing, Interruption, interrupt
from rushes import AsyncClient, Receipt, Task
from rushes_compare import BudgetError, FolderError, PlanError, Results, compare
from rushes_compare._check.budget import CostTotal, enforce_limits
from rushes_compare._check.check_plan import check_plan
from rushes_compare._check.image_paths import with_absolute_paths
from rushes_compare._files import create_atomically, write_atomically
from rushes_compare._plan.plan import make_plan
from rushes_compare._results.payload_diff import diff_payloads
from rushes_compare._results.results_file import FILE, ResultsFile, read_results
from rushes_compare._run.timing import timing
from rushes_compare.comparison import open_comparison, reopen_comparison, write_outputs
from rushes_compare.results import Cell

pytestmark = [
    pytest.mark.usefixtures("working_directory"),
    pytest.mark.rushes_sandbox(lies=TWO_SIZES_SMALLER),
]

FRAME = {"images": [{"url": "frame.png", "role": "first_frame"}], "duration": 5}


def picture(path: Path) -> Path:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    lines = b"".join(b"\0" + b"\x80\x20\x20" * 640 for _ in range(360))
    head = struct.pack(">IIBBBBB", 640, 360, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts))
    return path


def test_a_paid_task_continues_without_its_image_and_from_another_folder(
    comparing: Comparing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = picture(tmp_path / "frame.png")
    with pytest.raises(Interruption):
        comparing("A red kite", settings=FRAME, on_change=interrupt, folder=tmp_path / "c")
    paid = len(comparing.sandbox.created)
    assert paid
    kept = read_results(tmp_path / "c")
    assert kept.rows[0].request["images"][0]["url"] == str(frame)
    (tmp_path / "else").mkdir()
    monkeypatch.chdir(tmp_path / "else")
    frame.rename(tmp_path / "hidden.png")
    given = {**FRAME, "images": [{"url": str(frame), "role": "first_frame"}]}
    results = comparing("A red kite", settings=given, folder=tmp_path / "c")
    went_on = [cell for cell in results.cells if cell.task]
    # Another may have been on its way when the first was interrupted: it is taken up, too.
    assert paid <= len(went_on) == len(comparing.sandbox.created)
    assert {cell.state for cell in results.cells if not cell.task} <= {"cannot"}
    assert {(cell.state, cell.failure, bool(cell.video)) for cell in went_on} == {
        ("completed", None, True)
    }


def test_a_cell_without_a_task_is_checked_again(comparing: Comparing, tmp_path: Path) -> None:
    results = comparing("A red kite", settings=FRAME)
    assert {cell.state for cell in results.cells} == {"cannot"}
    picture(tmp_path / "frame.png")
    results = comparing("A red kite", settings=FRAME)
    assert all(cell.video for cell in results.cells)
    assert not any(cell.problems for cell in results.cells)

    async def again() -> Results:
        async with AsyncClient(home=tmp_path / "home") as client:
            plan = make_plan("B", PAIR, settings=FRAME)
            (tmp_path / "frame.png").unlink()
            ResultsFile(tmp_path / "d", open_comparison(client, plan, tmp_path / "d")).create()
            picture(tmp_path / "frame.png")
            return reopen_comparison(client, tmp_path / "d")

    assert {cell.state for cell in asyncio.run(again()).cells} == {"planned"}


def test_a_paid_task_missing_from_the_journal_is_not_sent_again(
    comparing: Comparing, tmp_path: Path
) -> None:
    with pytest.raises(Interruption):
        comparing("A red kite", [PAIR[0]], on_change=interrupt)
    comparing.home = tmp_path / "another"
    cell = comparing("A red kite", [PAIR[0]]).cells[0]
    assert (cell.state, cell.failure and cell.failure.kind) == ("queued", "UnknownTaskError")
    assert len(comparing.sandbox.created) == 1


def test_runs_that_start_at_once_pay_once(comparing: Comparing, tmp_path: Path) -> None:
    script = (
        "import sys\nfrom rushes_compare import compare\nprint('ready', flush=True)\n"
        "sys.stdin.readline()\n"
        f"found = compare('A red kite', {PAIR!r}, settings={{'duration': 5}})\n"
        "print(found.results.id, [bool(cell.video) for cell in found])\n"
    )
    environment = {
        **os.environ, **comparing.sandbox.environment, "RUSHES_HOME": str(tmp_path / "home"),
    }  # fmt: skip
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", script],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )
        for _ in range(3)
    ]  # fmt: skip
    for run in runs:
        assert run.stdout
        run.stdout.readline()
    outputs = []
    for run in runs:
        assert run.stdin
        run.stdin.write("\n")
        run.stdin.flush()
    for run in runs:
        outputs.append(run.communicate(timeout=90)[0])
        assert run.returncode == 0
    assert len(comparing.sandbox.created) == 2
    assert len(set(outputs)) == 1
    assert "[True, True]" in outputs[0]


def test_of_two_runs_one_creates_the_results_and_the_other_joins(tmp_path: Path) -> None:
    async def two(second: str) -> tuple[ResultsFile, ResultsFile]:
        async with AsyncClient(home=tmp_path / "home") as client:
            one = ResultsFile(tmp_path / second, check_plan(client, make_plan("A", PAIR)))
            other = ResultsFile(tmp_path / second, check_plan(client, make_plan(second, PAIR)))
            one.create()
            other.create()
            return one, other

    one, other = asyncio.run(two("A"))
    assert one.results == other.results == read_results(tmp_path / "A")
    with pytest.raises(FolderError, match="other requests"):
        asyncio.run(two("B"))
    assert sorted(path.name for path in (tmp_path / "B").iterdir()) == [FILE]


def test_a_new_file_appears_whole_without_hard_links_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    assert create_atomically(tmp_path / "a", b"1")
    assert not create_atomically(tmp_path / "a", b"2")
    monkeypatch.setattr(os, "link", no_links)
    assert create_atomically(tmp_path / "b", b"1")
    assert not create_atomically(tmp_path / "b", b"2")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"1", "b": b"1"}


def test_a_failed_fetch_is_repeated_before_paying_again(
    comparing: Comparing,
) -> None:
    order = comparing.sandbox.inject("download-html", times=None)
    first = comparing("A red kite", [PAIR[0]]).cells[0]
    assert (first.state, first.failure and first.failure.kind) == ("completed", "ResultError")
    with pytest.raises(BudgetError, match="1 task would be paid"):  # it may have to be
        comparing("A red kite", [PAIR[0]], redo="failed", max_tasks=0)
    order.cancel()
    cell = comparing("A red kite", [PAIR[0]], redo="failed").cells[0]
    assert (cell.attempt, bool(cell.video), cell.failure) == (1, True, None)
    assert len(comparing.sandbox.created) == 1


def test_a_task_is_started_again_if_fetching_fails_twice(comparing: Comparing) -> None:
    order = comparing.sandbox.inject("download-html", times=None)
    comparing("A red kite", [PAIR[0]])

    def mend(cell: Cell) -> None:
        if cell.attempt == 2:
            order.cancel()

    cell = comparing("A red kite", [PAIR[0]], redo="failed", on_change=mend).cells[0]
    assert (cell.attempt, bool(cell.video), cell.failure) == (2, True, None)
    assert len(comparing.sandbox.created) == 2


def test_a_missing_video_is_fetched_again(comparing: Comparing, tmp_path: Path) -> None:
    first = comparing("A red kite")
    files = [tmp_path / "comparison" / cell.video.file for cell in first.cells if cell.video]
    files[0].unlink()
    results = comparing("A red kite", max_tasks=0)
    assert [file.is_file() for file in files] == [True, True]
    assert [cell.failure for cell in results.cells] == [None, None]
    assert len(comparing.sandbox.created) == 2


def test_payloads_are_compared_as_they_were_sent(comparing: Comparing, tmp_path: Path) -> None:
    frame = picture(tmp_path / "frame.png")
    results = comparing("A red kite", settings=FRAME)
    one, other = results.cells
    assert one.payload
    assert other.payload
    assert one.differs == []
    assert other.differs
    outputs = json.dumps([(place.here, place.there) for place in other.differs])
    assert str(frame) not in outputs
    assert one.transport == ["callback_url", "client_business_id"]
    assert one.payload["client_business_id"] == one.task  # sent, and no difference
    theirs = {k: v for k, v in one.payload.items() if k != "client_business_id"}
    assert other.differs == diff_payloads(other.payload, theirs)
    assert any("http" in str(place.here) for place in other.differs)
    assert read_results(tmp_path / "comparison").cells == results.cells


def test_the_order_of_a_requests_fields_does_not_matter(comparing: Comparing) -> None:
    first = comparing({"prompt": "A", "duration": 5}, [PAIR[0]])
    again = comparing({"duration": 5, "prompt": "A"}, [PAIR[0]], max_tasks=0)
    assert again == first


def test_only_local_paths_are_made_absolute(tmp_path: Path) -> None:
    given = {
        "images": [{"url": url, "role": "reference"} for url in
                   ("a.png", "/b.png", "~/c.png", "https://d.example/d.png", "data:x", "")],
        "subjects": [{"name": "x", "images": ["e.png", "https://f.example/f.png"]}, 3],
        "prompt": "a.png",
    }  # fmt: skip
    request = with_absolute_paths(make_plan([{**given}], PAIR)).rows[0].request
    assert [image["url"] for image in request["images"]] == [
        str(tmp_path / "a.png"), "/b.png", "~/c.png", "https://d.example/d.png", "data:x", "",
    ]  # fmt: skip
    assert request["subjects"][0]["images"] == [
        str(tmp_path / "e.png"), "https://f.example/f.png",
    ]  # fmt: skip
    assert (request["subjects"][1], request["prompt"]) == (3, "a.png")


def written(tmp_path: Path, **options: Any) -> tuple[Path, dict[str, Any]]:
    async def make() -> None:
        async with AsyncClient(home=tmp_path / "home") as client:
            results = check_plan(client, make_plan("A", PAIR, **options))
            ResultsFile(tmp_path / "c", results).create()

    asyncio.run(make())
    data: dict[str, Any] = json.loads((tmp_path / "c" / FILE).read_bytes())
    return tmp_path / "c", data


VIDEO = {
    "file": "videos/a.mp4", "bytes": 1, "container": "mp4", "video_codec": "h264",
    "audio_codec": None, "width": 16, "height": 9, "frame_rate": 24.0, "duration": 5.0,
    "bit_rate": 1,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"row": 99}, "row is 99"),
        ({"row": -1}, r"`int` >= 0 - at `\$.cells\[0\].row`"),
        ({"variant": "no/such"}, "not one of the variants"),
        ({"id": "../../pwned"}, r"matching regex .* - at `\$.cells\[0\].id`"),
        ({"repeat": 10**12}, r"`int` <= .* - at `\$.cells\[0\].repeat`"),
        ({"repeat": 3}, r"cells\[0\]: repeat is 3"),
        ({"attempt": 0}, r"`int` >= 1 - at `\$.cells\[0\].attempt`"),
        ({"video": {**VIDEO, "bytes": 2**64 - 1}}, r"`int` <= .*\.video\.bytes`"),
        ({"video": {**VIDEO, "width": -1}}, r"`int` >= 0 .*\.video\.width`"),
        ({"video": {**VIDEO, "duration": -1.0}}, r"`float` >= 0.* .*\.video\.duration`"),
        ({"video": {**VIDEO, "file": "../home/journal.db"}}, "outside"),
        ({"video": {**VIDEO, "poster": "/etc/passwd"}}, "outside"),
    ],
)
def test_an_edited_cell_is_refused(tmp_path: Path, changed: Any, words: str) -> None:
    folder, data = written(tmp_path)
    (folder / FILE).write_text(json.dumps(data))
    read_results(folder)
    data["cells"][0].update(changed)
    (folder / FILE).write_text(json.dumps(data))
    with pytest.raises(FolderError, match=words):
        read_results(folder)


def test_results_that_never_end_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / FILE)
    with pytest.raises(FolderError, match="cannot be read: it is not a regular file"):
        read_results(tmp_path)


def test_an_edited_comparison_is_refused(tmp_path: Path) -> None:
    folder, data = written(tmp_path)
    twice = {"cells": [data["cells"][0]] * 2}
    for changed in ({"created_at": 1e300}, {"created_at": -1}, {"id": "../x"}, twice):
        (folder / FILE).write_text(json.dumps({**data, **changed}))
        with pytest.raises(FolderError, match="damaged"):
            read_results(folder)


def test_an_impossible_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderError, match="cannot be written"):
        write_atomically(tmp_path / "file" / "results.csv", [b""])
    for folder in (tmp_path / ("n" * 300), tmp_path / "file", tmp_path / "a\0b"):
        client = AsyncClient(home=tmp_path / "home")
        with pytest.raises(FolderError, match="cannot be"):
            compare("A", PAIR, folder=folder, client=client)
        asyncio.run(client.close())


def test_a_blocked_table_does_not_stop_the_other_or_the_page(tmp_path: Path) -> None:
    folder, _ = written(tmp_path)
    (folder / "results.parquet").mkdir()
    with pytest.raises(FolderError, match=r"results\.parquet cannot be written"):
        write_outputs(read_results(folder), folder)
    names = {path.name for path in folder.iterdir()}
    assert names == {FILE, "results.csv", "results.parquet", "report.html"}


def seen(*states: str) -> list[Task]:
    return [
        Task(
            id="a", variant="b/c", base_url="", client_id="a", call=None,
            state=state,  # type: ignore[arg-type]
            receipt=Receipt("r") if state not in ("recorded", "sending") else None,
            created_at=0.0, updated_at=float(moment),
        )
        for moment, state in enumerate(states)
    ]  # fmt: skip


def test_unobserved_phases_are_not_timed() -> None:
    found = timing(seen("recorded", "sending", "queued", "completed"))
    assert (found.queued, found.rendering) == (None, None)
    assert found.waiting is not None
    found = timing(seen("sending", "in_progress", "failed"))
    assert (found.rendering, found.downloading) == (1.0, None)


def test_failed_tasks_are_timed_too(comparing: Comparing) -> None:
    comparing.sandbox.inject("status-failed", gateway="toapis", times=None)
    cell = comparing("A red kite", [PAIR[0]]).cells[0]
    assert cell.state == "failed"
    assert cell.timing.accepting is not None


@pytest.mark.parametrize(
    "options",
    [
        {"concurrency": 0},
        {"concurrency": 1.5},
        {"repeats": "2"},
        {"repeats": True},
        {"redo": "All"},
    ],
)
def test_an_option_of_the_wrong_type_is_an_error(tmp_path: Path, options: Any) -> None:
    with pytest.raises(PlanError, match=next(iter(options))):
        compare("A", PAIR, folder=tmp_path / "c", **options)
    assert not (tmp_path / "c").exists()


def test_a_limit_of_nan_allows_nothing() -> None:
    found = CostTotal(tasks=1, known=0.5, unknown=0)
    for limits in itertools.starmap(
        lambda cost, tasks: {"max_cost": cost, "max_tasks": tasks},
        [(float("nan"), None), (None, float("nan"))],
    ):
        with pytest.raises(BudgetError, match="nothing was sent"):
            enforce_limits(found, **limits)


def test_in_a_running_loop_compare_names_compare_async(tmp_path: Path) -> None:
    async def inside() -> None:
        compare("A", PAIR, folder=tmp_path / "c")

    with pytest.raises(RuntimeError, match="await compare_async"):
        asyncio.run(inside())
    assert not (tmp_path / "c").exists()
