"""For every suite: Hypothesis profiles, a clean environment, shared fixtures, the order of tests.

The checks that guard main draw the same examples every time, however busy the machine is; a test
only declares what it needs beyond that, or a multiple of the number of examples.
"""

import functools
import gc
import itertools
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

if TYPE_CHECKING:
    from postgres_cluster import Cluster

settings.register_profile(
    "guard",
    max_examples=60,  # the same every time: `search` is what tries many
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[
        HealthCheck.too_slow,  # it depends on the clock
        HealthCheck.data_too_large,  # some random bodies and worlds are large
        HealthCheck.function_scoped_fixture,  # examples leave nothing behind in those fixtures
    ],
)
examples = os.environ.get("RUSHES_SEARCH")
settings.register_profile(
    "search",
    settings.get_profile("guard"),
    derandomize=False,
    max_examples=int(examples or 2000),
)
# Before any test module, or the kit, is imported: properties take their settings at import.
settings.load_profile("search" if examples else "guard")

# Keep bytecode even if the environment disables it: otherwise every worker, and every program
# that a test starts, compiles all that it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A shell's background job is started without Ctrl-C, which tests send to the programs they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parent
PLUGINS = ROOT / "plugins"
LONG_MODULES = (
    "contrib/cli/tests/process/",
    "contrib/compare/tests/command/",
    "contrib/compare/tests/running/",
    "core/tests/kit/test_itself.py",
    "core/tests/journal/test_machine.py",
    "core/tests/simulation/",
    "core/tests/submitting/test_owners.py",
    "core/tests/surface/test_threads.py",
    "tests/crash/",
    "tests/docs/",
    "tests/faults/test_command.py",
    "tests/faults/test_memory.py",
    "tests/typechecking/",
    "tests/whole_system/",
)
"""Modules whose tests take seconds each: workers begin with them."""
LONG = {
    "test_messages_are_short_and_printable",
    "test_no_hook_does_io",
    "test_no_value_is_too_odd",
    "test_problems_can_be_acted_on",
}
"""Tests of the conformance kit that walk through many values, besides those of random ones."""
PROVIDERS = ("ACME", "APIMART", "BYTEPLUS", "FAL", "GOOGLE", "KLING", "OPENROUTER", "RUNWAY",
             "TOAPIS", "UNIALL")  # fmt: skip
INHERITED = (
    *(
        f"{provider}_{what}"
        for provider in PROVIDERS
        for what in ("API_KEY", "BASE_URL", "WEBHOOK_SECRET")
    ),
    *("ARK_API_KEY", "FAL_KEY", "GEMINI_API_KEY", "RUNWAYML_API_SECRET", "KLINGAI_API_KEY"),
    *("KLING_ACCESS_KEY", "KLING_SECRET_KEY", "KLINGAI_ACCESS_KEY", "KLINGAI_SECRET_KEY"),
    *("RUSHES_MCP_FOLDER", "RUSHES_MCP_MAX_COST", "RUSHES_MCP_MAX_COST_PER_CALL"),
    *("RUSHES_MCP_UNKNOWN_PRICE", "RUSHES_MCP_WAIT"),
    *("RUSHES_JOURNAL", "RUSHES_LOAD_PLUGINS", "RUSHES_TRACEBACK", "RUSHES_TRUST"),
    "RUSHES_WEBHOOK_URL",
    *("COLUMNS", "FORCE_COLOR", "NO_COLOR"),
    *(f"RUSHES_BUDGET_{what}" for what in ("RUN", "DAY", "PROVIDERS", "UNKNOWN_PRICE")),
    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
)


HOMES = itertools.count()


@pytest.fixture(autouse=True)
def clean_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Isolate every test from the keys, folders, proxies and colours of the user who runs it.

    RUSHES_HOME names a new folder, which is only made if a test uses it.
    """
    for name in INHERITED:
        if name in os.environ:
            monkeypatch.delenv(name)
    home = tmp_path_factory.getbasetemp() / f"default-home-{next(HOMES)}"
    monkeypatch.setenv("RUSHES_HOME", str(home))


@pytest.fixture(autouse=True, scope="session")
def one_tls_context() -> Iterator[None]:
    """Read the machine's certificates once for all clients: it is slow, and no test needs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpx, "create_ssl_context", functools.cache(httpx.create_ssl_context))
        yield


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Cluster"]:
    """Run a PostgreSQL server for this process; skip the test if it is not installed."""
    from postgres_cluster import Cluster, find_programs

    programs = find_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (Debian's package postgresql)")
    base = tmp_path_factory.getbasetemp()
    cluster = Cluster(programs, base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)
    yield cluster
    cluster.remove()


@pytest.fixture(scope="session")
def whole() -> bool:
    """Whether tests try everything instead of a fixed sample (`nox -s whole`)."""
    return "RUSHES_WHOLE" in os.environ


def pytest_configure() -> None:
    """Collect no garbage while tests are collected: what they are made of lasts."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Collect garbage from now on, without looking through the tests each time."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests that can try more, and put those that take long first."""
    if not {"RUSHES_SEARCH", "RUSHES_WHOLE"} & {*os.environ}:
        left_out = _of_further_variants(items)
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in {*left_out}]
    items[:] = _dealt(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
    for item in items:
        if isinstance(item, pytest.Function) and "whole" in item.fixturenames:
            item.add_marker("whole")


def _dealt(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """Order the tests so that each worker, which gets an equal part, begins with long ones.

    At the end only short ones are left, which the workers take from each other. One worker gets all
    tests that wait for a browser: only one browser then runs at a time, and the other workers use
    the processors.
    """
    hands: list[list[pytest.Item]] = [[] for _ in range(workers)]
    places: dict[Path, int] = {}
    short = []
    for item in items:
        if isinstance(item, pytest.Function) and "browser" in item.fixturenames:
            hands[0].append(item)
        elif str(item.path.relative_to(ROOT)).startswith(LONG_MODULES):
            place = places.setdefault(item.path, len(places))
            hands[-1 - place % max(1, workers - 1)].append(item)
        else:
            short.append(item)
    dealt: list[pytest.Item] = []
    for number, hand in enumerate(hands):
        more = (len(items) - len(dealt)) // (workers - number) - len(hand)
        dealt += [*hand, *short[: max(0, more)]]
        del short[: max(0, more)]
    return dealt + short


def _of_further_variants(items: list[pytest.Item]) -> list[pytest.Item]:
    """Return the kit's long tests of all but the first variant of each provider.

    `nox -s plugin`, which also guards main, runs them with every variant.
    """
    first: dict[Path, object] = {}
    found: list[pytest.Item] = []
    for item in items:
        if not isinstance(item, pytest.Function) or PLUGINS not in item.path.parents:
            continue
        is_long = item.originalname in LONG or is_hypothesis_test(item.obj)
        kit = item.cls
        if kit and is_long and first.setdefault(item.path.parent, kit) is not kit:
            found.append(item)
    return found
