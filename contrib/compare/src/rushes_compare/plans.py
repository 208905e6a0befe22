"""Plan files for other tools: what one asks for, and what a video of it is estimated to cost."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from rushes import AsyncClient, Client, Report

from rushes_compare._check.check_plan import cost_of
from rushes_compare._plan.plan import Plan, make_plan
from rushes_compare._plan.plan_file import read_plan_file
from rushes_compare.errors import PlanError

__all__ = ["Plan", "PlanError", "estimate", "read_plan"]


def read_plan(
    path: Path, variants: Sequence[str] = (), *, installed: Collection[str] | None = None
) -> Plan:
    """Read a plan file; `variants` are instead of those that it names.

    With `installed`, other variants are an error. Local images are looked for beside the file, and
    given with absolute paths. A row that the file does not name has its number as its name. Raises
    PlanError with everything that is wrong.
    """
    file = read_plan_file(path.absolute(), installed)
    chosen = [*variants] or file.models or []
    if not chosen:
        raise PlanError(f"{path}: names no variant; give `models` in it, or -m VARIANT")
    # Prices in a file may be for those of its variants that are left out here.
    left_out = {*(file.models or ())} - {*chosen}
    return make_plan(
        file.prompts,
        chosen,
        1 if file.repeat is None else file.repeat,
        file.settings,
        prices={name: price for name, price in file.prices.items() if name not in left_out},
        installed=installed,
    )


def estimate(
    client: Client | AsyncClient,
    variant: str,
    request: Mapping[str, Any],
    report: Report,
    price: str | None,
) -> float | None:
    """Return what a checked request may cost in USD: by its report, else by the plan's price."""
    return cost_of(client.registry.get(variant).variant, request, report, price)
