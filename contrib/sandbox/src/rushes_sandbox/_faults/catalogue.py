"""All faults by their names."""

from difflib import get_close_matches

from rushes_sandbox._faults import connect, download, status, submit, upload
from rushes_sandbox._faults.fault import Fault

#: Every fault by its name, in the order of the steps.
FAULTS: dict[str, Fault] = {
    fault.name: fault
    for module in (connect, submit, status, download, upload)
    for fault in module.FAULTS
}


def find_fault(name: str) -> Fault:
    """Return a fault by its name; a `ValueError` suggests the nearest one."""
    if name in FAULTS:
        return FAULTS[name]
    near = get_close_matches(name, FAULTS, n=1, cutoff=0.0)
    raise ValueError(
        f"there is no fault {name!r}; the nearest is {near[0]!r}. "
        "`rushes sandbox --list-faults` shows them all."
    )


def parse_fault(text: str) -> tuple[Fault, int | None]:
    """Parse `NAME` (every time) or `NAME:3` (three times); raise `ValueError` for anything else."""
    name, colon, number = text.partition(":")
    fault = find_fault(name)
    if not colon:
        return fault, None
    if fault.step == "connect":
        raise ValueError(f"{name} applies to every connection; leave out :{number}")
    if not (number.isascii() and number.isdigit() and int(number) > 0):
        raise ValueError(
            f"{text}: how many requests to hit must be 1 or more, not {number!r}; "
            f"{name} alone hits all of them"
        )
    return fault, int(number)
