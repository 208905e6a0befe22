"""`rushes batch`: a file's lines checked, priced, made, and never paid twice."""

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
import rushes
from click.testing import CliRunner
from postgres_cluster import Cluster
from rushes_batch._lines import Bad, Line, read_lines
from rushes_batch.batch import batch
from rushes_batch.command import worker
from rushes_cli.exit_codes import (
    CONFIGURATION,
    INTERRUPTED,
    NOT_BOUGHT,
    USAGE,
    exit_code,
)
from rushes_sandbox import Sandbox

VARIANT = "toapis/kling-v3"
KITE = {"prompt": "A red kite over dunes", "duration": 5}
OTHER = {**KITE, "negative_prompt": "rain"}


@pytest.fixture
def sandbox(rushes_sandbox_folder: Path) -> Iterator[Sandbox]:
    with Sandbox(
        queue_seconds=0.05, render_seconds=0.05, poll_after=None, folder=rushes_sandbox_folder
    ) as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def home(
    clean_environment: None, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in sandbox.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("RUSHES_HOME", str(tmp_path / "home"))
    soon = rushes.Polling(first=0.02, every=0.02)
    monkeypatch.setattr(rushes, "AsyncClient", partial(rushes.AsyncClient, polling=soon))


@pytest.fixture
def lines(tmp_path: Path) -> Callable[..., Path]:
    def write(*rows: Any) -> Path:
        path = tmp_path / "kites.jsonl"
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        return path

    return write


def do(verb: str, file: Path, *words: str) -> Any:
    return CliRunner().invoke(batch, [verb, str(file), "-m", VARIANT, *words])


def make(file: Path, *words: str) -> Any:
    return do("run", file, "-o", str(file.parent / "out"), "--yes", *words)


def rows(file: Path) -> list[dict[str, str]]:
    with (file.parent / "out" / "results.csv").open(newline="") as table:
        return [*csv.DictReader(table)]


# What is read


def read(path: Path, variant: str | None = VARIANT) -> list[Line | Bad]:
    return [*read_lines(path, (variant,) if variant else ())]


def said(read: list[Line | Bad]) -> list[Any]:
    return [(line.id, line.variants, line.request) for line in read if isinstance(line, Line)]


def test_json_lines_and_a_table_say_the_same(tmp_path: Path) -> None:
    one, other = tmp_path / "a.jsonl", tmp_path / "b.csv"
    frame = {"url": "https://example.com/a.png", "role": "first_frame"}
    given = {"id": "x", "variant": "a/b", "prompt": '7, "eight"\nnine', "duration": 5}
    request = {**given, "audio": True, "images": [frame]}
    one.write_text(json.dumps(request) + "\n\n" + json.dumps({"prompt": "5"}))
    other.write_text(
        "id,variant,prompt,duration,audio,first_frame\n"
        'x,a/b,"7, ""eight""\nnine",5,true,https://example.com/a.png\n'
        ",,5,,,\n",
        encoding="utf-8-sig",
    )
    first, _ = read(one)
    assert isinstance(first, Line)
    assert (first.id, first.variants) == ("x", ("a/b",))
    assert said(read(other)) == said(read(one))
    assert [line.number for line in read(one)] == [1, 3]
    assert [line.number for line in read(other)] == [2, 4]


@pytest.mark.parametrize(
    ("name", "content", "number", "said"),
    [
        ("a.jsonl", b'{"prompt": "x"}\n{"prompt": \n', 2, "is not valid JSON"),
        ("a.jsonl", b'{"prompt": "x", "prompt": "y"}', 1, "prompt"),
        ("a.jsonl", b"[]", 1, "is not a JSON object"),
        ("a.jsonl", b'{"id": "../x"}', 1, "id: must be 1 to 32"),
        ("a.jsonl", b'{"variant": 5}', 1, "variant: must be text"),
        ("a.csv", b"", 1, "is empty"),
        ("a.csv", b"prompt,duration\nx,5\ny\n", 3, "has 1 cells where the first line has 2"),
        ("a.csv", b"prompt,duration\nx,five\n", 2, "duration: 'five' is not JSON"),
        ("a.csv", b"prompt,length\nx,5\n", 1, "no such column: 'length'"),
        ("a.csv", b"prompt,prompt\nx,5\n", 1, "a column is there twice: prompt"),
        ("a.csv", b'prompt\nx\n"y\n', 3, "is not valid CSV"),
        ("a.csv", b"prompt\n\xff\n", 2, "is not UTF-8"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(
    tmp_path: Path, name: str, content: bytes, number: int, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    bad = [line for line in read(tmp_path / name) if isinstance(line, Bad)]
    assert [line.number for line in bad] == [number]
    assert said in bad[0].problems[0]


# What is bought


def test_every_line_is_checked_before_the_first_is_paid(
    sandbox: Sandbox, lines: Callable[..., Path]
) -> None:
    file = lines(
        KITE,
        {**KITE, "duration": 99},
        {**KITE, "variant": "toapis/nobodys"},
        {**KITE, "x": 1},
        KITE,
    )
    run = make(file)
    assert run.exit_code == NOT_BOUGHT
    for said in (
        "Line 2: duration",
        "Line 3:",
        "Line 4: x",
        "Line 5: is the same as line 1; give each an id",
    ):
        assert said in run.stderr
    assert "4 of 5 lines cannot be made; nothing was bought" in run.stderr
    assert sandbox.created == []


def test_a_problem_that_many_lines_have_is_said_shortly(
    sandbox: Sandbox, lines: Callable[..., Path]
) -> None:
    """Ten thousand lines may lack the same."""
    bad = [{"prompt": f"Kite {number}", "duration": 99} for number in range(1, 10)]
    file = lines(*bad[:7], KITE, bad[8])
    run = make(file)
    assert run.exit_code == NOT_BOUGHT
    assert run.stderr.count("Line ") == 3
    assert "Lines 4-7, 9: as line 1: duration" in run.stderr
    assert "8 of 9 lines cannot be made" in run.stderr
    assert sandbox.created == []


@pytest.mark.parametrize("name", ["kites.jsonl", "kites.csv"])
def test_a_file_without_lines_is_refused(sandbox: Sandbox, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("prompt,duration\n" if name.endswith("csv") else "\n")
    run = make(tmp_path / name)
    assert run.exit_code == NOT_BOUGHT
    assert "the file has no lines; nothing was bought" in run.stderr
    assert not (tmp_path / "out").exists()


def test_a_batch_is_made_and_bought_once(sandbox: Sandbox, lines: Callable[..., Path]) -> None:
    file = lines(KITE, {**KITE, "id": "again"})
    run = make(file)
    assert run.exit_code == 0, run.output
    assert "2 of 2 done" in run.stderr
    assert len(sandbox.created) == 2
    first, second = rows(file)
    assert [(row["line"], row["state"]) for row in (first, second)] == [
        ("1", "completed"), ("2", "completed"),
    ]  # fmt: skip
    assert second["task"].startswith("again-")
    assert all(Path(row["file"]).stat().st_size for row in (first, second))

    lines({**KITE, "id": "again"}, {"duration": 5, "prompt": KITE["prompt"]}, OTHER)
    again = make(file)
    assert again.exit_code == 0, again.output
    assert "for 1 of 3 lines" in again.stderr
    assert len(sandbox.created) == 3
    assert [row["task"] for row in rows(file)[:2]] == [second["task"], first["task"]]

    shown = do("status", file, "--json")
    assert json.loads(shown.stdout)["states"] == {"completed": 3}
    table = do("results", file)
    assert table.stdout.splitlines() == (file.parent / "out/results.csv").read_text().splitlines()


def test_the_cap_counts_what_was_bought_before(
    sandbox: Sandbox, lines: Callable[..., Path]
) -> None:
    priced = {"variant": "apimart/kling-v3"}
    file = lines(KITE | priced)
    assert make(file).exit_code == 0
    lines(KITE | priced, OTHER | priced)
    found = json.loads(do("status", file, "--json").stdout)
    assert found["states"] == {"completed": 1, "not begun": 1}
    assert found["spent_usd"] > 0
    assert found["unpriced"] == 0
    both = found["spent_usd"] + found["left_usd"]
    run = make(file, "--max-cost", str(both - 0.01))
    assert run.exit_code == NOT_BOUGHT
    assert "--max-cost is" in run.stderr
    lines(KITE | priced, OTHER)
    assert "; the price of 1 line is unknown" in do("status", file).stdout
    unknown = make(file, "--max-cost", "100")
    assert unknown.exit_code == NOT_BOUGHT
    assert "the first is line 2" in unknown.stderr
    lines(KITE | priced, OTHER | priced)
    assert len(sandbox.created) == 1
    assert make(file, "--max-cost", str(both + 0.01)).exit_code == 0
    assert len(sandbox.created) == 2


def test_the_cap_holds_while_lines_are_sent(
    sandbox: Sandbox, lines: Callable[..., Path], tmp_path: Path
) -> None:
    """What another file of the same batch bought counts; a higher cap goes on with what is left."""
    priced = {"variant": "apimart/kling-v3", "duration": 3}
    file = lines(KITE | priced, OTHER | priced)
    each = json.loads(do("status", file, "--json").stdout)["left_usd"] / 2
    with closing(rushes.SQLiteJournal(tmp_path / "home" / "journal.db")) as journal:
        journal.settle("of another file", "batch kites", each)
    run = make(file, "--max-cost", str(2.5 * each), "--at-once", "1")
    assert run.exit_code == NOT_BOUGHT
    assert "1 of 2 done, 0 under way, 0 not made, 1 beyond the cap" in run.stderr
    assert "1 line was not begun" in run.stderr
    assert [row["state"] for row in rows(file)] == ["completed", "beyond the cap"]
    table = [json.loads(line) for line in do("results", file, "--json").stdout.splitlines()]
    assert [row["state"] for row in table] == ["completed", "beyond the cap"]
    status = do("status", file)
    assert "1 of 2 done, 0 under way, 0 not made, 1 beyond the cap" in status.stdout
    assert "a higher --max-cost" in status.stdout
    states = json.loads(do("status", file, "--json").stdout)["states"]
    assert states == {"beyond the cap": 1, "completed": 1}
    again = make(file, "--max-cost", str(2.5 * each), "--json")
    assert again.exit_code == NOT_BOUGHT
    told = [json.loads(line)["state"] for line in again.stdout.splitlines()]
    assert sorted(told) == ["beyond the cap", "completed"]
    assert len(sandbox.created) == 1
    out = str(file.parent / "out")
    assert do("resume", file, "-o", out).exit_code == 0
    assert len(sandbox.created) == 1
    more = do("resume", file, "-o", out, "--max-cost", str(3.1 * each))
    assert more.exit_code == 0, more.output
    assert len(sandbox.created) == 2
    file = lines(*({**KITE, **priced, "prompt": f"Kite {number}"} for number in range(3)))
    with closing(rushes.SQLiteJournal(tmp_path / "home" / "journal.db")) as journal:
        journal.fill("batch kites", journal.spent("batch kites") + 1.5 * each)
    states = json.loads(do("status", file, "--json").stdout)["states"]
    assert states == {"beyond the cap": 2, "not begun": 1}


def test_a_cap_holds_for_lines_that_were_begun_without_one(
    sandbox: Sandbox, lines: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is given while the first is under way; workers may hold thousands."""
    priced = {"variant": "apimart/kling-v3", "duration": 3}
    file = lines(KITE | priced, OTHER | priced)
    each = json.loads(do("status", file, "--json").stdout)["left_usd"] / 2
    with closing(rushes.SQLiteJournal(tmp_path / "home" / "journal.db")) as journal:

        def cap_it(_task: object) -> None:
            journal.fill("batch kites", 1.5 * each)

        capping = partial(rushes.AsyncClient, observers=[cap_it])
        monkeypatch.setattr(rushes, "AsyncClient", capping)
        run = make(file, "--at-once", "1")
    assert run.exit_code == NOT_BOUGHT
    assert "the cap of another run" in run.stderr
    assert len(sandbox.created) == 1


@pytest.mark.parametrize("amount", ["nan", "inf"])
@pytest.mark.parametrize("command", ["run", "resume"])
def test_a_cap_is_an_amount(
    sandbox: Sandbox, lines: Callable[..., Path], command: str, amount: str
) -> None:
    """Nothing costs more than what is no number."""
    refused = do(command, lines(KITE), "--max-cost", amount)
    assert refused.exit_code == 2, refused.output
    assert f"'{amount}' is not a number." in refused.stderr
    assert not sandbox.created


def test_results_are_a_table_in_any_format(
    sandbox: Sandbox, lines: Callable[..., Path], tmp_path: Path
) -> None:
    file = lines(KITE | {"id": "one"}, OTHER)
    sandbox.inject("refuse-402", gateway="toapis")
    run = make(file, "--at-once", "1", "--json")
    told = [json.loads(line) for line in run.stdout.splitlines()]
    assert [row["state"] for row in told] == ["refused", "completed"]
    assert json.loads(do("results", file, "--json").stdout.splitlines()[1]) == told[1]
    for name in ("t[1]'.csv", "t[1]'.parquet", "t[1]'.jsonl"):
        assert do("results", file, "-o", str(tmp_path / name)).exit_code == 0
    import duckdb

    with duckdb.connect() as connection:
        query = "SELECT * FROM read_parquet(?)"
        for path in (tmp_path / "t?1?'.parquet", tmp_path / "out" / "results.parquet"):
            found = connection.execute(query, [str(path)])
            names = [column[0] for column in found.description or ()]
            assert [dict(zip(names, row, strict=True)) for row in found.fetchall()] == told
    assert [
        json.loads(line) for line in (tmp_path / "t[1]'.jsonl").read_text().splitlines()
    ] == told
    wrong = do("results", file, "-o", str(tmp_path / "t.xlsx"))
    assert wrong.exit_code == USAGE
    assert ".parquet" in wrong.stderr


def test_without_duckdb_its_name_is_said(
    lines: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    shown = do("results", lines(KITE), "-o", str(tmp_path / "t.parquet"))
    assert isinstance(shown.exception, rushes.ConfigurationError)
    assert "rushes-batch[parquet]" in str(shown.exception)
    assert not (tmp_path / "t.parquet").exists()


def test_status_says_how_it_stands_and_why(sandbox: Sandbox, lines: Callable[..., Path]) -> None:
    file = lines(KITE, OTHER, {**KITE, "prompt": "A lantern"})
    sandbox.inject("refuse-402", gateway="toapis")
    make(file, "--at-once", "1")
    lines(KITE, OTHER, {**KITE, "prompt": "A lantern"}, {**KITE, "prompt": "A boat"})
    for words in ((), ("--follow",)):
        shown = do("status", file, *words)
        assert shown.exit_code == 0
        assert "2 of 4 done, 0 under way, 1 not made" in shown.stdout
        assert "1 not begun" in shown.stdout
        assert "1 \u00d7 HTTP 402" in shown.stdout


def test_nothing_is_bought_without_consent(sandbox: Sandbox, lines: Callable[..., Path]) -> None:
    run = do("run", lines(KITE))
    assert run.exit_code == USAGE
    assert "give --yes" in run.stderr
    assert "Estimated cost:" in run.stderr
    assert sandbox.created == []


def test_a_refused_line_is_named_and_the_others_are_made(
    sandbox: Sandbox, lines: Callable[..., Path]
) -> None:
    file = lines(KITE, OTHER)
    sandbox.inject("refuse-402", gateway="toapis")
    run = make(file, "--at-once", "1")
    assert run.exit_code == NOT_BOUGHT
    assert "Line 1:" in run.stderr
    assert "1 of 2 done, 0 under way, 1 not made" in run.stderr
    assert [row["state"] for row in rows(file)] == ["refused", "completed"]
    resumed = do("resume", file, "-o", str(file.parent / "out"))
    assert (resumed.exit_code, len(sandbox.created)) == (0, 1)
    assert make(file).exit_code == 0
    assert len(sandbox.created) == 2


def test_a_table_that_cannot_be_written_is_reported(
    sandbox: Sandbox, lines: Callable[..., Path]
) -> None:
    file = lines(KITE)
    (file.parent / "out" / "results.csv").mkdir(parents=True)
    run = make(file)
    assert isinstance(run.exception, rushes.DiskError)
    assert (exit_code(run.exception), len(sandbox.created)) == (CONFIGURATION, 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_what_was_stopped_goes_on_and_is_paid_once(
    number: signal.Signals, sandbox: Sandbox, lines: Callable[..., Path]
) -> None:
    file = lines(KITE, OTHER)
    order = sandbox.inject("status-stall", gateway="toapis", times=None)
    words = ["batch", "run", str(file), "-m", VARIANT, "-o", str(file.parent / "out"), "--yes"]
    process = subprocess.Popen(
        [sys.executable, "-c", "from rushes_cli.main import main; main()", *words],
        stderr=subprocess.PIPE,
        env={**os.environ},
    )
    try:
        assert order.wait(120)
        process.send_signal(number)
        _, told = process.communicate(timeout=120)
    finally:
        process.kill()
        process.wait()
    if number == signal.SIGINT:
        assert process.returncode == INTERRUPTED, told
        assert b"The same command goes on." in told
        assert len(rows(file)) == 2
    order.cancel()
    run = make(file)
    assert run.exit_code == 0, run.output
    assert len(sandbox.created) == 2
    assert [row["state"] for row in rows(file)] == ["completed", "completed"]


def test_lines_are_handed_to_workers_and_taken_back(
    postgres: Cluster, sandbox: Sandbox, lines: Callable[..., Path]
) -> None:
    url = postgres.empty()
    file = lines(KITE, OTHER)

    def jobs() -> dict[str, int]:
        shown = CliRunner().invoke(worker, ["status", "--database", url, "--json"])
        return json.loads(shown.stdout)["jobs"]  # type: ignore[no-any-return]

    run = do("run", file, "--yes", "--database", url)
    assert run.exit_code == 0, run.output
    assert "2 of 2 lines are handed to the workers" in run.stderr
    assert jobs() == {"todo": 2}
    with psycopg.connect(url) as connection:
        purses = connection.execute("SELECT args->>'purse' FROM procrastinate_jobs").fetchall()
    assert purses == [("batch kites",)] * 2
    again = do("run", file, "--yes", "--database", url)
    assert (again.exit_code, jobs()) == (0, {"todo": 2})
    limited = do("run", file, "--yes", "--database", url, "--limit", "toapis=2")
    assert limited.exit_code == USAGE
    assert "give it to each `rushes worker`" in limited.stderr
    waiting = do("status", file, "--database", url)
    assert "0 of 2 done, 0 under way" in waiting.stdout
    lines(KITE)
    cancelled = do("cancel", file, "--database", url)
    assert cancelled.exit_code == 0, cancelled.output
    assert jobs() == {"todo": 1}
    assert sandbox.created == []
