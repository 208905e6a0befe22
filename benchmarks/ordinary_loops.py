"""What a check would take if the loops that are unrolled for it were ordinary ones.

Each in turn is replaced by the loop that one would write instead, in a process of its own, and
compared with pydantic there as `check_speed.py` does.
Usage: python benchmarks/ordinary_loops.py [LOOP]
"""

import statistics
import subprocess
import sys
from collections.abc import Callable
from functools import cached_property
from typing import Any

import check_speed
from msgspec import UNSET
from msgspec.structs import force_setattr
from rushes import Request, draft
from rushes._check import quick
from rushes._payload import compiled
from rushes._payload.request_fields import ABSENT, FIELDS
from rushes._plugins.calling import LoadedVariant
from rushes._structs.unrolled import unrolled

ROUNDS = 5


def fields_set(request: Request) -> dict[str, Any]:
    """Do what `request_fields.fields_set` does, for a valid request."""
    given = {}
    for name in FIELDS:
        value = getattr(request, name)
        blank = name == "prompt" and type(value) is str and value.isspace()
        if value is not None and value not in ABSENT and not blank:
            given[name] = value
    return given


def over_request() -> None:
    """Loop over the fields of a request."""
    quick.sets_nothing = lambda request: not fields_set(request)  # type: ignore[assignment]
    draft.fields_set = fields_set


def over_payload() -> None:
    """Loop over the fields of a payload, to read it as rules see it."""

    def reader(fields: Any) -> Callable[[Any], Any]:
        holding = [field for field in fields if compiled._holds_absent(field.hint)]  # noqa: SLF001

        def read(payload: Any) -> Any:
            copy = payload.__copy__()
            for field in fields:
                if not field.required and getattr(copy, field.name) is UNSET:
                    force_setattr(copy, field.name, field.reads_as)
            for field in holding:
                value = compiled._within(getattr(copy, field.name))  # noqa: SLF001
                force_setattr(copy, field.name, value)
            return copy

        return read

    compiled._reader = reader  # noqa: SLF001


def over_rules() -> None:
    """Loop over the rules, each of them a function."""

    def rules_hold(loaded: LoadedVariant) -> Callable[[Any, Any], bool]:
        lines = [rule.line("rule") for rule in loaded.variant.rules]
        tests = [unrolled("read, raw", (line, "return True"), **names) for line, names in lines]
        return lambda read, raw: all(test(read, raw) for test in tests)

    looping = cached_property(rules_hold)
    looping.__set_name__(LoadedVariant, "rules_hold")
    LoadedVariant.rules_hold = looping  # type: ignore[assignment]


LOOPS: dict[str, list[Callable[[], None]]] = {
    "as it is": [],
    "over the request": [over_request],
    "over the payload": [over_payload],
    "over the rules": [over_rules],
    "all three": [over_request, over_payload, over_rules],
}


def main() -> None:
    """Measure one way if it is named, otherwise all of them in turn; print the ratios."""
    if len(sys.argv) > 1:
        for replace in LOOPS[sys.argv[1]]:
            replace()
        least = check_speed.least_seconds(100)
        print(least["rushes, payload"] / least["pydantic"])
        return
    ratios: dict[str, list[float]] = {name: [] for name in LOOPS}
    for _ in range(ROUNDS):
        for name, found in ratios.items():
            told = subprocess.run([sys.executable, __file__, name], capture_output=True, check=True)
            found.append(float(told.stdout))
    for name, found in ratios.items():
        spread = f"{min(found):.2f} to {max(found):.2f}"
        print(f"{name:18} {statistics.median(found):.2f} of pydantic's time ({spread})")


if __name__ == "__main__":
    main()
