"""What can go wrong at a gateway, by name, to be ordered from the sandbox."""

from difflib import get_close_matches

from rushes_sandbox.faults import connect, download, status, submit, upload
from rushes_sandbox.faults.fault import Fault, Step

#: Every fault by its name, in the order of the steps.
FAULTS: dict[str, Fault] = {
    fault.name: fault
    for module in (connect, submit, status, download, upload)
    for fault in module.FAULTS
}

__all__ = ["FAULTS", "Fault", "Step", "find", "parse"]


def find(name: str) -> Fault:
    """Return a fault; a `ValueError` names the nearest one where there is none of this name."""
    if name in FAULTS:
        return FAULTS[name]
    near = get_close_matches(name, FAULTS, n=1, cutoff=0.0)
    raise ValueError(
        f"there is no fault {name!r}; the nearest is {near[0]!r}. "
        "`rushes sandbox --list-faults` shows them all."
    )


def parse(text: str) -> tuple[Fault, int | None]:
    """Read `NAME`, which is for ever, or `NAME:3`, which is three times, or raise `ValueError`."""
    name, colon, number = text.partition(":")
    fault = find(name)
    if not colon:
        return fault, None
    if fault.step == "connect":
        raise ValueError(f"{name} is about every connection; leave out :{number}")
    if not (number.isascii() and number.isdigit() and int(number) > 0):
        raise ValueError(f"after {name}: comes how many times, 1 or more, not {number!r}")
    return fault, int(number)
