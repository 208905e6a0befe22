"""What a variant's cells add up to: rates, reasons, times and the price of a second."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from results_made import cell, results, video
from rushes_compare._results.figures import (
    VariantFigures,
    figures_by_pool,
    percentile,
    summary_lines,
)
from rushes_compare._results.pools import pools_of
from rushes_compare.results import Cell, Failure, Results, Row, Settings, Timing


def failed(number: int, state: str, reason: str | None, **more: object) -> Cell:
    failure = Failure(kind="X", message="it failed", reason=reason)
    return cell(number, video=None, state=state, failure=failure, **more)


def variant_figures(made: Results) -> list[VariantFigures]:
    (figures,) = figures_by_pool(made).values()
    return figures


def test_failures_refusals_and_their_reasons_are_counted() -> None:
    made = results(
        cell(0, video=video(4)),
        failed(1, "failed", "did not pass review", repeat=2, billed=0.1),
        failed(2, "failed", "did not pass review", repeat=3, billed=0.0),
        failed(3, "refused", None, repeat=4, billed=None),
        cell(4, video=None, state="cannot", repeat=5),
        cell(5, video=None, state="queued", repeat=6),
        cell(6, video=None, state="completed", repeat=7),
    )
    (one,) = variant_figures(made)
    assert (one.asked, one.sent, one.made, one.failed, one.refused) == (7, 4, 1, 2, 1)
    assert (one.failure_rate, one.refusal_rate) == (50, 25)
    assert one.reasons == [("did not pass review", 2), ("it failed", 1)]
    assert one.usd_per_second == 0.15  # what failed was paid for, too


def test_one_unknown_cost_makes_the_price_of_a_second_unknown() -> None:
    (one,) = variant_figures(results(cell(0), cell(1, repeat=2, billed=None)))
    assert one.usd_per_second is None


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=60), st.sampled_from([50, 95]))
def test_a_percentile_is_one_of_the_values_that_enough_are_under(
    values: list[float], share: int
) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= len(values) * share / 100
    assert sum(value < found for value in values) < len(values) * share / 100


def test_the_summary_is_plain_text() -> None:
    timings = [Timing(rendering=seconds) for seconds in (10, 20, 30)]
    made = results(*(cell(n, repeat=n + 1, timing=one) for n, one in enumerate(timings)))
    assert list(summary_lines(made)) == [
        "1 prompt, 3 takes each",
        "a/b: 3 of 3 videos, 0.1 USD per second delivered, 20 s to video (p95 30 s)",
    ]
    assert percentile([], 50) is None


@pytest.mark.parametrize("count", [1, 19, 20, 100])
def test_of_few_times_the_longest_is_the_ninety_fifth(count: int) -> None:
    values = [float(number) for number in range(1, count + 1)]
    assert percentile(values, 95) == {1: 1, 19: 19, 20: 19, 100: 95}[count]


def test_figures_are_of_one_pool() -> None:
    loud, quiet = Settings(audio=True), Settings(audio=False)
    made = results(
        cell(0, variant="a/b", settings=loud, billed=1.0),
        cell(1, variant="a/b", row=1, settings=loud, billed=3.0),
        cell(2, variant="c/d", settings=quiet, billed=1.0),
        cell(3, variant="c/d", row=1, settings=loud, billed=1.0, video=None, state="failed"),
        rows=[
            Row(name="1", request={"prompt": "x"}),
            Row(name="2", request={"images": [{"url": "a.png", "role": "first_frame"}]}),
        ],
    )
    found = figures_by_pool(made)
    assert {pool: [(one.variant, one.made, one.usd_per_second) for one in figures]
            for pool, figures in found.items()} == {
        ("first_frame", True): [("a/b", 1, 0.6), ("c/d", 0, None)],
        ("text", False): [("c/d", 1, 0.2)],
        ("text", True): [("a/b", 1, 0.2)],
    }  # fmt: skip
    assert [line for line in summary_lines(made) if line.endswith(":")] == [
        "From a frame, with sound:", "From text, without sound:", "From text, with sound:",
    ]  # fmt: skip


def test_what_has_no_video_counts_where_its_variants_others_are_or_its_rows() -> None:
    sounding = msgspec.structs.replace(video(), audio_codec="aac", silent=False)
    made = results(
        cell(0, variant="a/b", video=sounding),
        cell(1, variant="a/b", repeat=2, video=None, state="failed"),
        cell(2, variant="c/d", video=None, state="cannot"),
        cell(3, variant="e/f"),  # silent
        cell(4, variant="c/d", row=1, video=None, state="failed"),
    )
    pools = pools_of(made)
    assert [pools[one.id][1] for one in made.cells] == [True, True, True, False, False]
