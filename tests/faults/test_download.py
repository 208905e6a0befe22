"""Everything that can go wrong with the download of the video."""

from faults.case import Case
from faults.file_cases import DOWNLOAD
from faults.runner import CaseRunner
from faults.selection import parametrize_rows


@parametrize_rows(DOWNLOAD)
def test_download(row: Case, provider: str, client: str, run_case: CaseRunner) -> None:
    run_case(row)
