"""A PostgreSQL server for tests: a temporary cluster, started by them and ended with them.

It listens on a socket in its folder and on loopback. PostgreSQL refuses to run as root; then it
runs as `postgres`, or as `nobody`.
"""

import fcntl
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

SETTINGS = {
    # What is lost in a power cut of the tests' machine is lost.
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "100",
    "shared_buffers": "16MB",
    "listen_addresses": "127.0.0.1",
    "log_min_messages": "fatal",
}
ACCESS = """\
local all all trust
host all guarded 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
"""
STARTED_WITHIN = 120.0


def find_programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, or None if it is not installed."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = Path("/usr/lib/postgresql").glob("*/bin/initdb")  # Debian's are not on the path
    return max((one.parent for one in folders), key=lambda one: one.parts[-2], default=None)


class Cluster:
    """One server with its data; made from a template, so that `initdb` runs once."""

    def __init__(self, programs: Path, shared: Path) -> None:
        self._programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="rushes-pg-", dir="/tmp"))
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _free_port()
        try:
            self._make(shared)
        except BaseException:
            self.remove()
            raise

    def _make(self, shared: Path) -> None:
        data = self.folder / "data"
        shutil.copytree(_template(self._programs, shared), data, symlinks=True)
        data.chmod(0o700)
        (data / "pg_hba.conf").write_text(ACCESS)
        lines = {**SETTINGS, "port": str(self.port), "unix_socket_directories": str(self.folder)}
        with (data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in lines.items())
        _give_away(self.folder)
        self.start()

    def start(self) -> None:
        """Start the server, and wait until it answers; it ends when the calling thread does."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*_ends_with_us(), str(self._programs / "postgres"), "-D", f"{self.folder}/data"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **_as_a_user(),
            )
        end = time.monotonic() + STARTED_WITHIN
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < end, (self.folder / "log").read_text()
            time.sleep(0.02)  # nothing but asking shows that it is ready

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT ends its connections, SIGQUIT is a crash."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            process.wait(STARTED_WITHIN)

    def remove(self) -> None:
        """Stop the server and delete its data."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def execute(self, *statements: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Execute statements as the superuser; return the rows of the last one."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def url(self, database: str = "postgres", *, path: str = "", tcp: bool = False) -> str:
        """Return an address; `path` is a search path. By default it leads to the socket."""
        host = "127.0.0.1" if tcp else quote(str(self.folder), safe="")
        search = f"?options={quote(f'-csearch_path={path}')}" if path else ""
        return f"postgresql://postgres@{host}:{self.port}/{database}{search}"

    def new_schema(self) -> str:
        """Make an empty schema, and return its name."""
        name = f"t{time.monotonic_ns()}"
        self.execute(f"CREATE SCHEMA {name}")
        return name

    def empty(self, *, tcp: bool = False) -> str:
        """Return an address that leads to an empty schema of its own."""
        return self.url(path=self.new_schema(), tcp=tcp)

    def _answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.url(), connect_timeout=5).close()
        except psycopg.Error:
            return False
        return True


def _template(programs: Path, shared: Path) -> Path:
    """Return a cluster's data, made once for all that share a folder."""
    folder = shared / "postgres-template"
    with (shared / "postgres-template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            with tempfile.TemporaryDirectory(prefix="rushes-initdb-", dir="/tmp") as name:
                _give_away(Path(name))
                options = ["-A", "trust", "-E", "UTF8", "--locale=C", "-N", "-U", "postgres"]
                command = [str(programs / "initdb"), "-D", f"{name}/data", *options]
                made = subprocess.run(
                    command, capture_output=True, text=True, check=False, **_as_a_user()
                )
                assert made.returncode == 0, made.stderr
                shutil.copytree(f"{name}/data", folder)
    return folder


def _as_a_user() -> dict[str, Any]:
    """Return the arguments that start a program as somebody other than root."""
    if os.geteuid() != 0:
        return {"cwd": "/"}
    user = _user()
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "cwd": "/"}


def _user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _give_away(folder: Path) -> None:
    """Make a folder the user's that the server runs as."""
    if os.geteuid() == 0:
        user = _user()
        for place in (folder, *folder.rglob("*")):
            os.chown(place, user.pw_uid, user.pw_gid)


def _ends_with_us() -> list[str]:
    """Return the words that let the kernel end a program as soon as its parent is gone."""
    return ["setpriv", "--pdeathsig", "QUIT"] if shutil.which("setpriv") else []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
