"""Types that we decode or convert to are prepared by the module that defines them."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FINDER = Path(__file__).with_name("decoded_types.py")


def not_ready(*sources: Path) -> str:
    command = [sys.executable, str(FINDER), *map(str, sources)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("folder", ["core", "contrib", "plugins"])
def test_every_decoded_type_is_prepared_on_import(folder: str) -> None:
    every = (ROOT / folder).rglob("src/**/*.py")
    sources = [path for path in every if "msgspec" in path.read_text(encoding="utf-8")]
    assert not_ready(*sources) == "", "call type_info.ready, or make a Decoder on import"


def test_an_unprepared_type_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "src" / "forgetful.py"
    source.parent.mkdir()
    source.write_text(
        "import msgspec\n"
        "class Forgotten(msgspec.Struct):\n"
        "    name: str\n"
        "def read(data):\n"
        "    return msgspec.json.decode(data, type=list[Forgotten])\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(source.parent))
    assert not_ready(source) == f"{source}:5: Forgotten\n"
