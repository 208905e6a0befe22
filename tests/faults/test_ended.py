"""A provider whose models have ended is not in the table: its faults are tried in the past."""

import pytest
from rushes_sandbox import FAULTS, fault_trial

from faults.selection import runs_everything

BODY = {
    "instances": [{"prompt": "A red kite"}],
    "parameters": {"durationSeconds": 4, "resolution": "720p"},
}
SAMPLE = ("connection-refused", "drop-after-create", "status-html", "download-short")


def test_google_was_never_paid_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rushes_google")
    if not runs_everything():
        monkeypatch.setattr(fault_trial, "FAULTS", {name: FAULTS[name] for name in SAMPLE})
    outcomes = fault_trial.run("google/veo-3.1-lite", BODY)
    assert set(SAMPLE) <= set(outcomes)
    assert {fault: wrong for fault, wrong in outcomes.items() if wrong} == {}
