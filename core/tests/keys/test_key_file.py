"""The file of stored keys: written anew, read only where it is its owner's alone."""

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
from rushes.home import Keys

SECRET = "sk-5f31c7-that-nobody-sees"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
as_user = pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")


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
    """Take nothing off, as a careless shell does."""
    before = os.umask(0)
    yield
    os.umask(before)


def keys(home: Path) -> Keys:
    return Keys({}, {}, home)


def refusal(home: Path, verb: str = "read") -> str:
    """Return the words in which the file is refused; no report of them shows a key."""
    with pytest.raises(ConfigurationError) as caught:
        keys(home).stored() if verb == "read" else keys(home).store("other", SECRET)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    shown.stack[:] = [frame for frame in shown.stack if frame.filename != __file__]
    text = "".join(shown.format())
    assert SECRET not in text
    assert SECRET not in repr(caught.value.__context__)
    return str(caught.value)


@pytest.mark.usefixtures("umask")
def test_it_is_made_for_its_owner_alone(home: Path, file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert [path.name for path in home.iterdir()] == ["keys.json"]
    assert keys(home).stored() == {"acme": SECRET}
    assert repr(keys(home).stored()) == "{'acme': [key]}"


def test_it_is_another_file_each_time(home: Path, file: Path) -> None:
    """What somebody keeps open, or has a link to, is not what is written."""
    os.link(file, home / "kept")
    before = file.read_bytes()
    keys(home).store("other", "another-key")
    assert (home / "kept").read_bytes() == before
    assert keys(home).stored() == {"acme": SECRET, "other": "another-key"}
    keys(home).store("acme", None)
    assert keys(home).stored() == {"other": "another-key"}


def test_nothing_is_written_through_what_lies_there(home: Path, tmp_path: Path) -> None:
    """Whoever can guess the name of a temporary file lays a link there before."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    home.mkdir(mode=0o700)
    for name in ("keys.part", "keys.json.part", ".keys.json.part", "keys.json.tmp"):
        (home / name).symlink_to(victim)
    keys(home).store("acme", SECRET)
    assert victim.read_bytes() == b"precious"
    assert not (home / "keys.json").is_symlink()


@pytest.mark.parametrize("there", [True, False])
def test_a_link_is_neither_read_nor_written(home: Path, tmp_path: Path, there: bool) -> None:
    victim = tmp_path / "victim"
    home.mkdir(mode=0o700)
    if there:
        victim.write_bytes(b'{"acme": "planted"}')
        victim.chmod(0o600)
    (home / "keys.json").symlink_to(victim)
    for verb in ("read", "write"):
        words = refusal(home, verb)
        assert f"{home / 'keys.json'} is a symbolic link" in words
        assert f"rm {home / 'keys.json'}" in words
    assert (home / "keys.json").is_symlink()
    assert victim.exists() == there


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_not_a_regular_file_is_refused_and_not_waited_for(home: Path, kind: str) -> None:
    home.mkdir(mode=0o700)
    path = home / "keys.json"
    path.mkdir() if kind == "folder" else os.mkfifo(path, 0o600)
    for verb in ("read", "write"):
        assert f"{path} is not a regular file; remove it: rm -r {path}" in refusal(home, verb)


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
def test_a_folder_in_which_others_can_write_is_refused(home: Path, file: Path, mode: int) -> None:
    home.chmod(mode)
    for verb in ("read", "write"):
        words = refusal(home, verb)
        assert f"others may write in its folder (mode {mode:o})" in words
        assert f"chmod go-w {home}" in words
    home.chmod(mode | stat.S_ISVTX)  # as /tmp is
    assert keys(home).stored() == {"acme": SECRET}
    home.chmod(0o755)
    assert keys(home).stored() == {"acme": SECRET}


def test_where_nothing_is_stored_nobodys_folder_is_judged(home: Path) -> None:
    home.mkdir()
    home.chmod(0o777)
    assert keys(home).stored() == {}
    assert keys(home / "nowhere").stored() == {}


@as_root
def test_a_file_of_another_user_is_refused(home: Path, file: Path) -> None:
    os.chown(file, 12345, -1)
    words = refusal(home)
    assert "it belongs to another user (uid 12345)" in words
    assert f"chown 0 {file}" in words


def test_a_command_can_be_pasted_whatever_the_folder_is_called(tmp_path: Path) -> None:
    home = tmp_path / "my home; rm x"
    keys(home).store("acme", SECRET)
    (home / "keys.json").chmod(0o644)
    assert f"chmod 600 '{home}/keys.json'" in refusal(home)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"acme": 5}', b'{"acme": "%s"' % SECRET.encode(),
     b'{"acme": "%s\xff"}' % SECRET.encode()],
)  # fmt: skip
def test_what_holds_no_keys_is_said_without_what_it_holds(
    home: Path, file: Path, content: bytes
) -> None:
    file.write_bytes(content)
    for verb in ("read", "write"):
        assert f"{file} does not contain keys (" in refusal(home, verb)
    assert file.read_bytes() == content


@pytest.mark.parametrize("bad", ["mode", "link", "content"])
def test_a_bad_file_stops_nobody_who_does_not_use_it(
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


def test_a_disk_that_is_full_leaves_the_keys_as_they_were(home: Path, file: Path) -> None:
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


@as_user
def test_a_folder_that_cannot_be_written_is_said(home: Path, file: Path) -> None:
    home.chmod(0o500)
    assert "cannot be written" in refusal(home, "write")
    home.chmod(0o700)


def test_who_reads_while_it_is_written_reads_one_or_the_other(home: Path, file: Path) -> None:
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
