"""The table of measurements: printed after a complete run, and written into the docs."""

import os
from collections.abc import Iterable

import pytest

from faults import page
from faults.all_rows import ROWS
from faults.runner import Measurement
from faults.selection import SETTING, combinations

PROPERTY = "fault"


class Reporter:
    """Collects the measurements, prints them, and writes the page if asked to."""

    def __init__(self, config: pytest.Config) -> None:
        self._measurements: list[Measurement] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect the measurement of one test."""
        if report.when == "call" and report.passed:
            self._measurements += [
                Measurement(**found)
                for name, found in report.user_properties
                if name == PROPERTY and isinstance(found, dict)
            ]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table."""
        terminalreporter.section("faults")
        for line in lines(self._measurements):
            terminalreporter.write_line(line)
        doubles = [found for found in self._measurements if found.bills > 1]
        runs = f"{len(self._measurements)} runs, {len(doubles)} double bills"
        terminalreporter.write_line(runs)
        if os.environ.get(SETTING) == "write":
            terminalreporter.write_line(self._written())

    def _written(self) -> str:
        """Write the page if nothing is missing; return a message."""
        had = {
            (found.step, found.name, found.provider, found.client) for found in self._measurements
        }
        wanted = {(row.step, row.name, *where) for row in ROWS for where in combinations(row)}
        if missing := wanted - had:
            return f"the page is not written: {len(missing)} runs are missing, {min(missing)}"
        return f"wrote {page.write(self._measurements)}"


def lines(measurements: Iterable[Measurement]) -> list[str]:
    """Format the table: step, provider, client, bills, outcome, fault."""
    rows = [
        (found.step, found.provider, found.client, str(found.bills), found.outcome, found.name)
        for found in measurements
    ]
    rows = sorted(set(rows))
    head = ("step", "provider", "client", "bills", "outcome", "what goes wrong")
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (head, *rows)
    ]
