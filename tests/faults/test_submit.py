"""Everything that can go wrong with the creating call."""

from faults.case import Case
from faults.runner import CaseRunner
from faults.selection import parametrize_rows
from faults.submit_cases import SUBMIT


@parametrize_rows(SUBMIT)
def test_submit(row: Case, provider: str, client: str, run_case: CaseRunner) -> None:
    run_case(row)
