"""What a stand-in bills is what the plugin estimated: both read the prices for themselves."""

import json
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from kits import kits
from rushes_sandbox import Backend, Incoming, Refused, Submit, protocols

UNSAID = {"byteplus": "ratio", "runway": "audio"}
"""Where the price is open as long as a field is absent: the estimate is then the highest price."""


class NoFiles:
    """A backend without tasks, which knows no picture."""

    def picture(self, *_: object) -> None:
        """Find none."""

    find = inline_picture = picture


def bill(provider: str, path: str, body: bytes) -> float | None:
    """Return what the stand-in would bill for a submit; None if it refuses it."""
    submits = [one for one in protocols().by_id[provider].endpoints if isinstance(one, Submit)]
    for submit in submits:
        before, name, after = submit.path.partition("{model}")
        if path.startswith(before) and path.endswith(after) and (name or path == before):
            model = path.removeprefix(before).removesuffix(after)
            incoming = Incoming("POST", path, {"model": model}, body=body)
            try:
                scene = submit.scene(incoming, cast("Backend", NoFiles()))
            except Refused:
                return None
            return submit.price(incoming, scene)
    raise LookupError(f"{provider} has no {path}")


@pytest.mark.parametrize("variant", sorted(kits()))
def test_the_stand_in_bills_what_was_estimated(variant: str) -> None:
    kit, provider = kits()[variant], variant.partition("/")[0]
    for example in kit.accepted:
        report = kit.check(example)
        call = kit.call(report)
        billed = bill(provider, urlsplit(call.url).path, call.body or b"")
        if report.cost is None or billed is None:
            continue
        body: Any = json.loads(call.body or b"")
        unsaid = UNSAID.get(provider)
        if unsaid and body.get(unsaid, "adaptive") == "adaptive":
            assert billed <= report.cost + 0.0001, body
        else:
            assert billed == pytest.approx(report.cost, abs=0.0001), body
