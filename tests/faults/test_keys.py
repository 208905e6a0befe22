"""A key that is withdrawn while a task runs."""

from faults.bench import Bench
from faults.case import RUNNING, Row
from faults.choosing import put_to
from faults.films import VARIANTS
from faults.other_rows import ANOTHER_KEY
from faults.playing import Measured, Record, afterwards, by_itself


@put_to([ANOTHER_KEY])
def test_another_key(row: Row, provider: str, client: str, bench: Bench, measured: Record) -> None:
    def play() -> Measured:
        job = (VARIANTS[provider], bench.request)
        bench.attempt("submit", *job, output=bench.target)
        assert bench.task
        withdrawn = {"keys": {provider: "qv7-that-was-withdrawn"}}
        bench.attempt("resume", bench.task.id, settings=withdrawn)
        assert type(bench.error).__name__ == RUNNING.error
        assert "refused the key from the argument `keys` (HTTP 401)" in str(bench.error)
        outcome = f"exit {RUNNING.exit}, {afterwards(RUNNING, bench)}"
        bench.assert_all()
        return Measured(row.step, row.name, provider, client, bench.bills, outcome)

    measured(by_itself(play))
