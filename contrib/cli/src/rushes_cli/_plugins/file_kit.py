"""The conformance kit on a plugin's file that is not installed, with examples that rushes makes."""

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rushes_cli._plugins.kit_run import SELECTS, KitResult, run_kit
from rushes_cli._request.cheapest import cheapest_request

if TYPE_CHECKING:
    from rushes import Client

_KIT = """
from rushes.plugins import load_file
from rushes.testing import VariantConformance

plugins = load_file({file!r})
"""
_CLASS = """
class TestVariant{number}(VariantConformance):
    graded = {variant!r}  # it is tested as it is, not as it is installed
    plugin = plugins[graded]
    accepted = ({payload!r},)
"""


def kit_of_file(
    client: "Client", file: str, variants: tuple[str, ...]
) -> tuple[dict[str, list[KitResult]], str]:
    """Run the kit on the variants of a file; return the results by variant, and the last words.

    The one example of each is the cheapest request that a prompt alone makes; a variant without
    such a request has no results. The snapshot is written, and forgotten.
    """
    import msgspec

    text = _KIT.format(file=str(Path(file).absolute()))
    for number, variant in enumerate(variants, 1):
        report = cheapest_request(client, [variant], ended=True)
        if report is not None:
            payload = msgspec.to_builtins(report.payload)
            text += _CLASS.format(number=number, variant=variant, payload=payload)
    with tempfile.TemporaryDirectory(prefix="rushes-kit-") as folder:
        (Path(folder) / "test_kit.py").write_text(text, encoding="utf-8")
        # Who tries a file may well select some tests; only a grade takes all.
        more = {"RUSHES_SNAPSHOT": "write", SELECTS: os.environ.get(SELECTS, "")}
        return run_kit(Path(folder), variants, more)
