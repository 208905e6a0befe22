"""Answers for tests of code that uses a client: near the documented ones, and far from them."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from rushes.calls import Answer
from rushes.testing._answers import BODIES, STATUSES
from rushes.testing._conformance import VariantConformance
from rushes.testing._documented import documented, names_read, near
from rushes.testing._values import json_values


def odd_answers(kit: VariantConformance) -> st.SearchStrategy[Answer]:
    """Draw answers that a provider, or a proxy in front of it, might send.

    Bodies are those that the kit lists, such with odd values in a few places, any JSON, and damaged
    or no JSON at all; with any status, and with headers that clients heed.
    """
    listed, names = documented(kit), names_read(kit)
    bodies = st.sampled_from(listed) | near(listed, names) | json_values()
    headers = st.fixed_dictionaries(
        {},
        optional={
            "retry-after": st.sampled_from(["0", "9", "99999", "soon"]),
            "location": st.text(max_size=9),
        },
    )
    status = st.just(200) | st.sampled_from(STATUSES) | st.integers(200, 599)
    return st.builds(Answer, status, headers, _damaged(bodies) | st.sampled_from(BODIES))


@st.composite
def _damaged(draw: st.DrawFn, bodies: st.SearchStrategy[Any]) -> bytes:
    """Draw a body as bytes, sometimes cut short or with bytes replaced."""
    body = draw(bodies)
    try:
        written = msgspec.json.encode(body)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return draw(st.sampled_from(BODIES))
    if draw(st.booleans()):
        start = draw(st.integers(0, len(written)))
        end = draw(st.sampled_from([start, start + 1, len(written)]))
        written = written[:start] + draw(st.binary(max_size=3)) + written[end:]
    return written
