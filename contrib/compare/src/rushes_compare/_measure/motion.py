"""How fast the picture moves: blocks of one frame, found again in the next."""

import numpy as np

SIDE = 160
"""The longer side of the frames that are compared: detail does not count."""
BLOCK = 16
REACH = 8
"""Pixels, in each direction, within which a block is looked for: 5 % of the longer side a frame."""
TEXTURE = 2.0
"""Standard deviation of a block's levels, of 255, below which there is nothing to follow."""
NEARNESS = 0.05
"""Levels that a match has to be better for each pixel it is farther away, so that the same pattern
twice, or noise, is not taken for motion."""
BETWEEN = 0.3
"""The best match is refined to a fraction of a pixel if it is no better than this share of its
neighbours: a whole pixel would match much better."""

Levels = np.ndarray[tuple[int, ...], np.dtype[np.float32]]

_SHIFTS = np.arange(-REACH, REACH + 1)
_DISTANCES = np.hypot(_SHIFTS[:, None], _SHIFTS[None, :]).astype(np.float32)[..., None]


def displacement(before: Levels, after: Levels) -> float | None:
    """Return how many pixels the blocks of a grey frame have moved since another, on average.

    None if the frames are too small, or too plain for anything to be followed.
    """
    height, width = ((side - 2 * REACH) // BLOCK * BLOCK for side in after.shape)
    if height <= 0 or width <= 0:
        return None
    blocks = _blocks(after[REACH : REACH + height, REACH : REACH + width])
    textured = blocks.std(axis=(1, 2)) >= TEXTURE
    if not textured.any():
        return None
    blocks = blocks[textured]
    misfits = np.empty((len(_SHIFTS), len(_SHIFTS), len(blocks)), dtype=np.float32)
    for y in range(len(_SHIFTS)):
        for x in range(len(_SHIFTS)):
            there = _blocks(before[y : y + height, x : x + width])[textured]
            misfits[y, x] = np.abs(there - blocks).mean(axis=(1, 2))
    return float(_lengths(misfits).mean())


def _blocks(part: Levels) -> Levels:
    """Return the blocks of a part, each less its mean: a change of light is not motion."""
    height, width = part.shape
    tiles = part.reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK).swapaxes(1, 2)
    blocks = tiles.reshape(-1, BLOCK, BLOCK)
    centred: Levels = blocks - blocks.mean(axis=(1, 2), keepdims=True)
    return centred


def _lengths(misfits: Levels) -> Levels:
    """Return how far each block's best match is away; `misfits` are by y, x and block."""
    size = len(_SHIFTS)
    best = (misfits + NEARNESS * _DISTANCES).reshape(size * size, -1).argmin(axis=0)
    y, x = np.divmod(best, size)
    down = _SHIFTS[y] + _fraction(misfits[:, x, np.arange(len(x))], y)
    right = _SHIFTS[x] + _fraction(misfits[y, :, np.arange(len(y))].T, x)
    lengths: Levels = np.hypot(down, right).astype(np.float32)
    return lengths


def _fraction(line: Levels, place: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Levels:
    """Return how far a minimum lies beside its whole pixel; absolute differences form a V there."""
    block = np.arange(len(place))
    inside = (place > 0) & (place < len(line) - 1)
    middle = line[place, block]
    left = line[np.maximum(place - 1, 0), block]
    right = line[np.minimum(place + 1, len(line) - 1), block]
    highest = np.maximum(left, right)
    known = inside & (middle > BETWEEN * highest)
    steep = np.where(highest > middle, highest - middle, 1.0)
    fraction: Levels = np.where(known, np.clip((left - right) / (2 * steep), -0.5, 0.5), 0.0)
    return fraction
