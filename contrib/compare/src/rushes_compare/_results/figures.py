"""What a variant's cells in a pool add up to: how often it delivers, how fast, at what price."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec import Struct

from rushes_compare._results.pools import Pool, pool_name, pools_of
from rushes_compare.columns import COLUMNS
from rushes_compare.results import Cell, Results

UNSENT = frozenset(("planned", "cannot", "recorded"))
UNDER_WAY = frozenset(("sending", "queued", "in_progress"))


class VariantFigures(Struct, frozen=True, kw_only=True):
    """The figures of one variant in one pool; None for what is not known.

    `asked` counts its cells, `sent` the tasks that have ended: `made` of them delivered a video,
    `refused` were turned down on submission, `failed` ended otherwise; rates are percentages of
    `sent`. `reasons` are the provider's words, each with how often it gave them. `usd_per_second`
    is the cost of everything bought divided by the seconds delivered, failures included. Of times
    to video, half are at most `time_p50`, and 95 of 100 at most `time_p95`; with fewer than 20 that
    is the longest.
    """

    variant: str
    asked: int
    sent: int
    made: int
    refused: int
    failed: int
    failure_rate: float | None
    refusal_rate: float | None
    reasons: list[tuple[str, int]]
    promises_kept: int
    promises_judged: int
    usd_per_second: float | None
    time_p50: float | None
    time_p95: float | None


class FigureColumn(Struct, frozen=True, kw_only=True):
    """A number of `VariantFigures`, and what it does and does not mean."""

    name: str
    label: str
    unit: str
    meaning: str


FIGURE_COLUMNS = (
    FigureColumn(
        name="made",
        label="Videos",
        unit="",
        meaning="How many videos the numbers are of. Compare variants that have as many: where "
        "prompts or takes are missing, the others may be easier ones.",
    ),
    FigureColumn(
        name="usd_per_second",
        label="Cost of a second delivered",
        unit="USD/s",
        meaning="Everything that was paid, failures included, by the seconds delivered. Unknown if "
        "the cost of any task is.",
    ),
    FigureColumn(
        name="time_p50",
        label="Time to video, p50",
        unit="s",
        meaning="Half of the videos took no longer. As precise as the polls; another hour of the "
        "day may differ.",
    ),
    FigureColumn(
        name="time_p95",
        label="Time to video, p95",
        unit="s",
        meaning="95 of 100 videos took no longer. With fewer than 20 it is the longest of them.",
    ),
    FigureColumn(
        name="failure_rate",
        label="Failed",
        unit="%",
        meaning="Tasks that were accepted and delivered no usable video. Of a few tasks, a rate "
        "says little.",
    ),
    FigureColumn(
        name="refusal_rate",
        label="Refused",
        unit="%",
        meaning="Tasks that the provider turned down at once. It may have had a reason: see there.",
    ),
)
"""The numbers of a variant, as a page shows them."""


def figures_by_pool(results: Results) -> dict[Pool, list[VariantFigures]]:
    """Return, for each pool, the figures of each variant that was asked for something in it."""
    pools = pools_of(results)
    by_pool: dict[Pool, dict[str, list[Cell]]] = {pool: {} for pool in sorted({*pools.values()})}
    for cell in results.cells:
        by_pool[pools[cell.id]].setdefault(cell.variant, []).append(cell)
    return {
        pool: [_figures(name, cells[name]) for name in results.variants if name in cells]
        for pool, cells in by_pool.items()
    }


def _figures(variant: str, cells: Sequence[Cell]) -> VariantFigures:
    ended = [cell for cell in cells if _has_ended(cell)]
    made = sum(cell.video is not None for cell in ended)
    refused = sum(cell.state == "refused" for cell in ended)
    failed = len(ended) - made - refused
    times = [time for cell in ended if (time := COLUMNS["time_to_video"].number(cell)) is not None]
    reasons = Counter(
        cell.failure.reason or cell.failure.message
        for cell in ended
        if cell.failure is not None and cell.video is None
    )
    judged = [promise for cell in cells for promise in cell.promises if promise.kept is not None]
    return VariantFigures(
        variant=variant,
        asked=len(cells),
        sent=len(ended),
        made=made,
        refused=refused,
        failed=failed,
        failure_rate=_rate(failed, len(ended)),
        refusal_rate=_rate(refused, len(ended)),
        reasons=reasons.most_common(),
        promises_kept=sum(bool(promise.kept) for promise in judged),
        promises_judged=len(judged),
        usd_per_second=_usd_per_second(ended),
        time_p50=percentile(times, 50),
        time_p95=percentile(times, 95),
    )


def _has_ended(cell: Cell) -> bool:
    if cell.video is not None:
        return True
    if cell.state == "completed":  # and its video may still be on its way
        return cell.failure is not None
    return cell.state not in UNSENT | UNDER_WAY


def _rate(count: int, of: int) -> float | None:
    return round(100 * count / of, 1) if of else None


def _usd_per_second(cells: Sequence[Cell]) -> float | None:
    costs = [cell.cost for cell in cells]
    seconds = sum(cell.video.duration for cell in cells if cell.video)
    known = [cost for cost in costs if cost is not None]
    return round(sum(known) / seconds, 6) if seconds and len(known) == len(costs) else None


def percentile(values: Sequence[float], share: int) -> float | None:
    """Return the smallest value that is no less than this percentage of them (nearest rank)."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(share * len(values) / 100) - 1)]


def summary_lines(results: Results) -> Iterator[str]:
    """Yield the comparison as a few lines of plain text, to paste into a message."""
    rows, takes = len(results.rows), results.repeats
    yield f"{rows} prompt{'s' * (rows != 1)}, {takes} take{'s' * (takes != 1)} each"
    by_pool = figures_by_pool(results)
    for pool, figures in by_pool.items():
        if len(by_pool) > 1:
            yield f"{pool_name(pool)}:"
        yield from map(_line, figures)


def _line(one: VariantFigures) -> str:
    words = [f"{one.made} of {one.asked} video{'s' * (one.asked != 1)}"]
    if one.promises_judged:
        words.append(f"{one.promises_kept} of {one.promises_judged} promises kept")
    if one.usd_per_second is not None:
        words.append(f"{one.usd_per_second:.3g} USD per second delivered")
    if one.time_p50 is not None and one.time_p95 is not None:
        words.append(f"{one.time_p50:.3g} s to video (p95 {one.time_p95:.3g} s)")
    for rate, word in ((one.failure_rate, "failed"), (one.refusal_rate, "refused")):
        if rate:
            words.append(f"{rate:g} % {word}")
    return f"{one.variant}: {', '.join(words)}"
