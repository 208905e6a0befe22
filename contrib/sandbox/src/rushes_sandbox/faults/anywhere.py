"""What can go wrong with any answer that is JSON."""

from collections.abc import Callable, Iterator

from rushes_sandbox.faults import strikes
from rushes_sandbox.faults.fault import Fault, Step, Strike


def answering(step: Step, name: Callable[[str], str], done: str = "") -> Iterator[Fault]:
    """Give the faults of a step's answers; `done` says what was done before."""

    def fault(what: str, does: str, strike: Strike) -> Fault:
        sentence = f"{done}, but {does}." if done else f"{does[0].upper()}{does[1:]}."
        return Fault(name(what), step, sentence, strike)

    yield fault("drop", "the connection closes without an answer", strikes.drop)
    yield fault("reset", "the connection is reset without an answer", strikes.reset)
    yield fault("stall", "no answer comes unless a test releases it", strikes.stall)
    yield fault("drip", "the answer drips one byte at a time, its head too", strikes.drip)
    endless = strikes.endless(b'{"id": "', b"x")
    yield fault("endless", "the answer is JSON that never ends", endless)
    size = f"{strikes.BOMB_MEGABYTES} MB"
    bomb = strikes.bomb(b" ", first=True)
    yield fault("bomb", f"the answer is gzip that unpacks to {size}", bomb)
    failed = strikes.refused(500, "internal error")
    yield fault("500", "the answer is a 500", failed)
    yield fault(
        "html", "200 comes with a page in HTML, which repeats the request's key", strikes.page()
    )
    yield fault("cut-json", "200 comes with half of the JSON", strikes.cut_json)
    yield fault("empty", "200 comes without a body", strikes.instead(b"", strikes.JSON))
