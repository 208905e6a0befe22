"""Everything that may go wrong with the video that comes."""

from faults.case import Case
from faults.choosing import put_to
from faults.file_cases import DOWNLOAD
from faults.playing import Play


@put_to(DOWNLOAD)
def test_download(row: Case, provider: str, client: str, played: Play) -> None:
    played(row)
