"""A plugin around a vendor's SDK, which retries by itself, cannot be: hooks make no calls.

A hook describes the one call that creates, and the core makes it. The conformance kit runs every
plugin's hooks behind the barrier that is used here.
"""

import socket
from collections.abc import Generator
from typing import Any

import pytest
from rushes import Call, hookimpl
from rushes.testing._barred import barred

from faults.bench import Bench
from faults.case import Row
from faults.choosing import put_to
from faults.films import REQUEST, VARIANTS
from faults.other_rows import SDK
from faults.playing import Measured, Record, by_itself


class Twice:
    """Describes two calls where one is asked for."""

    @hookimpl(wrapper=True)
    def submit(self) -> Generator[None, Call, Any]:
        """Describe the call, and once more."""
        call = yield
        return [call, call]


@put_to([SDK])
def test_a_hook_describes_one_call_and_makes_none(
    row: Row, provider: str, client: str, bench: Bench, measured: Record
) -> None:
    variant = VARIANTS[provider]

    def play() -> Measured:
        with bench.hand() as hand:
            payload = hand.client.check(variant, REQUEST).payload
            with barred():
                call = hand.client.registry.get(variant).call(
                    "submit", payload=payload, client_id="a-reference"
                )
        assert isinstance(call, Call)
        bench.attempt("submit", variant, REQUEST, settings={"wrappers": [Twice()]})
        assert type(bench.error).__name__ == "BrokenPluginError"
        assert (bench.exchanges, bench.recorded()) == ([], [])
        bench.generate()
        assert (bench.error, len(bench.posts)) == (None, 1)
        bench.assert_whole(there=True)
        bench.assert_all()
        outcome = "one call, made by the core"
        return Measured(row.step, row.name, provider, client, bench.bills, outcome)

    measured(by_itself(play))


def test_the_barrier_holds() -> None:
    with pytest.raises(AssertionError, match="socket"), barred():
        socket.create_connection(("127.0.0.1", 9))
