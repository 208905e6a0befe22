"""Files appear whole at their path, or stay as they were."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from rushes_compare import FolderError
from rushes_compare._files import replacing, write_atomically


class Interrupted(Exception):
    pass


def failing() -> Iterator[bytes]:
    yield b"half"
    raise Interrupted


def test_a_file_is_replaced_when_all_of_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    write_atomically(path, [b"a", b"b"])
    assert path.read_bytes() == b"ab"
    write_atomically(path, [b"c"])
    assert path.read_bytes() == b"c"
    assert list(path.parent.iterdir()) == [path]


def test_a_file_stays_as_it_was_if_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"before")
    with pytest.raises(Interrupted):
        write_atomically(path, failing())
    with pytest.raises(FolderError, match="file cannot be written"), replacing(path):
        pass  # nothing is written there
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    (tmp_path / "file").touch()
    for path in (tmp_path / "folder", tmp_path / "file" / "below", tmp_path / "a\0b" / "c"):
        with pytest.raises(FolderError, match="cannot be written"):
            write_atomically(path, [b"x"])
    assert {path.name for path in tmp_path.iterdir()} == {"folder", "file"}
