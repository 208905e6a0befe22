"""One request against every variant: which can do it, with which notes, at what cost."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rushes_cli._output.report import format_cost
from rushes_cli._request.option_names import option_for, with_options
from rushes_cli.terminal import print_line

if TYPE_CHECKING:
    from rushes import Note, Problem, Report


def rank_reports(reports: "Sequence[Report]") -> "list[Report]":
    """Sort reports: exact matches first, then those with notes, then the rest; cheap ones first."""

    def rank(report: "Report") -> tuple[bool, bool, float, str]:
        cost = report.cost if report.cost is not None else float("inf")
        return not report.valid, bool(report.notes), cost, report.variant

    return sorted(reports, key=rank)


def print_ranking(reports: "Sequence[Report]", option_names: Mapping[str, str]) -> None:
    """Print for each variant whether it can do the request, the best first."""
    for report in rank_reports(reports):
        if not report.valid:
            print_line(" cannot", bold=report.variant, colour="red")
            _print_findings(report.problems, option_names)
        elif report.notes:
            cost = _estimate(report)
            print_line(f" can, with notes; {cost}", bold=report.variant, colour="yellow")
            _print_findings(report.notes, option_names)
        else:
            print_line(f" can, exactly; {_estimate(report)}", bold=report.variant, colour="green")


def _estimate(report: "Report") -> str:
    return "cost unknown" if report.cost is None else f"about {format_cost(report.cost)}"


def _print_findings(
    findings: "Sequence[Problem] | Sequence[Note]", option_names: Mapping[str, str]
) -> None:
    from rushes import Problem

    for item in findings:
        option = option_for(item.path, option_names)
        names = item.names if isinstance(item, Problem) else ()
        message = with_options(item.message, names, option_names)
        print_line(f"{option}: {message}" if option else message, indent="    ")
