"""Faults of any response that is JSON; every step except downloads has them."""

from collections.abc import Callable, Iterator

from rushes_sandbox._faults import effects
from rushes_sandbox._faults.fault import Effect, Fault
from rushes_sandbox._protocols.protocol import Step


def json_faults(step: Step, name: Callable[[str], str], handled: str = "") -> Iterator[Fault]:
    """Yield a step's faults; `handled` describes what the gateway has done before they hit."""

    def fault(what: str, does: str, effect: Effect) -> Fault:
        sentence = f"{handled}, but {does}." if handled else f"{does[0].upper()}{does[1:]}."
        return Fault(name(what), step, sentence, effect)

    yield fault("drop", "the connection closes without an answer", effects.drop)
    yield fault("reset", "the connection is reset without an answer", effects.reset)
    yield fault("stall", "no answer comes unless a test releases it", effects.stall)
    yield fault("drip", "the answer comes one byte at a time, headers included", effects.drip)
    endless = effects.endless(b'{"id": "', b"x")
    yield fault("endless", "the answer is JSON that never ends", endless)
    size = f"{effects.BOMB_MEGABYTES} MB"
    bomb = effects.bomb(b" ", first=True)
    yield fault("bomb", f"the answer is gzip that decompresses to {size}", bomb)
    yield fault("500", "the answer is a 500", effects.error(500, "internal error"))
    html = "the answer is a 200 with an HTML page that repeats the request's key"
    yield fault("html", html, effects.proxy_page())
    half = "the answer is a 200 with only half of the JSON"
    yield fault("cut-json", half, effects.half_the_json)
    empty = "the answer is a 200 with an empty body"
    yield fault("empty", empty, effects.other_body(b"", effects.JSON))
