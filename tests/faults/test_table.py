"""The suite itself: which rows run, what the page lists, and that its checks can fail."""

import os
import re
from pathlib import Path

import pytest
from rushes_sandbox import FAULTS

from faults import page, secrecy, table
from faults.all_rows import ROWS, STEPS, rows_of
from faults.case import CLIENTS, Case
from faults.file_cases import DOWNLOAD, UPLOAD
from faults.providers import PROVIDERS
from faults.runner import Measurement
from faults.selection import SETTING, combinations, select_runs
from faults.status_cases import STATUS
from faults.submit_cases import SUBMIT

CASES = (SUBMIT, STATUS, DOWNLOAD, UPLOAD)
as_it_is = pytest.mark.skipif(
    os.environ.get(SETTING) == "write", reason="the page is being rewritten"
)


def test_every_fault_of_the_sandbox_is_a_case() -> None:
    run_case = {row.fault for row in ROWS if isinstance(row, Case)} - {""}
    assert run_case == set(FAULTS)


def test_no_two_rows_have_the_same_name() -> None:
    assert len({(row.step, row.name) for row in ROWS}) == len(ROWS)
    assert {row.step for row in ROWS} == set(STEPS)
    assert not [row.name for row in ROWS if "|" in row.name]


@pytest.mark.parametrize("rows", CASES)
def test_each_row_runs_once_and_runs_are_spread_evenly(rows: tuple[Case, ...]) -> None:
    runs = select_runs(rows, whole=False)
    assert {row.name for row, *_ in runs} == {row.name for row in rows}
    providers = {provider for row in rows for provider in row.providers}
    everybody = {(provider, client) for provider in providers for client in CLIENTS}
    assert {(provider, client) for _, provider, client in runs} == everybody
    whole = select_runs(rows, whole=True)
    assert len(whole) == sum(len(combinations(row)) for row in rows)
    assert len(runs) < len(whole) / 2
    assert all(run in whole for run in runs)


@as_it_is
def test_the_page_lists_the_rows_that_run() -> None:
    rows = {title: [row.name for row in rows_of(step)] for step, title in STEPS.items()}
    assert page.listed() == rows, "rewrite it: nox -s faults -- --write"


@as_it_is
def test_the_page_has_a_bill_in_every_cell() -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    cells = [cell for line in lines for cell in line.strip("| ").split(" | ")[1:]]
    cells = [cell for cell in cells if cell not in (*PROVIDERS, "-")]
    assert len(cells) > 2 * len(ROWS)
    assert not [cell for cell in cells if not re.match(r"[01] · |a?sync: [01] · ", cell)]


def measurement(client: str, outcome: str) -> Measurement:
    row = SUBMIT[0]
    return Measurement(row.step, row.name, "apimart", client, 1, outcome)


def test_a_line_for_each_row_and_a_column_for_each_provider() -> None:
    same = page.text([measurement("sync", "the video"), measurement("async", "the video")])
    before, after = list(PROVIDERS).index("apimart"), len(PROVIDERS)
    cells = ["-"] * before + ["1 · the video"] + ["-"] * (after - before - 1)
    assert f"| {SUBMIT[0].name} | {' | '.join(cells)} |" in same
    other = page.text([measurement("sync", "the video"), measurement("async", "exit 7")])
    assert "| async: 1 · exit 7; sync: 1 · the video |" in other
    assert table.lines([measurement("sync", "the video")])[1].split()[:4] == [
        "submit", "apimart", "sync", "1",
    ]  # fmt: skip


def test_a_leaked_key_is_found(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(f"Bearer {secrecy.KEY}")
    (tmp_path / "keys.json").write_text(secrecy.KEY)
    kept = list(secrecy.files(tmp_path))
    assert len(kept) == 1

    # A frame outside the suite, with the key among its locals.
    code = compile("def run(key):\n    raise ValueError(1)", "elsewhere.py", "exec")
    names: dict[str, object] = {}
    exec(code, names)
    run = names["run"]
    assert callable(run)
    with pytest.raises(ValueError, match="1") as caught:
        run(secrecy.KEY)
    texts = list(secrecy.exposed_by_error(caught.value))
    for text in (*kept, *texts[-1:]):
        with pytest.raises(AssertionError, match="the key shows"):
            secrecy.assert_without_key([text])


def test_the_readme_counts_the_rows() -> None:
    readme = (page.PAGE.parents[1] / "README.md").read_text(encoding="utf-8")
    assert f"{len(ROWS)} faults at" in readme
