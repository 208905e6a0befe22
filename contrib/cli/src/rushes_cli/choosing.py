"""One request, every variant: who can do it, with which notes, for how much, and who cannot."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rushes_cli.naming import written
from rushes_cli.report_view import money
from rushes_cli.terminal import tell

if TYPE_CHECKING:
    from rushes import Note, Problem, Report


def ranked(reports: "Sequence[Report]") -> "list[Report]":
    """Sort reports: exactly, then with notes (the cheaper first), then those that cannot."""

    def rank(report: "Report") -> tuple[bool, bool, float, str]:
        cost = report.cost if report.cost is not None else float("inf")
        return not report.valid, bool(report.notes), cost, report.variant

    return sorted(reports, key=rank)


def tell_choice(reports: "Sequence[Report]", names: Mapping[str, str]) -> None:
    """Tell what each variant makes of the request, the best first."""
    for report in ranked(reports):
        if not report.valid:
            tell(" cannot", bold=report.variant, colour="red")
            _tell_each(report.problems, names)
        elif report.notes:
            tell(f" can, with notes; {price(report)}", bold=report.variant, colour="yellow")
            _tell_each(report.notes, names)
        else:
            tell(f" can, exactly; {price(report)}", bold=report.variant, colour="green")


def price(report: "Report") -> str:
    """Write a report's estimated cost."""
    return "cost unknown" if report.cost is None else f"about {money(report.cost)}"


def _tell_each(found: "Sequence[Problem] | Sequence[Note]", names: Mapping[str, str]) -> None:
    for item in found:
        path = written(item.path, names)
        tell(f"{path}: {item.message}" if path else item.message, indent="    ")
