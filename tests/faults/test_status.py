"""Everything that may go wrong while a task is followed."""

from faults.case import Case
from faults.choosing import put_to
from faults.playing import Play
from faults.status_cases import STATUS


@put_to(STATUS)
def test_status(row: Case, provider: str, client: str, played: Play) -> None:
    played(row)
