"""Everything that may go wrong with the call that is paid for."""

from faults.case import Case
from faults.choosing import put_to
from faults.playing import Play
from faults.submit_cases import SUBMIT


@put_to(SUBMIT)
def test_submit(row: Case, provider: str, client: str, played: Play) -> None:
    played(row)
