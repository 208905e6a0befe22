"""Everything that can go wrong with the upload of an image."""

from faults.case import Case
from faults.file_cases import UPLOAD
from faults.runner import CaseRunner
from faults.selection import parametrize_rows


@parametrize_rows(UPLOAD)
def test_upload(row: Case, provider: str, client: str, run_case: CaseRunner) -> None:
    run_case(row)
