"""What others have installed beside us: malformed, ending the program, or after our keys."""

from pathlib import Path
from typing import Any

import pytest
from rushes import hookimpl

from faults.bench import Bench
from faults.case import Row
from faults.choosing import put_to
from faults.films import REQUEST, VARIANTS
from faults.other_rows import HOOK_LEAVES, MALFORMED, OBSERVER_LEAVES, STRANGER
from faults.playing import Measured, Record, by_itself

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
    """Return a folder of the path, for what others install."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delenv("RUSHES_TRUST", raising=False)
    return folder


def distribution(site: Path, name: str, entry_points: str) -> None:
    """Install a distribution."""
    info = site / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entry_points)


def delivered(row: Row, bench: Bench, outcome: str, **settings: Any) -> Measured:
    """Ask for the video, which must come; look at everything once more."""
    bench.attempt(
        "generate", VARIANTS[bench.provider], bench.request, output=bench.target, settings=settings
    )
    assert bench.error is None, repr(bench.error)
    bench.assert_whole(there=True)
    bench.assert_all()
    return Measured(row.step, row.name, bench.provider, bench.kind, bench.bills, outcome)


@put_to([MALFORMED])
def test_malformed(
    row: Row, provider: str, client: str, bench: Bench, measured: Record, site: Path
) -> None:
    distribution(site, "half_installed", "[rushes]\nnothing\n")

    def play() -> Measured:
        with bench.hand() as hand:
            named = [str(found) for found in hand.client.registry.installed.unreadable]
        assert [words.partition(":")[0] for words in named] == ["half-installed"]
        return delivered(row, bench, "the video")

    measured(by_itself(play))


class Leaving:
    """Ends the program where a call is described."""

    @hookimpl(wrapper=True)
    def submit(self) -> Any:
        """End it, as if all were well."""
        yield
        raise SystemExit(0)


@put_to([HOOK_LEAVES])
def test_a_hook_leaves(
    row: Row, provider: str, client: str, bench: Bench, measured: Record
) -> None:
    def play() -> Measured:
        bench.attempt(
            "generate", VARIANTS[bench.provider], bench.request, settings={"wrappers": [Leaving()]}
        )
        assert type(bench.error).__name__ == "BrokenPluginError"
        assert "the hook submit raised SystemExit" in str(bench.error)
        assert (bench.exchanges, bench.recorded()) == ([], [])
        return delivered(row, bench, "exit 3, again: the video")

    measured(by_itself(play))


def leave(_task: object) -> None:
    """End the program as soon as something is told."""
    raise SystemExit(0)


@put_to([OBSERVER_LEAVES])
def test_an_observer_leaves(
    row: Row, provider: str, client: str, bench: Bench, measured: Record
) -> None:
    def play() -> Measured:
        found = delivered(row, bench, "the video", observers=[leave])
        assert any("an observer raised" in words for words in bench.warnings)
        return found

    measured(by_itself(play))


@put_to([STRANGER])
def test_a_stranger(
    row: Row, provider: str, client: str, bench: Bench, measured: Record, site: Path
) -> None:
    module = f"stranger_{provider}_{client}"
    (site / f"{module}.py").write_text(PLUGIN.format(variant=f"{provider}/stranger"))
    distribution(site, "stranger", f"[rushes]\n{provider}.stranger = {module}:plugin\n")

    def play() -> Measured:
        bench.attempt("generate", f"{provider}/stranger", REQUEST)
        assert type(bench.error).__name__ == "ConfigurationError"
        words = f"comes from stranger, but other variants of {provider} from rushes-{provider}"
        assert words in str(bench.error)
        assert f'RUSHES_TRUST="{provider}=stranger"' in str(bench.error)
        assert (bench.exchanges, bench.recorded()) == ([], [])
        return delivered(row, bench, "exit 3; its own variants: the video")

    measured(by_itself(play))
