"""Whether voters agree, and whether the side on which a video was shown decided."""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import sqrt

Z95 = 1.959963984540054
"""How many standard deviations on both sides of the mean hold 95 % of a normal distribution."""


def krippendorff_alpha(units: Iterable[Iterable[str]]) -> float | None:
    """Return Krippendorff's alpha for nominal values, or None where nothing can be said.

    Each unit holds what several people said of one thing. 1 is full agreement, 0 what chance makes,
    less than 0 worse than chance. (Krippendorff, "Content Analysis", chapter on reliability.)
    """
    coincidences: Counter[tuple[str, str]] = Counter()
    for unit in units:
        said = Counter(unit)
        number = said.total()
        if number < 2:
            continue
        for one, ones in said.items():
            for other, others in said.items():
                both = ones * (others - (one == other))
                coincidences[one, other] += both / (number - 1)  # type: ignore[assignment]
    totals: Counter[str] = Counter()
    for (one, _), count in coincidences.items():
        totals[one] += count
    everything = totals.total()
    expected = everything**2 - sum(total**2 for total in totals.values())
    if everything < 2 or not expected:
        return None  # nobody judged what another did, or all said the same of everything
    differing = sum(count for (one, other), count in coincidences.items() if one != other)
    return 1 - (everything - 1) * differing / expected


def agreement_on_pairs(units: Iterable[Sequence[str]]) -> float | None:
    """Return Krippendorff's alpha for choices between two videos: `one`, `other`, or another word.

    Which of the two is `one` means nothing. So every choice also counts turned around: by chance
    people then agree on a winner in half of the cases, whichever video was named first.
    """
    turn = {"one": "other", "other": "one"}
    return krippendorff_alpha(
        said for unit in units for said in (unit, [turn.get(word, word) for word in unit])
    )


def agreement_in_words(alpha: float | None) -> str:
    """Say what an alpha means, by Krippendorff's own limits."""
    if alpha is None:
        return "no two people judged enough of the same pairs to say whether they agree"
    if alpha >= 0.8:
        return "the voters agree"
    if alpha >= 0.667:
        return "the voters agree well enough for tentative conclusions"
    if alpha > 0.2:
        return "the voters agree a little; much is taste"
    return "the voters hardly agree more than by chance"


def wilson(successes: float, trials: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval for a share; 0 to 1 where there were no trials."""
    if not trials:
        return 0.0, 1.0
    share, square = successes / trials, Z95**2
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    half = (
        Z95 * sqrt(share * (1 - share) / trials + square / (4 * trials**2)) / (1 + square / trials)
    )
    return min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half))
