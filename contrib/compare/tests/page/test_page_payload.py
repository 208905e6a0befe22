"""The differences that the page shows, compared with those that Python finds."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from rushes_compare._page import write_page
from rushes_compare._results.payload_diff import diff_payloads
from rushes_compare.results import Cell, Results, Row

Open = Callable[..., Page]
PAIR = ["a/b", "c/d"]
LEAVES: list[Any] = [
    None, True, False, 0, 1, 1.0, 2**70, 0.1, -3, "", "x", "1", "{}", "[]", "</script>", "\u202e",
    'a"b', "é", {}, [],
]  # fmt: skip
NAMES = ["a", "b", "a.b", "[0]", "__proto__", "\u202e", 'q"', ""]


def value(chance: random.Random, depth: int = 3) -> Any:
    kind = chance.random()
    if depth and kind < 0.35:
        names = chance.sample(NAMES, chance.randrange(4))
        return {name: value(chance, depth - 1) for name in names}
    if depth and kind < 0.55:
        return [value(chance, depth - 1) for _ in range(chance.randrange(4))]
    return chance.choice(LEAVES)


def changed(chance: random.Random, was: Any) -> Any:
    """Return a value that partly equals another."""
    if chance.random() < 0.15:
        return value(chance, 1)
    if isinstance(was, dict):
        kept = {k: changed(chance, v) for k, v in was.items() if chance.random() < 0.85}
        return {**kept, **({"new": 1} if chance.random() < 0.2 else {})}
    if isinstance(was, list):
        return [changed(chance, inner) for inner in was if chance.random() < 0.85]
    return was


def compared(folder: Path, pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    """Write a page with a row for each pair of payloads, side by side."""
    cells = [
        Cell(id=f"{row}{place}", row=row, variant=PAIR[place], state="planned", payload=payload)
        for row, pair in enumerate(pairs)
        for place, payload in enumerate(pair)
    ]
    rows = [Row(name=str(number), request={}) for number in range(len(pairs))]
    write_page(Results(id="x", created_at=0, rows=rows, variants=PAIR, cells=cells), folder)


def lines(page: Page, row: int, place: int) -> list[dict[str, str]]:
    found: list[dict[str, str]] = (
        page.locator(f"#row-{row} .take")
        .nth(place)
        .locator(".line")
        .evaluate_all(
            """(all) => all.map((one) => ({
                mark: one.className.replace(/^line ?/, ""),
                text: one.querySelector("code").textContent,
                was: one.querySelector(".was bdi")?.textContent ?? "",
            }))"""
        )
    )
    return found


def test_the_lines_are_the_payload_and_every_difference_is_counted(
    open_page: Open, tmp_path: Path
) -> None:
    chance = random.Random(7)
    pairs = []
    for _ in range(120):
        there = {name: value(chance) for name in chance.sample(NAMES, 3)}
        pairs.append((there, changed(chance, there)))
    pairs = [(there, here) for there, here in pairs if isinstance(here, dict)]
    compared(tmp_path, pairs)
    page = open_page(tmp_path)
    summaries = page.locator("details.sent summary").all_text_contents()
    for row, (there, here) in enumerate(pairs):
        for place, payload in enumerate((there, here)):
            own = [line for line in lines(page, row, place) if line["mark"] != "only-there"]
            assert json.loads("".join(line["text"] for line in own)) == payload
        found = diff_payloads(here, there)
        missing = [line for line in lines(page, row, 1) if line["mark"] == "only-there"]
        assert len(missing) == sum(one.only == "there" for one in found)
        marked = any(line["mark"] for line in lines(page, row, 1))
        assert marked == bool(found)
        words = f"≠ {len(found)} " if found else "the same as"
        assert words in summaries[2 * row + 1], (there, here)
    assert "\u202e" not in page.inner_text("#rows")


def test_a_difference_marks_its_line_and_all_that_is_in_it(open_page: Open, tmp_path: Path) -> None:
    here = {"a": 1, "b": {"c": [1, 2]}, "d": "x", "f": [1], "g": {}}
    there = {"a": 2, "d": "x", "e": 3, "f": {"h": [1, None]}, "g": {"i": 1}}
    compared(tmp_path, [(there, here)])
    page = open_page(tmp_path)
    page.keyboard.press("d")
    found = [(line["mark"], line["text"].strip(), line["was"]) for line in lines(page, 0, 1)]
    assert found == [
        ("", "{", ""),
        ("changed", '"a": 1,', "2"),
        ("only-here", '"b": {', ""),
        ("only-here", '"c": [', ""),
        ("only-here", "1,", ""),
        ("only-here", "2", ""),
        ("only-here", "]", ""),
        ("only-here", "},", ""),
        ("", '"d": "x",', ""),
        ("changed", '"f": [', '{"h": [1, null]}'),
        ("changed", "1", ""),
        ("changed", "],", ""),
        ("", '"g": {}', ""),
        ("", "}", ""),
        ("only-there", "g.i: 1", ""),
        ("only-there", "e: 3", ""),
    ]


@pytest.mark.parametrize("number", [2**70, 1.0, 1e300, 0.1])
def test_a_number_is_not_rounded(open_page: Open, tmp_path: Path, number: float) -> None:
    compared(tmp_path, [({"a": number}, {"a": number})])
    page = open_page(tmp_path)
    assert lines(page, 0, 0)[1]["text"].strip() == f'"a": {json.dumps(number)}'
