"""A plugin cannot wrap a vendor's SDK, which retries by itself: hooks make no calls.

A hook describes the one creating call, and the core makes it. The conformance kit runs every
plugin's hooks behind the barrier that is used here.
"""

import socket
from collections.abc import Generator
from typing import Any

import pytest
from rushes import Call, hookimpl
from rushes.testing import barred

from faults.case import Row
from faults.fault_run import FaultRun
from faults.films import VARIANTS
from faults.other_rows import SDK
from faults.runner import Measurement, Recorder, run_with_deadline
from faults.selection import parametrize_rows


class Twice:
    """Describes two calls instead of one."""

    @hookimpl(wrapper=True)
    def submit(self) -> Generator[None, Call, Any]:
        """Return the call twice."""
        call = yield
        return [call, call]


@parametrize_rows([SDK])
def test_a_hook_describes_one_call_and_makes_none(
    row: Row, provider: str, client: str, run: FaultRun, record: Recorder
) -> None:
    variant = VARIANTS[provider]

    def scenario() -> Measurement:
        with run.driver() as driver:
            payload = driver.client.check(variant, run.request).payload
            with barred():
                call = driver.client.registry.get(variant).call(
                    "submit", payload=payload, client_id="a-reference"
                )
        assert isinstance(call, Call)
        run.attempt("submit", variant, run.request, settings={"wrappers": [Twice()]})
        assert type(run.error).__name__ == "BrokenPluginError"
        assert (run.exchanges, run.recorded()) == ([], [])
        run.generate()
        assert (run.error, len(run.posts)) == (None, 1)
        run.assert_output(delivered=True)
        run.assert_invariants()
        outcome = "one call, made by the core"
        return Measurement(row.step, row.name, provider, client, run.bills, outcome)

    record(run_with_deadline(scenario))


def test_the_barrier_holds() -> None:
    with pytest.raises(AssertionError, match="socket"), barred():
        socket.create_connection(("127.0.0.1", 9))
