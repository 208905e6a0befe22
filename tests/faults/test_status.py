"""Everything that can go wrong while a task is polled."""

from faults.case import Case
from faults.runner import CaseRunner
from faults.selection import parametrize_rows
from faults.status_cases import STATUS


@parametrize_rows(STATUS)
def test_status(row: Case, provider: str, client: str, run_case: CaseRunner) -> None:
    run_case(row)
