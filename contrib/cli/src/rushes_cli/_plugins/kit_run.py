"""The conformance kit of a distribution, run on its variants in a process of its own."""

import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

RECORDER = "rushes_cli._plugins.kit_recorder"
RESULTS, WANTED = "_RUSHES_KIT_RESULTS", "_RUSHES_KIT_VARIANTS"
"""Variables that tell the recorder, in the tests' process, its file and the variants (a,b,c)."""
END = b"null"
"""The last line of that file, once pytest has come to its end."""
_SELECTS = "PYTEST_ADDOPTS"
"""pytest's own variable; options in it may deselect tests."""


class KitResult(Struct, frozen=True):
    """The outcome of one test of the kit on one variant; `words` say what failed.

    `replaced` is the reason that the plugin's author gives for a test that is not the kit's own.
    """

    variant: str
    test: str
    outcome: str
    words: str = ""
    replaced: str = ""


_decode = msgspec.json.Decoder(KitResult).decode


def run_kit(
    folder: Path,
    variants: Iterable[str],
    more: Mapping[str, str] | None = None,
    *,
    whole: bool = True,
) -> tuple[dict[str, list[KitResult]], str]:
    """Run the kits in a folder of tests; return the results by variant, and pytest's last words.

    `more` are further environment variables for the tests. A `whole` run ignores options in
    PYTEST_ADDOPTS, which could deselect tests.

    Only subclasses of `VariantConformance` whose plugin is one of these variants, as installed, are
    run, without any `conftest.py` and configuration beside them. A run that did not come to its end
    proves nothing, so its results are dropped.
    """
    files = [path for path in sorted(folder.rglob("test_*.py")) if _has_kit(path)]
    if not files:
        return {}, f"no test in {folder} has a VariantConformance"
    kept = {name: value for name, value in os.environ.items() if not whole or name != _SELECTS}
    done, lines = _run_pytest(folder, files, {**kept, WANTED: ",".join(variants), **(more or {})})
    if lines[-1:] != [END]:
        words = done.stderr.strip().splitlines()
        why = f": {words[-1]}" if words else ""
        return {}, f"the kit did not come to its end (exit {done.returncode}{why})"
    found: dict[str, list[KitResult]] = defaultdict(list)
    for line in lines[:-1]:
        result = _decode(line)
        found[result.variant].append(result)
    printed = (done.stdout.strip() or done.stderr.strip()).splitlines()
    errors = [line for line in printed if line.startswith("E   ")]  # of a file that has the kit
    told = [*errors[:1], *printed[-1:], f"pytest ended with {done.returncode}"][0]
    return dict(found), told.removeprefix("E   ")


def _run_pytest(
    folder: Path, files: Iterable[Path], environment: Mapping[str, str]
) -> tuple[subprocess.CompletedProcess[str], list[bytes]]:
    """Run pytest on files of a folder; return how it ended, and the lines that it recorded."""
    with tempfile.TemporaryDirectory(prefix="rushes-kit-") as place:
        results = Path(place) / "results.jsonl"
        settings = Path(place) / "pytest.ini"
        settings.write_text("[pytest]\n")
        done = subprocess.run(  # noqa: S603
            [
                sys.executable, "-m", "pytest", "-q", "-c", str(settings), "--rootdir", str(folder),
                "--noconftest", "--import-mode=importlib", "--no-header", "--tb=line",
                "-o", f"pythonpath={folder}", "-p", "no:cacheprovider", "-p", RECORDER,
                *map(str, files),
            ],
            capture_output=True,
            text=True,
            check=False,
            env={**environment, RESULTS: str(results)},
        )  # fmt: skip
        return done, results.read_bytes().splitlines() if results.exists() else []


def _has_kit(path: Path) -> bool:
    return "VariantConformance" in path.read_text(encoding="utf-8", errors="replace")
