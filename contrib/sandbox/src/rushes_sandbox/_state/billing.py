"""What videos cost, and the balance that pays for them, in USD."""

from rushes_sandbox._rendering.scene import Scene

#: USD per second of video by its shorter side: silent, and with sound. Usual prices.
_USUAL = {720: (0.0672, 0.0672), 1080: (0.0896, 0.112), 2160: (0.429, 0.429)}


def usual_price(scene: Scene) -> float:
    """Return what a video usually costs, in USD, for providers whose pages list no prices."""
    short = min(scene.width, scene.height)
    silent, with_sound = _USUAL[min(_USUAL, key=lambda size: abs(size - short))]
    return round((with_sound if scene.sound else silent) * round(scene.seconds), 4)


class Balance:
    """What may be spent, and what has been, in USD; a total of None means no limit."""

    def __init__(self, total: float | None) -> None:
        self.total = total
        self.spent = 0.0

    @property
    def remaining(self) -> float | None:
        """What is left; None for no limit."""
        return None if self.total is None else self.total - self.spent

    def covers(self, cost: float) -> bool:
        """Whether a cost can be paid."""
        return self.total is None or self.spent + cost <= self.total + 1e-9

    def charge(self, cost: float) -> None:
        """Take a cost off the balance; a negative one is given back."""
        self.spent += cost
