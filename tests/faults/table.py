"""The table of what was measured: printed after a whole run, and written into the docs."""

import os
from collections.abc import Iterable

import pytest

from faults import page
from faults.all_rows import ROWS
from faults.choosing import SETTING, combinations
from faults.playing import Measured

PROPERTY = "fault"


class Reporter:
    """Gathers what the turns measured, prints it, and writes the page where that is asked for."""

    def __init__(self, config: pytest.Config) -> None:
        self._measured: list[Measured] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what one turn measured."""
        if report.when == "call" and report.passed:
            self._measured += [
                Measured(**found)
                for name, found in report.user_properties
                if name == PROPERTY and isinstance(found, dict)
            ]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table."""
        terminalreporter.section("faults")
        for line in lines(self._measured):
            terminalreporter.write_line(line)
        doubles = [found for found in self._measured if found.bills > 1]
        turns = f"{len(self._measured)} turns, {len(doubles)} double bills"
        terminalreporter.write_line(turns)
        if os.environ.get(SETTING) == "write":
            terminalreporter.write_line(self._written())

    def _written(self) -> str:
        """Write the page, if nothing is missing; say what was done."""
        had = {(found.step, found.name, found.provider, found.client) for found in self._measured}
        wanted = {(row.step, row.name, *where) for row in ROWS for where in combinations(row)}
        if missing := wanted - had:
            return f"the page is not written: {len(missing)} turns are missing, {min(missing)}"
        return f"wrote {page.write(self._measured)}"


def lines(measured: Iterable[Measured]) -> list[str]:
    """Lay the table out in columns: case, provider, client, bills, outcome."""
    rows = [
        (found.step, found.provider, found.client, str(found.bills), found.outcome, found.name)
        for found in measured
    ]
    rows = sorted(set(rows))
    head = ("step", "provider", "client", "bills", "outcome", "what goes wrong")
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (head, *rows)
    ]
