"""`rushes.files`: a file is at its path whole, or as it was before."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rushes.files import open_regular, read_regular, read_whole, replacing


def test_a_file_is_replaced_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"before")
    with replacing(path) as part:
        part.write_bytes(b"after")
        assert part.parent == tmp_path
        assert path.read_bytes() == b"before"
    assert path.read_bytes() == b"after"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"before")
    with pytest.raises(TypeError), replacing(path) as part, part.open("wb") as file:
        file.writelines([b"half", "text"])  # type: ignore[list-item]
    with pytest.raises(FileNotFoundError), replacing(path):
        pass  # nothing is written
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_process_that_is_killed_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"before")
    code = (
        "import os, sys; from pathlib import Path; from rushes.files import replacing\n"
        "with replacing(Path(sys.argv[1])) as part:\n"
        "    part.write_bytes(b'half')\n"
        "    os._exit(9)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, path], check=False).returncode == 9
    assert path.read_bytes() == b"before"


def test_two_writers_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with replacing(path) as one, replacing(path) as other:
        one.write_bytes(b"one")
        other.write_bytes(b"other")
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("kind", ["folder", "pipe", "device"])
def test_only_a_regular_file_is_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "settings.json"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero" if kind == "device" else tmp_path)
    words = "Is a directory" if kind == "folder" else "it is not a regular file"
    with pytest.raises(OSError, match=words):
        open_regular(path)
    with pytest.raises(OSError, match=words):
        read_regular(path, 10)


def test_no_more_is_read_than_expected(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(b"{}")
    os.truncate(path, 2**20)
    assert read_regular(path, 2**20) == b"{}".ljust(2**20, b"\0")
    os.truncate(path, 2**20 + 1)
    with pytest.raises(OSError, match="it is larger than 1 MiB"):
        read_regular(path, 2**20)
    assert read_whole(io.BytesIO(b"abc"), 3) == b"abc"
    with Path("/dev/zero").open("rb") as endless, pytest.raises(OSError, match="larger than 2 MiB"):
        read_whole(endless, 2**21)
