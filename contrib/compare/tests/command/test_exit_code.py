"""The exit code of a comparison."""

import pytest
from rushes_compare._command.exit_code import exit_code
from rushes_compare.results import Cell, Failure, Results, Row


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("RequestError", 4), ("RefusedError", 4), ("NotSentError", 4), ("TaskEndedError", 5),
        ("ResultError", 5), ("MeasuringError", 5), ("StillRunningError", 6), ("DiskError", 6),
        ("OutcomeUnknownError", 7), ("MissingKeyError", 3), ("ConfigurationError", 3),
        ("NotOfferedError", 3), ("RushesError", 3), ("SomebodysOwnError", 3),
    ],
)  # fmt: skip
def test_a_failure_has_the_exit_code_of_its_error(kind: str, code: int) -> None:
    failed = Cell(id="a", row=0, variant="a/b", failure=Failure(kind=kind, message="x"))
    row = Row(name="1", request={})
    results = Results(id="a", created_at=0, rows=[row], variants=["a/b"], cells=[failed])
    assert exit_code(results) == code
