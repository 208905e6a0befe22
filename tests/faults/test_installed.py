"""Other installed distributions: malformed, exiting the program, or after our keys."""

from pathlib import Path
from typing import Any

import pytest
from rushes import Request, hookimpl

from faults.case import Row
from faults.fault_run import FaultRun
from faults.films import VARIANTS
from faults.other_rows import HOOK_EXITS, MALFORMED, OBSERVER_EXITS, STRANGER
from faults.providers import PROMPT
from faults.runner import Measurement, Recorder, run_with_deadline
from faults.selection import parametrize_rows

PLUGIN = """
import sys
from typing import Literal
import msgspec
from rushes import SPEC, Source, To, Variant, hookimpl

class Payload(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    model: Literal["stranger"]
    prompt: str
    duration: int

@hookimpl
def variant():
    return Variant(
        spec=SPEC, id="{variant}", model="stranger", payload=Payload,
        page=Source("Stranger", "https://docs.stranger.example"), submit_path="/v1/clips",
        status_path="/v1/clips/{{id}}",
        fields={{"prompt": To("prompt"), "duration": To("duration")}})

plugin = sys.modules[__name__]
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder on sys.path to install distributions to."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


def distribution(site: Path, name: str, entry_points: str) -> None:
    """Install a distribution."""
    info = site / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entry_points)


def deliver(row: Row, run: FaultRun, outcome: str, **settings: Any) -> Measurement:
    """Request the video, which must be delivered; check everything again."""
    run.attempt(
        "generate",
        VARIANTS[run.provider],
        run.request,
        output=run.target,
        settings=settings,
    )
    assert run.error is None, repr(run.error)
    run.assert_output(delivered=True)
    run.assert_invariants()
    return Measurement(row.step, row.name, run.provider, run.kind, run.bills, outcome)


@parametrize_rows([MALFORMED])
def test_malformed(
    row: Row, provider: str, client: str, run: FaultRun, record: Recorder, site: Path
) -> None:
    distribution(site, "half_installed", "[rushes]\nnothing\n")

    def scenario() -> Measurement:
        with run.driver() as driver:
            named = [str(found) for found in driver.client.registry.installed.unreadable]
        assert [words.partition(":")[0] for words in named] == ["half-installed"]
        return deliver(row, run, "the video")

    record(run_with_deadline(scenario))


class Exiting:
    """Exits the program in the hook that describes a call."""

    @hookimpl(wrapper=True)
    def submit(self) -> Any:
        """Exit as if all were well."""
        yield
        raise SystemExit(0)


@parametrize_rows([HOOK_EXITS])
def test_a_hook_exits(
    row: Row, provider: str, client: str, run: FaultRun, record: Recorder
) -> None:
    def scenario() -> Measurement:
        run.attempt(
            "generate",
            VARIANTS[run.provider],
            run.request,
            settings={"wrappers": [Exiting()]},
        )
        assert type(run.error).__name__ == "BrokenPluginError"
        assert "Exiting raised SystemExit" in str(run.error)
        assert (run.exchanges, run.recorded()) == ([], [])
        return deliver(row, run, "exit 3, again: the video")

    record(run_with_deadline(scenario))


def leave(_task: object) -> None:
    """Exit the program on the first report."""
    raise SystemExit(0)


@parametrize_rows([OBSERVER_EXITS])
def test_an_observer_exits(
    row: Row, provider: str, client: str, run: FaultRun, record: Recorder
) -> None:
    def scenario() -> Measurement:
        found = deliver(row, run, "the video", observers=[leave])
        assert any("an observer raised" in words for words in run.warnings)
        return found

    record(run_with_deadline(scenario))


@parametrize_rows([STRANGER])
def test_a_stranger(
    row: Row, provider: str, client: str, run: FaultRun, record: Recorder, site: Path
) -> None:
    module = f"stranger_{provider}_{client}"
    (site / f"{module}.py").write_text(PLUGIN.format(variant=f"{provider}/stranger"))
    distribution(site, "stranger", f"[rushes]\n{provider}.stranger = {module}:plugin\n")

    def scenario() -> Measurement:
        run.attempt("generate", f"{provider}/stranger", Request(PROMPT, duration=5))
        assert type(run.error).__name__ == "ConfigurationError"
        words = f"comes from stranger, but other variants of {provider} from rushes-{provider}"
        assert words in str(run.error)
        assert f'RUSHES_TRUST="{provider}=stranger"' in str(run.error)
        assert (run.exchanges, run.recorded()) == ([], [])
        return deliver(row, run, "exit 3; its own variants: the video")

    record(run_with_deadline(scenario))
