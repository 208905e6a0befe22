"""Votes of several people: read strictly, counted once, added up for each pool."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from page_results import made
from rushes_compare import load, merge_votes
from rushes_compare._ratings.rating import _told_apart
from rushes_compare.command import votes as votes_command
from rushes_compare.errors import FolderError, VotesError
from rushes_compare.results import Cell, Results, Row, Settings, Standing
from rushes_compare.votes import PairVote, RowVote, Votes, rate, read_votes

A, B, C, QUIET = (
    "toapis/kling-v3", "toapis/kling-v3-omni", "apimart/kling-v3", "uniall/kling-v3-std-silent",
)  # fmt: skip
COLUMNS = [A, B, C, QUIET]


def cell(row: int, variant: str) -> Cell:
    number = row * len(COLUMNS) + COLUMNS.index(variant)
    found = made(number, row, variant, 2, (320, 180))
    return msgspec.structs.replace(found, settings=Settings(audio=variant != QUIET))


RESULTS = Results(
    id="9f3ac1d2e4",
    created_at=1_795_000_000.0,
    rows=[
        Row(name="boat", request={"prompt": "A boat"}),
        Row(name="kite", request={"prompt": "A kite"}),
        Row(name="frame", request={"images": [{"url": "a.png", "role": "first_frame"}]}),
    ],
    variants=COLUMNS,
    cells=[cell(row, variant) for row in range(3) for variant in COLUMNS],
)
IDS = {(cell.row, cell.variant): cell.id for cell in RESULTS.cells}


def pair(row: int, left: str, right: str, choice: Any, at: float = 1.0) -> PairVote:
    return PairVote(row=row, left=IDS[row, left], right=IDS[row, right], choice=choice, at=at)


def person(number: int, *pairs: PairVote, **more: Any) -> Votes:
    return Votes(comparison=RESULTS.id, voter=f"{number:016x}", pairs=list(pairs), **more)


def exported(votes: Votes) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(votes)
    return plain


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "results.json").write_bytes(msgspec.json.encode(RESULTS))
    return tmp_path


Write = Callable[[Any], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: Any) -> Path:
        path = tmp_path / f"votes-{len(list(tmp_path.iterdir()))}.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


def test_votes_are_added_up_for_each_pool() -> None:
    people = [
        person(number, pair(0, A, B, "left"), pair(1, B, A, "right"), pair(2, A, B, "right"))
        for number in range(12)
    ]
    found = rate(RESULTS, people)
    assert (found.voters, found.pairs) == (12, 36)
    frame, text = found.pools
    assert (frame.input, text.input) == ("first_frame", "text")
    assert [one.variant for one in text.standings] == [A, B]
    first = text.standings[0]
    assert (first.wins, first.losses, first.ties) == (24, 0, 0)
    assert first.low < first.rating < first.high
    assert first.even_with == []
    assert text.said[0] == f"{A} is ahead of all others."
    assert frame.said[0] == f"{B} is ahead of all others."
    assert text.resampled == "people"
    assert text.agreement == 1
    assert text.left == 0.5


def test_few_votes_tell_nobody_apart() -> None:
    (pool,) = rate(RESULTS, [person(1, pair(0, A, B, "left"))]).pools
    assert pool.said[0] == "Nobody can be told apart from anybody else: more votes are needed."
    assert pool.said[1].startswith("Fewer than 10 people voted")
    assert pool.standings[0].even_with == [B]
    assert pool.agreement is None


def test_votes_on_one_prompt_say_nothing_of_others() -> None:
    people = [
        person(number, *(pair(0, A, other, "left") for other in (B, C))) for number in range(9)
    ]
    (pool,) = rate(RESULTS, people).pools
    assert pool.said[:2] == [
        "Nobody can be told apart from anybody else: more votes are needed.",
        "Fewer than 10 people voted, and on a single prompt: nothing follows for others. It takes "
        "more prompts, or more people.",
    ]
    on_two = [person(number, *(pair(row, A, B, "left") for row in (0, 1))) for number in range(9)]
    (pool,) = rate(RESULTS, on_two).pools
    assert pool.resampled == "rows"
    assert "the same people on other prompts" in pool.said[1]


def test_everybody_who_cannot_be_told_apart_is_named() -> None:
    def standing(variant: str, *even_with: str) -> Standing:
        return Standing(
            variant=variant, rating=1000, low=900, high=1100, wins=0, losses=0, ties=0, both_bad=0,
            best_of_row=0, even_with=list(even_with),
        )  # fmt: skip

    assert list(_told_apart([standing("a"), standing("b", "c", "d"), standing("c", "b"),
                             standing("d", "b")])) == [
        "a is ahead of all others.",
        "b cannot be told apart from c and d.",
    ]  # fmt: skip
    assert list(_told_apart([standing("a", "b"), standing("b", "a", "c"), standing("c", "b")])) == [
        "a has the highest rating, but cannot be told apart from b.",
        "b cannot be told apart from c.",
    ]


def test_one_whose_side_decides_is_noticed() -> None:
    people = [person(number, pair(0, A, B, "left"), pair(1, B, A, "left")) for number in range(30)]
    (pool,) = rate(RESULTS, people).pools
    assert pool.left == 1
    assert "a sign that the side itself decided" in pool.said[3]
    assert pool.standings[0].even_with


def test_ties_and_both_bad_are_half_a_win_for_each() -> None:
    (pool,) = rate(RESULTS, [person(1, pair(0, A, B, "tie"), pair(1, A, B, "both_bad"))]).pools
    assert [one.rating for one in pool.standings] == [1000, 1000]
    assert [(one.ties, one.both_bad) for one in pool.standings] == [(1, 1), (1, 1)]
    assert pool.said[-1] == "No pair was decided."


def test_a_vote_counts_once_and_the_later_one_wins() -> None:
    early = person(1, pair(0, A, B, "left", at=1), pair(1, A, B, "left", at=1))
    late = person(1, pair(0, B, A, "left", at=2), pair(1, A, B, "left", at=1))
    found = rate(RESULTS, [late, early, early])
    (pool,) = found.pools
    assert (found.voters, pool.pairs) == (1, 2)
    assert {one.variant: one.wins for one in pool.standings} == {A: 1, B: 1}


def test_the_best_of_a_row_is_counted_but_not_rated() -> None:
    def best(variant: str) -> list[RowVote]:
        return [RowVote(row=0, name="boat", variant=variant, blind=True)]

    voters = [
        person(1, pair(0, A, B, "tie"), votes=best(B), exported_at=2),
        person(1, votes=best(A), exported_at=1),
        Votes(comparison=RESULTS.id, votes=best(B)),
        Votes(comparison=RESULTS.id, votes=best(B)),
    ]
    found = rate(RESULTS, voters)
    assert found.voters == 2
    assert {one.variant: one.best_of_row for one in found.pools[0].standings} == {A: 0, B: 2}
    assert {one.rating for one in found.pools[0].standings} == {1000}


exports = st.lists(
    st.builds(
        person,
        st.integers(1, 3),
        st.builds(
            lambda row, names, choice, at: pair(row, names[0], names[1], choice, at),
            st.integers(0, 1),
            st.permutations([A, B, C]),
            st.sampled_from(["left", "right", "tie", "both_bad"]),
            st.integers(1, 3).map(float),
        ),
    ),
    max_size=8,
)


@given(exports, st.randoms(use_true_random=False))
def test_the_order_of_files_and_repeated_files_do_not_matter(
    given: list[Votes], chance: Any
) -> None:
    again = [*given, *given[:2]]
    chance.shuffle(again)
    assert rate(RESULTS, again) == rate(RESULTS, given)


def test_ratings_are_kept_in_the_results(folder: Path, write: Write) -> None:
    files = [write(exported(person(n, pair(0, A, B, "left")))) for n in range(3)]
    done = merge_votes(folder, files)
    assert load(folder).results.ratings == done.results.ratings
    assert '"even_with":["' in (folder / "report.html").read_text()
    again = merge_votes(folder, files[:1])
    assert again.results.ratings
    assert again.results.ratings.voters == 1


def changed(**changes: Any) -> dict[str, Any]:
    return {**exported(person(1, pair(0, A, B, "left"))), **changes}


def changed_pair(**changes: Any) -> dict[str, Any]:
    plain = changed()
    plain["pairs"].append({**plain["pairs"][0], **changes})
    return plain


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "is not valid JSON: expecting property name enclosed in double quotes at line 1"),
        ("models:", "column 1; give what the page saved with Votes, Export"),
        ("", "is empty"),
        ("[" * 100_000, "nest"),
        ('{"schema": 1, "schema": 1}', "twice"),
        ([], "the file: Expected `object`, got `array`"),
        (changed(schema=2), "`schema` is 2; this rushes-compare reads 1"),
        (changed(comparison="other"), "`comparison` is 'other'; the votes must be on"),
        (changed(voter=None), "`voter` is missing"),
        (changed(voter="../../x"), "voter: Expected `str` matching regex"),
        (changed(pairs=7), "pairs: Expected `array`, got `int`"),
        (changed_pair(choice="best"), "pairs[1].choice: Invalid enum value 'best'"),
        (changed_pair(row=1), "pairs[1].left is '00c0ffee00'; that cell is in row 0, not 1"),
        (changed_pair(row=-1), "pairs[1].row: Expected `int` >= 0"),
        (changed_pair(at=1e300), "pairs[1].at: Expected `float` <"),
        (changed_pair(left="ff"), "pairs[1].left is 'ff'; there is no such cell"),
        (changed_pair(left=IDS[0, B]), "pairs[1]: both videos are of toapis/kling-v3-omni"),
        (changed_pair(right=IDS[0, QUIET]), "pairs[1]: the two videos are not in one pool"),
        (changed(votes=[{"row": 9, "name": "", "variant": None, "blind": True}]),
         "votes[0].row is 9, but there are only 3 rows"),
        (changed(votes=[{"row": 0, "name": "", "variant": "x", "blind": True}]),
         "votes[0].variant 'x' is not one of the variants"),
    ],
)  # fmt: skip
def test_what_is_no_export_is_refused(write: Write, content: Any, reason: str) -> None:
    path = write(content)
    with pytest.raises(VotesError) as caught:
        read_votes(path, RESULTS)
    line = str(caught.value)
    assert line.startswith(str(path))
    assert reason in line


def test_a_file_that_is_too_large_or_missing_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "large.json").open("wb") as file:
        file.truncate(9 * 2**20)
    with pytest.raises(VotesError, match="larger than 8 MiB"):
        read_votes(tmp_path / "large.json", RESULTS)
    with pytest.raises(VotesError, match="cannot be read: No such file"):
        read_votes(tmp_path / "none.json", RESULTS)


def test_every_error_of_every_file_is_named_and_nothing_is_changed(
    folder: Path, write: Write
) -> None:
    many = changed(pairs=[{}] * 30)
    files = [write(changed(comparison="x")), write(many), write(changed())]
    before = (folder / "results.json").read_bytes()
    with pytest.raises(VotesError) as caught:
        merge_votes(folder, files)
    lines = str(caught.value).splitlines()
    assert len(lines) == 1 + 10 + 1
    assert lines[-1].endswith("and 20 more")
    assert (folder / "results.json").read_bytes() == before
    with pytest.raises(FolderError):
        merge_votes(folder / "none", files)


scalars = st.none() | st.booleans() | st.integers() | st.sampled_from(["", *IDS.values()])
junk = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["schema", "comparison", "voter", "votes", "pairs"]), junk))
def test_nothing_but_a_clear_error_comes_of_junk(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, Any]
) -> None:
    path = tmp_path_factory.getbasetemp() / "junk.json"
    path.write_text(json.dumps({**changed(), **content}))
    with suppress(VotesError):
        rate(RESULTS, [read_votes(path, RESULTS)])


def test_the_command_prints_the_ratings(folder: Path, write: Write) -> None:
    path = write(exported(person(1, pair(0, A, B, "left"), pair(0, B, C, "left"))))
    run = CliRunner().invoke(votes_command, ["merge", str(path), "--into", str(folder)])
    assert run.exit_code == 0, run.output
    lines = run.output.splitlines()
    assert lines[0] == "From text, with sound: 2 pairs judged by 1 person"
    assert A in lines[1]
    assert "won 1, lost 0, tied 0, both bad 0" in lines[1]
    assert lines[-1] == str(folder / "report.html")
    run = CliRunner().invoke(votes_command, ["merge", str(path), "--into", str(folder), "--json"])
    assert json.loads(run.output)["pools"][0]["pairs"] == 2


def test_the_command_refuses_with_the_place(folder: Path, write: Write) -> None:
    path = write(changed(comparison="\x1b[31m"))
    run = CliRunner().invoke(votes_command, ["merge", str(path), "--into", str(folder)])
    assert run.exit_code == 2
    assert "`comparison` is" in run.output
    assert "\x1b" not in run.output
    (folder / "results.json").unlink()
    run = CliRunner().invoke(votes_command, ["merge", str(path), "--into", str(folder)])
    assert run.exit_code == 3


def test_every_missing_file_and_folder_is_named_at_once(tmp_path: Path) -> None:
    lost = [str(tmp_path / name) for name in ("a.json", "b.json", "folder")]
    run = CliRunner().invoke(votes_command, ["merge", *lost[:2], "--into", lost[2]])
    assert run.exit_code == 2
    lines = run.output.splitlines()[-3:]
    assert [line.removeprefix("Error: ").partition(": ")[0] for line in lines] == lost
    assert "--into DIR" in lines[-1]


def test_a_name_that_no_file_can_have_is_of_no_file(tmp_path: Path) -> None:
    long = str(tmp_path / ("n" * 300))
    run = CliRunner().invoke(votes_command, ["merge", long, "--into", long])
    assert run.exit_code == 2
    assert f"{long}: there is no such file" in run.output
    assert f"{long}: there is no such folder" in run.output
