"""A pytest plugin: selects the kits of some variants, and records how each of their tests ends.

Loaded by `kit_run` in the process of the tests, before them.
"""

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, settings

from rushes_cli._plugins.kit_run import END, RESULTS, WANTED, KitResult

settings.register_profile(
    "grade",
    derandomize=True,  # the same plugin has the same grade
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("grade")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Select only the kits of the wanted variants."""
    wanted = os.environ[WANTED].split(",")
    chosen = [item for item in items if _variant(item) in wanted]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Record how a test ended: failed if a part of it did, skipped, or passed."""
    report = yield
    ended = report.when == "call" or report.outcome != "passed"
    if ended:
        name = item.originalname if isinstance(item, pytest.Function) else item.name
        words = str(getattr(report.longrepr, "reprcrash", None) or "") if report.failed else ""
        replaced = str(getattr(getattr(item, "cls", None), "overrides", {}).get(name, ""))
        result = KitResult(_variant(item), name, report.outcome, words[:2000], replaced)
        _write(msgspec.json.encode(result))
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Record that pytest came to its end: nothing killed the process before."""
    _write(END)


def _write(line: bytes) -> None:
    with Path(os.environ[RESULTS]).open("ab") as file:
        file.write(line + b"\n")


def _variant(item: pytest.Item) -> str:
    """Return the id of the installed variant that a kit tests; "" if it tests something else."""
    from rushes.plugins import VARIANTS, Registry
    from rushes.testing import VariantConformance

    kit: Any = getattr(item, "cls", None)
    plugin = getattr(kit, "plugin", None)
    if kit is None or not issubclass(kit, VariantConformance) or plugin is None:
        return ""
    if "graded" not in vars(kit):
        name = kit().variant.id
        entries = Registry().installed.group(VARIANTS)
        own = [each for each in entries if each.name.replace(".", "/", 1) == name]
        kit.graded = name if any(each.load() is plugin for each in own) else ""
    return str(vars(kit)["graded"])
