"""The cells on a terminal that has fewer lines than there are cells."""

import io
from typing import Any, get_args

import msgspec
from rich.console import Console
from rushes_compare._command.live_table import LiveTable, describe_cell
from rushes_compare.results import (
    Cell,
    CheckFinding,
    Failure,
    Promise,
    Results,
    Row,
    State,
    Video,
)

VIDEO = Video(
    file="videos/a.mp4", bytes=1, container="mp4", video_codec="h264", audio_codec=None,
    width=16, height=9, frame_rate=24, duration=1, bit_rate=1,
)  # fmt: skip


def live_table(count: int, height: int, **more: Any) -> tuple[LiveTable, list[Cell], Console]:
    cells = [Cell(id=str(n), row=n, variant="a/b", **more) for n in range(count)]
    rows = [Row(name=f"row {n}", request={}) for n in range(count)]
    found = Results(id="x", created_at=0, rows=rows, variants=["a/b"], cells=cells)
    console = Console(file=io.StringIO(), width=100, height=height, force_terminal=False)
    return LiveTable(found, console), cells, console


def printed_lines(table: LiveTable, console: Console) -> list[str]:
    with console.capture() as taken:
        console.print(table._table())
    return taken.get().splitlines()


def test_a_small_terminal_shows_running_cells_and_counts_the_rest() -> None:
    table, cells, console = live_table(50, 10)
    done = Failure(kind="TaskEndedError", message="x")
    table.show(msgspec.structs.replace(cells[3], state="queued"))
    table.show(msgspec.structs.replace(cells[3], state="failed", failure=done))
    table.show(msgspec.structs.replace(cells[44], state="in_progress", progress=50.0))
    found = printed_lines(table, console)
    assert len(found) == 8
    assert found[0].startswith("row 44")
    assert found[1].startswith("row 0")
    assert found[-1].strip() == "and 43 more: 43 planned"
    assert len(printed_lines(*live_table(8, 10)[::2])) == 8
    assert "more" not in "".join(printed_lines(*live_table(8, 10)[::2]))


def test_a_restart_is_not_printed_but_its_outcome_is() -> None:
    table, cells, console = live_table(1, 10)
    failed = msgspec.structs.replace(
        cells[0], state="failed", failure=Failure(kind="TaskEndedError", message="x")
    )
    for cell in (failed, cells[0], msgspec.structs.replace(cells[0], state="queued")):
        table.show(cell)
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == "a/b: failed: TaskEndedError\na/b: queued\n"


def test_states_have_the_names_that_tasks_have() -> None:
    table, cells, console = live_table(1, 10)
    states: list[Any] = list(get_args(State))
    for state in states[1:]:
        table.show(msgspec.structs.replace(cells[0], state=state))
    assert isinstance(console.file, io.StringIO)
    printed = [line.removeprefix("a/b: ") for line in console.file.getvalue().splitlines()]
    detail = {"completed": "completed, being fetched"}
    assert printed == [detail.get(state, state) for state in states[1:]]
    broken = Promise(name="audio", asked="sound", delivered="none", kept=False)
    kept = msgspec.structs.replace(broken, kept=True)
    done = msgspec.structs.replace(cells[0], state="completed", video=VIDEO, promises=[kept])
    assert describe_cell(done) == "completed"
    done = msgspec.structs.replace(done, promises=[kept, broken])
    assert describe_cell(done) == "completed, 1 promise broken"
    done = msgspec.structs.replace(done, promises=[broken, broken])
    assert describe_cell(done) == "completed, 2 promises broken"


def test_a_refused_cell_shows_its_first_problem() -> None:
    problems = [CheckFinding(path="", code="x", message=text) for text in ("no sound", "no seed")]
    table, _, _ = live_table(2, 10, state="cannot", problems=problems)
    assert list(table.cannot()) == [
        "row 0 · a/b: cannot: no sound", "row 1 · a/b: cannot: no sound",
    ]  # fmt: skip
