"""JSON as it is sent."""

import json
from typing import Any


def encode_json(value: Any) -> bytes:
    """Encode a JSON value.

    It is ASCII, because a value may hold lone surrogates, which UTF-8 cannot encode. NaN is written
    as NaN, as careless servers do; only faults make it.
    """
    return json.dumps(value).encode("ascii")
