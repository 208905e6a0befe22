"""What a video costs: the recorded bills, and every size."""

import pytest
from rushes_byteplus.prices import SIZES, tokens, usd


@pytest.mark.parametrize(
    ("resolution", "ratio", "seconds", "billed"),
    [
        ("720p", "16:9", 5, 108900),
        ("720p", "9:16", 5, 108900),
        ("1080p", "16:9", 5, 245025),
    ],
)
def test_tokens_are_those_of_recorded_bills(
    resolution: str, ratio: str, seconds: int, billed: int
) -> None:
    assert tokens(resolution, ratio, seconds) == billed


def test_a_ratio_that_the_model_chooses_counts_as_the_largest() -> None:
    for resolution, sizes in SIZES.items():
        every = [tokens(resolution, ratio, 5) for ratio in sizes]
        assert tokens(resolution, "adaptive", 5) == max(every)
        assert max(every) <= 1.07 * min(every)


def test_each_size_has_its_ratio() -> None:
    for sizes in SIZES.values():
        for ratio, (width, height) in sizes.items():
            across, down = map(int, ratio.split(":"))
            assert width / height == pytest.approx(across / down, rel=0.03)


def test_usd_are_per_million_tokens() -> None:
    assert usd(108900, 7.0) == 0.7623
