"""The file of stored keys: replaced on each write, and read only if private to its owner."""

import os
import stat
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import rushes
from acme_driver import REQUEST, Maker
from acme_server import Server
from rushes import ConfigurationError
from rushes._keys.file import KeyFile
from rushes._keys.redacting import Secret
from rushes.home import Keys

SECRET = "sk-5f31c7-that-must-not-show"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can change a file's owner")
needs_user = pytest.mark.skipif(os.geteuid() == 0, reason="root can write anywhere")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def file(home: Path) -> Path:
    """Store a key; return the file."""
    keys(home).store("acme", SECRET)
    return home / "keys.json"


@pytest.fixture
def umask() -> Iterator[None]:
    """Clear the umask, as a careless shell may."""
    before = os.umask(0)
    yield
    os.umask(before)


def keys(home: Path) -> Keys:
    return Keys({}, {}, home)


def refusal(home: Path, verb: str = "read") -> str:
    """Return the message that refuses the file; make sure that no traceback shows a key."""
    with pytest.raises(ConfigurationError) as caught:
        keys(home).stored() if verb == "read" else keys(home).store("other", SECRET)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    shown.stack[:] = [frame for frame in shown.stack if frame.filename != __file__]
    text = "".join(shown.format())
    assert SECRET not in text
    assert SECRET not in repr(caught.value.__context__)
    return str(caught.value)


@pytest.mark.usefixtures("umask")
def test_the_file_and_its_folder_are_private(home: Path, file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert [path.name for path in home.iterdir()] == ["keys.json"]
    assert keys(home).stored() == {"acme": SECRET}
    assert repr(keys(home).stored()) == "{'acme': [key]}"


def test_each_write_makes_a_new_file(home: Path, file: Path) -> None:
    """Whoever holds the old file open, or has a link to it, does not see the new keys."""
    os.link(file, home / "kept")
    before = file.read_bytes()
    keys(home).store("other", "another-key")
    assert (home / "kept").read_bytes() == before
    assert keys(home).stored() == {"acme": SECRET, "other": "another-key"}
    keys(home).store("acme", None)
    assert keys(home).stored() == {"other": "another-key"}


def test_nothing_is_written_through_planted_links(home: Path, tmp_path: Path) -> None:
    """Somebody could guess the name of a temporary file and plant a link there."""
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    home.mkdir(mode=0o700)
    for name in ("keys.part", "keys.json.part", ".keys.json.part", "keys.json.tmp"):
        (home / name).symlink_to(precious)
    keys(home).store("acme", SECRET)
    assert precious.read_bytes() == b"precious"
    assert not (home / "keys.json").is_symlink()


@pytest.mark.parametrize("there", [True, False])
def test_a_link_is_neither_read_nor_written(home: Path, tmp_path: Path, there: bool) -> None:
    precious = tmp_path / "precious"
    home.mkdir(mode=0o700)
    if there:
        precious.write_bytes(b'{"acme": "planted"}')
        precious.chmod(0o600)
    (home / "keys.json").symlink_to(precious)
    for verb in ("read", "write"):
        words = refusal(home, verb)
        assert f"{home / 'keys.json'} is a symbolic link" in words
        assert f"rm {home / 'keys.json'}" in words
    assert (home / "keys.json").is_symlink()
    assert precious.exists() == there


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_a_folder_or_pipe_is_refused_without_blocking(home: Path, kind: str) -> None:
    home.mkdir(mode=0o700)
    path = home / "keys.json"
    path.mkdir() if kind == "folder" else os.mkfifo(path, 0o600)
    for verb in ("read", "write"):
        assert f"{path} is not a regular file; remove it: rm -r {path}" in refusal(home, verb)


def test_a_file_that_is_too_large_is_not_read(home: Path, file: Path) -> None:
    os.truncate(file, 2**32)
    for verb in ("read", "write"):
        assert f"{file} does not contain keys: it is larger than 1 MiB" in refusal(home, verb)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o666, 0o777])
def test_a_file_that_others_can_use_is_refused(home: Path, file: Path, mode: int) -> None:
    file.chmod(mode)
    for verb in ("read", "write"):
        words = refusal(home, verb)
        assert f"others may read or write it (mode {mode:o})" in words
        assert f"chmod 600 {file}" in words
    subprocess.run(
        words.partition(": ")[2].partition(": ")[2].partition(",")[0].split(), check=True
    )
    assert keys(home).stored() == {"acme": SECRET}


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_folder_that_others_can_write_to_is_refused(home: Path, file: Path, mode: int) -> None:
    home.chmod(mode)
    for verb in ("read", "write"):
        words = refusal(home, verb)
        assert f"others may write in its folder (mode {mode:o})" in words
        assert f"chmod go-w {home}" in words
    home.chmod(mode | stat.S_ISVTX)  # sticky, like /tmp
    assert keys(home).stored() == {"acme": SECRET}
    home.chmod(0o755)
    assert keys(home).stored() == {"acme": SECRET}


def test_without_stored_keys_the_folders_mode_does_not_matter(home: Path) -> None:
    home.mkdir()
    home.chmod(0o777)
    assert keys(home).stored() == {}
    assert keys(home / "nowhere").stored() == {}


@needs_root
def test_a_file_of_another_user_is_refused(home: Path, file: Path) -> None:
    os.chown(file, 12345, -1)
    words = refusal(home)
    assert "it belongs to another user (uid 12345)" in words
    assert f"chown 0 {file}" in words


def test_the_suggested_command_quotes_the_path(tmp_path: Path) -> None:
    home = tmp_path / "my home; rm x"
    keys(home).store("acme", SECRET)
    (home / "keys.json").chmod(0o644)
    assert f"chmod 600 '{home}/keys.json'" in refusal(home)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"acme": 5}', b'{"acme": "%s"' % SECRET.encode(),
     b'{"acme": "%s\xff"}' % SECRET.encode()],
)  # fmt: skip
def test_malformed_content_is_refused_without_being_quoted(
    home: Path, file: Path, content: bytes
) -> None:
    file.write_bytes(content)
    for verb in ("read", "write"):
        assert f"{file} does not contain keys (" in refusal(home, verb)
    assert file.read_bytes() == content


@pytest.mark.parametrize("bad", ["mode", "link", "content"])
def test_a_bad_file_does_not_matter_if_its_keys_are_not_needed(
    make: Maker, server: Server, home: Path, file: Path, bad: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    if bad == "mode":
        file.chmod(0o644)
    elif bad == "content":
        file.write_bytes(b"{")
    else:
        file.unlink()
        file.symlink_to(home / "elsewhere")
    assert make().generate("acme/zoom", REQUEST).file  # the argument
    monkeypatch.setenv("ACME_API_KEY", "of-the-environment")
    assert make(keys={}).generate("acme/zoom", REQUEST).file
    monkeypatch.delenv("ACME_API_KEY")
    before = len(server.seen)
    with pytest.raises(ConfigurationError, match=r"keys\.json"):
        make(keys={}).submit("acme/zoom", REQUEST)
    assert len(server.seen) == before


def test_a_full_disk_leaves_the_keys_unchanged(home: Path, file: Path) -> None:
    program = """
        import resource, signal, sys
        from pathlib import Path
        from rushes import ConfigurationError
        from rushes.home import Keys
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        try:
            Keys({}, {}, Path(sys.argv[1])).store("other", "another-key")
        except ConfigurationError as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(line[8:] for line in program.splitlines()), str(home)],
        capture_output=True, text=True, check=True, timeout=60,
        env={"PYTHONPATH": str(Path(rushes.__file__).parents[1])},
    )  # fmt: skip
    assert f"{file} cannot be written: " in done.stdout
    assert keys(home).stored() == {"acme": SECRET}
    assert [path.name for path in home.iterdir()] == ["keys.json"]


@needs_user
def test_an_unwritable_folder_is_reported(home: Path, file: Path) -> None:
    home.chmod(0o500)
    assert "cannot be written" in refusal(home, "write")
    home.chmod(0o700)


def test_a_concurrent_reader_sees_the_old_keys_or_the_new(home: Path, file: Path) -> None:
    over = threading.Event()
    seen: list[int] = []

    def read() -> None:
        while not over.is_set():
            seen.append(len(keys(home).stored()))

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(50):
        keys(home).store(f"other-{number}", SECRET)
    over.set()
    reader.join()
    assert seen == sorted(seen)
    assert set(seen) <= set(range(1, 52))
    assert len(msgspec.json.decode(file.read_bytes())) == 51


# What is remembered


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """List the descriptors from which keys are read; a file counts as old at once."""
    found: list[int] = []
    read = KeyFile._keys

    def counted(self: KeyFile, descriptor: int) -> dict[str, Secret]:
        found.append(descriptor)
        return read(self, descriptor)

    monkeypatch.setattr(KeyFile, "_keys", counted)
    monkeypatch.setattr("rushes._keys.file._TICK", -(10**12))
    return found


def test_a_file_is_read_once_while_nothing_changes(file: Path, reads: list[int]) -> None:
    known = keys(file.parent)
    for _ in range(3):
        stored = known.stored()
        assert stored == {"acme": SECRET}
        stored.clear()
    assert len(reads) == 1


def test_a_file_that_was_just_written_is_read_again(
    file: Path, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be written again within one tick of the clock that its times are from."""
    monkeypatch.setattr("rushes._keys.file._TICK", 10**12)
    known = keys(file.parent)
    assert [known.stored(), known.stored()] == [{"acme": SECRET}] * 2
    assert len(reads) == 2


@pytest.mark.usefixtures("reads")
def test_every_change_of_the_file_is_noticed(home: Path, file: Path) -> None:
    known, other = keys(home), keys(home)
    assert known.stored() == {"acme": SECRET}
    other.store("acme", "another-key")
    assert known.stored() == {"acme": "another-key"}
    known.store("acme", SECRET)
    assert known.stored() == other.stored() == {"acme": SECRET}
    same_length = file.read_bytes().replace(SECRET.encode(), SECRET[::-1].encode())
    times = file.stat()
    file.write_bytes(same_length)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns + 1))
    assert known.stored() == {"acme": SECRET[::-1]}
    file.unlink()
    assert known.stored() == {}


@pytest.mark.usefixtures("reads")
@pytest.mark.skipif(os.name == "nt", reason="rights are not checked there")
def test_rights_that_change_are_noticed(home: Path, file: Path) -> None:
    known = keys(home)
    for path, mode, usual, message in (
        (file, 0o644, 0o600, "others may read or write it"),
        (home, 0o777, 0o700, "others may write in its folder"),
    ):
        assert known.stored() == {"acme": SECRET}
        path.chmod(mode)
        with pytest.raises(ConfigurationError, match=message):
            known.stored()
        path.chmod(usual)
    file.rename(home / "elsewhere")
    file.symlink_to(home / "elsewhere")
    with pytest.raises(ConfigurationError, match="is a symbolic link"):
        known.stored()
