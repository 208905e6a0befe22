"""The documents: links resolve, code runs as printed, the README shows what is true."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import click
import pytest
from rushes_cli.main import group
from rushes_sandbox import Sandbox

pytestmark = pytest.mark.timeout(1800)  # a page's code runs in processes, a kit among them

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "core/*.md", "*/*/README.md")
    for page in ROOT.glob(pattern)
    if page.relative_to(ROOT).parts[0] in ("core", "contrib", "plugins", "docs")
    or page.parent == ROOT
)
LINK = re.compile(r"\]\(([^)\s]*)\)")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FENCED = re.compile(r"^( *)```.*?^\1```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# ([\w./-]+\.py)(, continued)?\n")
README = (ROOT / "README.md").read_text(encoding="utf-8")
# What a page leaves to its reader: here, calling the web service that it describes.
AFTER = {
    "reference": """
import asyncio
import httpx

async def call_service():
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as caller:
        return await caller.get(f"/videos/{task.id}")

answer = asyncio.run(call_service())
assert answer.headers["content-type"] == "application/json"
assert answer.json()["id"] == task.id
assert msgspec.json.decode(answer.content, type=rushes.Task) == client.task(task.id)
client.close()
""",
    "how-to/fastapi": """
import httpx

async def called() -> None:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as caller:
        async with app.router.lifespan_context(app):
            wish = {"prompt": "A red kite", "duration": 6}
            wrong = await caller.post("/videos/a", json=wish)
            assert (wrong.status_code, wrong.json()[0]["path"]) == (422, "duration")
            assert (await caller.get("/videos/a")).status_code == 404
            wish["duration"] = 5
            first, again = [await caller.post("/videos/b", json=wish) for _ in range(2)]
            assert (first.status_code, again.status_code) == (202, 202)
            assert first.json()["receipt"] == again.json()["receipt"]
        async with app.router.lifespan_context(app):  # as after a restart
            while following:
                await asyncio.sleep(0.05)
            assert (await caller.get("/videos/b")).json()["file"]

asyncio.run(called())
""",
    "how-to/worker": """
async def served() -> None:
    async with rushes.AsyncClient() as client:
        task = await client.submit("toapis/kling-v3", rushes.Request("A red kite", duration=5))
        stop = asyncio.Event()
        working = asyncio.create_task(work(stop, every=0.05))
        while not (task := await client.task(task.id)).file:
            await asyncio.sleep(0.05)
        stop.set()
        await working

asyncio.run(served())
""",
}
BEFORE = """
import rushes

class Hurried:  # the pauses of providers are for real ones
    def __init__(self, **given):
        polling = rushes.Polling(first=0.1, every=0.1, at_most=200)
        super().__init__(**{"polling": polling, **given})

rushes.Client = type("Client", (Hurried, rushes.Client), {})
rushes.AsyncClient = type("AsyncClient", (Hurried, rushes.AsyncClient), {})
"""
"""What runs before a page whose clients have the sandbox from their environment."""
SERVED = ["how-to/fastapi", "how-to/progress", "how-to/resume", "how-to/worker"]
ELSEWHERE = {"compare", "notebooks"}
"""Pages whose code other tests run: it takes a browser, or a notebook."""
ALONE = sorted(
    name
    for page in (ROOT / "docs").rglob("*.md")
    for name in [str(page.relative_to(ROOT / "docs").with_suffix(""))]
    if "```python\n" in page.read_text(encoding="utf-8") and name not in {*SERVED, *ELSEWHERE}
)


def slug(title: str) -> str:
    """Return a heading's anchor, as forges and the site make it."""
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", r"\1", title)
    return re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", words.strip().lower()))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings."""
    text = re.sub(
        r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
    )
    return {slug(title) for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


def links(page: Path) -> Iterator[str]:
    """Yield where a page's links lead, but those in code."""
    yield from LINK.findall(FENCED.sub("", page.read_text(encoding="utf-8")))


def astray(page: Path, root: Path = ROOT) -> Iterator[str]:
    """Yield the links of a page that lead nowhere; no server is asked."""
    for target in links(page):
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        if "://" in target:
            parts = urlsplit(target)
            named = re.fullmatch(r"([a-z0-9-]+\.)+[a-z]{2,}", parts.hostname or "")
            if parts.scheme != "https" or not named:
                yield target
        elif not (there.is_relative_to(root) and there.exists()) or (
            anchor and anchor not in anchors(there)
        ):
            yield target


def test_links_lead_somewhere() -> None:
    assert len(PAGES) > 60
    assert {
        str(page.relative_to(ROOT)): found for page in PAGES if (found := [*astray(page)])
    } == {}


def test_a_link_that_leads_nowhere_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# There\n\n```sh\n# Not there\n```\n")
    page = tmp_path / "page.md"
    right = ["README.md#there", "#page", "https://acme.example/a"]
    wrong = ["gone.md", "README.md#not-there", "../a.md", "http://acme.example", "https://host/"]
    written = " ".join(f"[a]({target})" for target in [*right, *wrong])
    page.write_text(f"# Page\n\n`[a](b.md)` {written}\n")
    assert [*astray(page, tmp_path)] == wrong


def python_blocks(name: str) -> tuple[dict[str, str], str]:
    """Return a page's Python: its files, and the script of all other blocks."""
    text = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    files: dict[str, str] = {}
    script = []
    for kind, block in BLOCK.findall(text):
        if kind == "python" and (found := FILE.match(block)):
            files[found[1]] = files.get(found[1], "") + block
        elif kind == "python":
            script.append(block)
    return files, "\n".join(script)


def run(folder: Path, *words: str, **env: str) -> None:
    """Run Python in a folder, with a home of its own there."""
    inherited = {**os.environ, "RUSHES_HOME": str(folder / "home"), "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-W", "error", *words],
        cwd=folder,
        env={**inherited, **env},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def served(rushes_sandbox_folder: Path) -> Iterator[Sandbox]:
    """Run a sandbox for all pages that find it in their environment."""
    with Sandbox(queue_seconds=0, render_seconds=0, folder=rushes_sandbox_folder) as sandbox:
        yield sandbox


@pytest.mark.parametrize("name", ALONE)
def test_the_code_runs_as_printed(name: str, tmp_path: Path) -> None:
    files, script = python_blocks(name)
    assert files or script
    for path, text in files.items():
        (tmp_path / path).write_text(text, encoding="utf-8")
    if script:
        (tmp_path / "page.py").write_text(script + AFTER.get(name, ""), encoding="utf-8")
        run(tmp_path, "page.py")
    tests = [path for path in files if path.startswith("test_")]
    if tests and name != "write-a-provider":
        run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)


@pytest.mark.parametrize("name", SERVED)
def test_the_code_runs_in_a_sandbox(name: str, served: Sandbox, tmp_path: Path) -> None:
    _, script = python_blocks(name)
    (tmp_path / "page.py").write_text(
        f"{BEFORE}\n{script.replace('if __name__', 'if False and __name__')}{AFTER.get(name, '')}",
        encoding="utf-8",
    )
    run(tmp_path, "page.py", **served.environment)


def test_the_plugins_pass_their_kits(tmp_path: Path, whole: bool) -> None:
    """One model of each with few examples; all with as many as the kit wants in `nox -s whole`."""
    files, _ = python_blocks("write-a-provider")
    for path, text in files.items():
        (tmp_path / path).write_text(text, encoding="utf-8")
    few = (
        "from hypothesis import settings\n"
        "settings.register_profile('few', max_examples=3, derandomize=True, deadline=None)\n"
        "settings.load_profile('few')\n"
    )
    (tmp_path / "conftest.py").write_text("" if whole else few)
    left_out = "TestLite or hooks_does_io or too_odd or can_be_acted_on or short_and_printable"
    words = [] if whole else ["-k", f"not ({left_out})"]
    tests = [path for path in files if path.startswith("test_")]
    quiet = ("-q", "-p", "no:cacheprovider")
    run(tmp_path, "-m", "pytest", *quiet, *words, *tests, RUSHES_SNAPSHOT="write")


def test_the_readme_opens_with_two_lines() -> None:
    first = BLOCK.match(README)
    assert first
    assert first[1] == "sh"
    assert len(first[2].splitlines()) == 2


def test_the_readme_shows_a_refusal_as_it_is(tmp_path: Path) -> None:
    (shown,) = (block for _, block in BLOCK.findall(README) if "rushes check" in block)
    command, _, output = shown.replace("\\\n", "").partition("\n")
    done = subprocess.run(
        [sys.executable, "-c", "from rushes_cli.main import main; main()",
         *shlex.split(command.removeprefix("$ rushes "))],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.returncode == 4
    assert done.stdout.split() == output.split()  # on the page, lines are broken as on a terminal


def test_the_readme_has_the_figures_of_the_page_on_other_tools() -> None:
    """Each row of its table is one of those that `nox -s bills` wrote."""
    measured = (ROOT / "docs" / "other-tools.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+?) \| (\d · .+?) \| (\d · .+?) \|$", README, re.MULTILINE)
    assert len(rows) > 3
    for row in rows:
        assert f"| {' | '.join(row)} |" in measured


def test_every_command_shown_exists_with_its_options() -> None:
    for page in PAGES:
        if page.name != "commands.md":  # it has the usage of each
            for line in commands_of(page):
                parse(line)


def commands_of(page: Path) -> list[str]:
    """Return the lines of a page's shell blocks that call rushes."""
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    text = "".join(block for kind, block in blocks if kind in ("console", "sh"))
    lines = text.replace("\\\n", "").splitlines()
    return [line for line in lines if re.match(r"(\$ )?rushes [a-z]", line)]


def parse(line: str) -> None:
    """Fail if a command does not exist, or not with these options."""
    words = shlex.split(line.removeprefix("$ "), comments=True)[1:]
    command: click.Command = group()
    context = click.Context(command)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        assert found is not None, line
        command, words = found, words[1:]
        context = click.Context(command, parent=context, **command.context_settings)
    command.make_parser(context).parse_args(words)


def test_every_distribution_says_what_it_supports() -> None:
    for path in sorted(ROOT.glob("*/pyproject.toml")) + sorted(ROOT.glob("*/*/pyproject.toml")):
        project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
        minors = [f"Programming Language :: Python :: 3.{minor}" for minor in (11, 12, 13)]
        assert {*minors, "Typing :: Typed"} <= {*project.get("classifiers", ())}, path
        assert all(url.startswith("https://") for url in project.get("urls", {}).values()), path
