"""JUnit XML, which CI systems read: a test case for each cell, and for what concerns all."""

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from rushes_compare._files import write_atomically
from rushes_compare._promises.expectations import Miss
from rushes_compare.columns import COLUMNS
from rushes_compare.results import Cell, Results

# What XML 1.0 cannot contain, however it is escaped (section 2.2).
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(path: Path, results: Results, misses: Sequence[Miss]) -> None:
    """Write the outcome of each cell and the expectations that it missed; raises FolderError."""
    suite = ET.Element("testsuite", name=f"rushes compare {results.id}")
    for cell in results.cells:
        messages = [miss.message for miss in misses if miss.cell is cell]
        _add_case(suite, _name(cell, results), cell.variant, messages, cell)
    for miss in misses:
        if miss.cell is None:
            _add_case(suite, "bounds", "all", [miss.message])
    for name in ("failure", "error", "skipped"):
        suite.set(f"{name}s" if name != "skipped" else name, str(len(suite.findall(f"*/{name}"))))
    suite.set("tests", str(len(suite)))
    write_atomically(path, [ET.tostring(suite, encoding="utf-8", xml_declaration=True), b"\n"])


def _add_case(
    suite: ET.Element, name: str, variant: str, messages: Sequence[str], cell: Cell | None = None
) -> None:
    case = ET.SubElement(suite, "testcase", name=_text(name), classname=_text(variant))
    seconds = COLUMNS["time_to_video"].number(cell) if cell else None
    if seconds is not None:
        case.set("time", f"{seconds:.3f}")
    if cell is not None and cell.state == "cannot":
        ET.SubElement(case, "skipped", message=_text(_why_not(cell)))
    elif cell is not None and cell.video is None:
        failure = cell.failure
        message = failure.message if failure else f"it is {cell.state.replace('_', ' ')}"
        kind = failure.kind if failure else cell.state
        ET.SubElement(case, "error", message=_text(message), type=_text(kind))
    if messages:
        found = ET.SubElement(
            case, "failure", message=_text("; ".join(messages)), type="expectation"
        )
        found.text = _text("\n".join(messages))


def _why_not(cell: Cell) -> str:
    return "; ".join(problem.message for problem in cell.problems) or "the variant cannot do this"


def _name(cell: Cell, results: Results) -> str:
    take = f" #{cell.repeat}" if results.repeats > 1 else ""
    return f"{results.rows[cell.row].name}{take}"


def _text(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)
