"""Too much data: memory stays flat, and the job ends by itself and cleanly."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

from faults.fault_run import FaultRun
from faults.films import IMAGE
from faults.other_rows import MEMORY, MemoryRow
from faults.runner import DEADLINE, Measurement, Recorder
from faults.secrecy import KEY
from faults.selection import parametrize_rows

MAX_GROWTH = 64.0
"""Megabytes beyond what the process used for a good video."""
CLEAN = {"", "OutcomeUnknownError", "StillRunningError", "ResultError", "NotSentError"}


@parametrize_rows(MEMORY)
def test_memory_stays_flat(
    row: MemoryRow,
    provider: str,
    client: str,
    run: FaultRun,
    tmp_path: Path,
    record: Recorder,
) -> None:
    image = ""
    if row.image:
        frame = tmp_path / "frame.png"
        frame.write_bytes(IMAGE)
        image = str(frame)
    command = [sys.executable, "-m", "faults.memory_child", provider, client]
    command += [run.sandbox.base_urls[provider], str(run.home), image]
    paths = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "KEY": KEY, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    order = None
    with subprocess.Popen(command, env=environment, text=True, **pipes) as child:  # type: ignore[call-overload]
        try:
            assert child.stdout.readline() == "ready\n", child.stderr.read()
            order = run.sandbox.inject(row.fault, gateway=provider)
            out, err = child.communicate("go\n", timeout=DEADLINE)
        finally:
            child.kill()
            if order:
                order.cancel()
    assert (order.hits, err) == (1, "")
    found = json.loads(out)
    assert found["error"] in CLEAN
    assert found["growth"] < MAX_GROWTH
    assert run.bills <= 2  # of the good job and of this one
    growth = 16 * math.ceil(max(found["growth"], 1) / 16)
    outcome = f"at most {growth} MB more"
    record(Measurement(row.step, row.name, provider, client, run.bills - 1, outcome))
