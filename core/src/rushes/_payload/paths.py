"""A path into a payload, as declarations write it: `settings.shots`, `instances[0].prompt`."""

import re
from functools import lru_cache

_STEP = re.compile(r"\[(\d+)\]|[^.\[\]]+")


@lru_cache(maxsize=1024)
def steps_to(path: str) -> tuple[str | int, ...]:
    """Return the names and numbers that lead to a place."""
    return tuple(
        int(found[1]) if found[1] is not None else found[0] for found in _STEP.finditer(path)
    )
