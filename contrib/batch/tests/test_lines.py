"""A batch's file, as it is read and planned: what is named, chosen and refused."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rushes import AsyncClient, SQLiteJournal, Task
from rushes.testing import Clock
from rushes_batch._lines import Bad, Line, read_lines
from rushes_batch._plan import Planned, planned, reference

CHEAP, DEAR, UNPRICED = "apimart/kling-v3", "openrouter/veo-3.1", "toapis/kling-v3"
KITE = {"prompt": "A red kite over dunes", "duration": 5}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AsyncClient]:
    folder = tmp_path_factory.mktemp("client")
    with closing(SQLiteJournal(folder / "journal.db")) as journal:
        yield AsyncClient(journal=journal, home=folder, clock=Clock())


def nobody(_reference: str) -> Task | None:
    return None


def plan(
    client: AsyncClient, path: Path, *variants: str, choose: Any = "every", known: Any = nobody
) -> tuple[list[Planned], list[Bad]]:
    return planned(client, path, "kites", variants, choose, known)


def wrote(path: Path, content: Any) -> Path:
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, encoding="utf-8")
    return path


# Plan files


def test_a_plan_asks_for_each_prompt_with_each_variant_as_often_as_it_says(
    client: AsyncClient, tmp_path: Path
) -> None:
    (tmp_path / "start.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    path = wrote(
        tmp_path / "plan.yaml",
        """
models: [apimart/kling-v3, toapis/kling-v3]
repeat: 2
settings: {duration: 5}
prices: {toapis/kling-v3: 0.1/s}
columns: [motion]
prompts:
  - A red kite over dunes
  - {name: at dusk, prompt: The same at dusk, duration: 10}
""",
    )
    videos, bad = plan(client, path)
    assert not bad
    assert [(each.line.number, each.variant, each.take) for each in videos] == [
        (number, variant, take)
        for number in (1, 2)
        for take in (1, 2)
        for variant in (CHEAP, UNPRICED)
    ]
    assert {each.line.request["duration"] for each in videos} == {5, 10}
    assert [each.estimate for each in videos if each.variant == UNPRICED] == [0.5, 0.5, 1.0, 1.0]
    assert len({each.task for each in videos}) == 8
    assert {each.task.rpartition("-")[0] for each in videos} == {"kites", "at-dusk"}
    only, _ = plan(client, path, UNPRICED)
    assert {each.task for each in only} < {each.task for each in videos}


def test_everything_wrong_in_a_plan_is_named_at_once(client: AsyncClient, tmp_path: Path) -> None:
    path = wrote(tmp_path / "plan.yaml", "models: [apimart/kling-v4]\nprompts: [{promt: x}, 5]")
    videos, bad = plan(client, path)
    problems = [problem for line in bad for problem in line.problems]
    assert videos == []
    assert any("prompts[0].promt" in problem for problem in problems)
    assert any("no variant 'apimart/kling-v4'" in problem for problem in problems)
    wrote(path, "models: [apimart/kling-v3]\nprompts: [{prompt: x, duration: 99}, {prompt: x}, x]")
    videos, bad = plan(client, path)
    assert [(line.number, line.problems[0][:9]) for line in bad] == [
        (1, "duration:"), (3, "is the sa"),
    ]  # fmt: skip
    wrote(path, "models: [apimart/kling-v3]\nrepeat: 1000000000\nprompts: [x]")
    assert "a batch may have 1,000,000" in plan(client, path)[1][0].problems[0]
    wrote(path, "prompts: [x]")
    assert "-m VARIANT" in plan(client, path)[1][0].problems[0]


def test_without_the_reader_of_plans_its_name_is_said(
    client: AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "rushes_compare.plans", None)
    _, bad = plan(client, wrote(tmp_path / "plan.yml", "prompts: [x]"), CHEAP)
    assert "rushes-batch[plans]" in bad[0].problems[0]


# One of several variants


def test_one_of_several_variants_makes_a_line(client: AsyncClient, tmp_path: Path) -> None:
    path = wrote(tmp_path / "kites.jsonl", KITE)
    several = (DEAR, UNPRICED, CHEAP)

    def chosen(choose: str) -> list[str]:
        videos, bad = plan(client, path, *several, choose=choose)
        assert not bad
        return [each.variant for each in videos]

    wrote(path, {**KITE, "duration": 8})
    assert chosen("first") == [DEAR]
    assert chosen("cheapest") == [CHEAP]
    wrote(path, KITE)  # of these three, the first makes no 5 seconds
    assert chosen("first") == [UNPRICED]
    videos, _ = plan(client, path, *several, choose="cheapest")
    assert (videos[0].variant, len(videos[0].others)) == (CHEAP, 2)
    wrote(path, {**KITE, "variant": UNPRICED})
    assert chosen("cheapest") == [UNPRICED]
    wrote(path, {**KITE, "duration": 99})
    _, bad = plan(client, path, *several, choose="first")
    assert [problem.partition(": ")[0] for problem in bad[0].problems] == [*several]


def test_what_was_sent_to_a_variant_stays_with_it(client: AsyncClient, tmp_path: Path) -> None:
    """A price that changed, or another order, buys nothing twice."""
    path = wrote(tmp_path / "kites.jsonl", KITE)
    [line] = read_lines(path, (CHEAP, UNPRICED))
    assert isinstance(line, Line)
    name = reference("kites", line, UNPRICED)
    sent = Task(
        id=name,
        variant=UNPRICED,
        base_url="https://example.com",
        client_id=name,
        call=None,
        state="failed",
        created_at=0.0,
        updated_at=0.0,
    )

    def known(reference: str) -> Task | None:
        return sent if reference == name else None

    for choose in ("first", "cheapest"):
        videos, _ = plan(client, path, CHEAP, UNPRICED, choose=choose, known=known)
        assert [each.task for each in videos] == [name]


# Any file

VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = st.sampled_from(
    ["id", "variant", "prompt", "duration", "images", "first_frame", "prompts", "models", "repeat"]
)
ROWS = st.dictionaries(NAMES | st.text(max_size=5), VALUES, max_size=5)
JSON_LINES = st.lists(ROWS | VALUES, max_size=5).map(lambda rows: "\n".join(map(json.dumps, rows)))
TABLES = st.lists(
    st.lists(NAMES | st.text(max_size=6) | VALUES.map(json.dumps), max_size=4), max_size=4
).map(lambda rows: "\r\n".join(",".join(cells) for cells in rows))
CONTENTS = (
    st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | (JSON_LINES | TABLES | ROWS.map(json.dumps)).map(
        lambda text: text.encode("utf-8", "surrogatepass")
    )
)


@given(content=CONTENTS, suffix=st.sampled_from([".jsonl", ".csv", ".yaml", ".json"]))
def test_whatever_is_in_a_file_each_line_is_planned_or_named(
    client: AsyncClient, tmp_path: Path, content: bytes, suffix: str
) -> None:
    """No content raises anything, and nothing that is not understood is left out silently."""
    path = tmp_path / f"any{suffix}"
    path.write_bytes(content)
    lines = [*read_lines(path, (CHEAP,), client.registry.ids())]
    videos, bad = plan(client, path, CHEAP)
    assert all(line.problems and all(line.problems) for line in bad)
    numbers = [line.number for line in lines if line.number is not None]
    assert numbers == sorted(set(numbers))
    assert {each.line.number for each in videos} | {line.number for line in bad} == {
        line.number for line in lines
    }
    if suffix == ".jsonl":
        full = [n for n, text in enumerate(content.split(b"\n"), 1) if text.strip()]
        assert numbers == full


REQUESTS = st.builds(
    lambda prompt, seconds, name: {"prompt": prompt, "duration": seconds, **name},
    st.text("ab \u00e9\U0001f600", min_size=1, max_size=5).filter(str.strip),
    st.sampled_from([3, 5, 10]),
    st.just({}) | st.sampled_from("xyz").map(lambda name: {"id": name}),
)


@given(rows=st.lists(REQUESTS, min_size=1, max_size=5), data=st.data())
def test_a_line_is_its_job_wherever_it_stands_and_another_if_it_changes(
    client: AsyncClient, tmp_path: Path, rows: list[dict[str, Any]], data: st.DataObject
) -> None:
    path = tmp_path / "any.jsonl"

    def tasks(rows: list[dict[str, Any]]) -> set[str]:
        path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
        return {each.task for each in plan(client, path, CHEAP)[0]}

    before = tasks(rows)
    assert len(before) == len({json.dumps(row, sort_keys=True) for row in rows})
    mixed = [dict(data.draw(st.permutations([*row.items()]))) for row in rows]
    assert tasks(data.draw(st.permutations(mixed))) == before
    place = data.draw(st.integers(0, len(rows) - 1))
    changed = [dict(row) for row in rows]
    changed[place] = {**changed[place], "negative_prompt": "rain"}
    left = [row for number, row in enumerate(rows) if number != place]
    assert tasks(changed) - tasks(left) - before != set()
