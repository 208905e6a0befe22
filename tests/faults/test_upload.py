"""Everything that may go wrong with an image that goes."""

from faults.case import Case
from faults.choosing import put_to
from faults.file_cases import UPLOAD
from faults.playing import Play


@put_to(UPLOAD)
def test_upload(row: Case, provider: str, client: str, played: Play) -> None:
    played(row)
