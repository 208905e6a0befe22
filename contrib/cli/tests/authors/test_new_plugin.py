"""new-plugin: a complete distribution whose tests pass as they are; nothing is overwritten."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import rushes
import rushes.vocabulary
from cli_runs import COMMAND, inside
from generated_plugins import TEMPLATES, options, run_tests
from rushes_cli._template.answers import QUESTIONS, Answers, title
from rushes_cli._template.render import FILES, rendered

ACME = Answers(
    provider="acme",
    model="zoom-1",
    base_url="https://api.acme.example",
    key_variable="ACME_API_KEY",
    page_title="Acme, Create a video",
    page_url="https://docs.acme.example/videos",
)
OTHER = Answers(
    provider="made-up-4-films",
    model="Film.2_turbo",
    base_url="http://films.example:8080/api/v3",
    key_variable="FILMS_SECRET",
    page_title="Fílms' reference: POST /films",
    page_url="https://films.example/docs?page=films#create",
)
LONG = Answers(
    provider="a-company-with-a-name-as-long-as-allowed",
    model="kling-v2-5-turbo-pro-image-to-video-with-a-date-as-20260917",
    base_url="https://api.a-company-with-a-name-as-long-as-allowed.example/some/path",
    key_variable="A_COMPANY_WITH_A_NAME_AS_LONG_AS_ALLOWED_SECRET_KEY_OF_OURS",
    page_title="A company with a name as long as allowed, Image to video, parameters of the body",
    page_url="https://docs.a-company-with-a-name-as-long-as-allowed.example/image-to-video#body",
)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder in which there is nothing."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def files(folder: Path) -> dict[str, str]:
    """Return every file below a folder, by its path in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_distribution_is_written_whole(elsewhere: Path) -> None:
    run = inside("new-plugin", "acme", "--model", "zoom-1")
    assert run.code == 0, run
    assert files(elsewhere / "rushes-acme") == rendered(ACME)
    assert [Path(line).as_posix() for line in run.out.splitlines()] == [
        f"rushes-acme/{path}" for path in rendered(ACME)
    ]
    assert "AGENTS.md" in run.err
    assert [path.name for path in elsewhere.iterdir()] == ["rushes-acme"]


def test_options_reach_their_places_and_json_lists_the_files(elsewhere: Path) -> None:
    run = inside("new-plugin", OTHER.provider, *options(OTHER), "-o", "here/films", "--json")
    assert run.code == 0, run
    told = json.loads(run.out)
    folder = elsewhere / "here" / "films"
    assert (told["folder"], told["files"]) == (str(folder), [*rendered(OTHER)])
    written = files(folder)
    assert written == rendered(OTHER)
    project = tomllib.loads(written["pyproject.toml"])["project"]
    assert project["name"] == "rushes-made-up-4-films"
    assert project["entry-points"]["rushes"] == {
        "made-up-4-films.Film.2_turbo": "rushes_made_up_4_films.video:plugin"
    }
    everything = "".join(written.values())
    for question in QUESTIONS:
        assert getattr(OTHER, question.name) in everything, question
    assert title(OTHER.provider) == "Made Up 4 Films"
    assert "acme" not in everything.lower()


def test_nothing_is_overwritten(elsewhere: Path) -> None:
    full = elsewhere / "rushes-acme"
    full.mkdir()
    (full / ".hidden").write_text("mine")
    run = inside("new-plugin", "acme")
    assert (run.code, "is not empty; nothing was written" in run.err) == (2, True), run
    assert files(full) == {".hidden": "mine"}
    (full / ".hidden").unlink()
    assert inside("new-plugin", "acme").code == 0
    before = files(full)
    assert inside("new-plugin", "acme", "--model", "other").code == 2
    assert files(full) == before
    (elsewhere / "file").write_text("mine")
    run = inside("new-plugin", "acme", "-o", "file/below")
    assert (run.code, "Traceback" in run.err) == (3, False), run


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no terminals to open")
def test_nothing_is_asked_in_vain(elsewhere: Path) -> None:
    """A folder that is not empty is refused before the other questions."""
    (elsewhere / "rushes-acme" / "src").mkdir(parents=True)
    ours, theirs = os.openpty()
    os.write(ours, b"acme\n")
    done = subprocess.run(
        [*COMMAND, "new-plugin"], stdin=theirs, capture_output=True, timeout=120, check=False
    )
    os.close(theirs)
    os.close(ours)
    printed = done.stderr.decode()
    assert (done.returncode, "rushes-acme is not empty" in printed) == (2, True), printed
    assert "Model" not in printed


def test_what_cannot_be_written_leaves_nothing_half_written(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_path: Path, text: str, **_options: str) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    run = inside("new-plugin", "acme")
    assert (run.code, "No space left on device" in run.err) == (3, True), run
    assert list((elsewhere / "rushes-acme").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["Acme Video!"], "is not a provider's name (like acme-video)"),
        (["acme--x"], "(like acme-x)"),
        (["4k"], "is not a provider's name"),
        (["a" * 41], "at most 40 characters"),
        (["acme", "--model", "m" * 61], "at most 60 characters"),
        (["toapis"], "rushes-toapis is installed already"),
        (["sandbox"], "rushes-sandbox is installed already"),
        (["acme", "--model", "film/zoom"], "'film/zoom' is not a model's name"),
        (["acme", "--base-url", "api.acme.example"], "is not a base URL"),
        (["acme", "--base-url", "https://x.example/?q=1"], "without a query"),
        (["acme", "--key-variable", "ACME KEY"], "is not the name of a variable"),
        (["acme", "--page-title", 'The "page"'], "is not a page's title"),
        (["acme", "--page-url", "https://x.example/a b"], "is not the address of a page"),
        ([], "Name the provider: rushes new-plugin PROVIDER."),
    ],
)
def test_a_wrong_answer_is_refused_with_what_is_accepted(
    words: list[str], reason: str, elsewhere: Path
) -> None:
    run = inside("new-plugin", *words)
    assert (run.code, reason in run.err) == (2, True), run
    assert list(elsewhere.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no terminals to open")
def test_on_a_terminal_it_asks_again_until_the_answer_is_right(elsewhere: Path) -> None:
    ours, theirs = os.openpty()
    os.write(ours, b"Acme\nacme\nzoom-1\nacme.example\n\n\n\n\n")
    done = subprocess.run(
        [*COMMAND, "new-plugin"], stdin=theirs, capture_output=True, timeout=120, check=False
    )
    os.close(theirs)
    os.close(ours)
    printed = done.stderr.decode()
    assert done.returncode == 0, printed
    assert "Error: 'Acme' is not a provider's name (like acme)" in printed
    assert "Base URL [https://api.acme.example]" in printed
    assert "Error: 'acme.example' is not a base URL" in printed
    assert files(elsewhere / "rushes-acme") == rendered(ACME)


@pytest.mark.parametrize("answers", [ACME, OTHER, LONG], ids=lambda answers: answers.provider)
def test_the_code_is_clean_by_ruffs_defaults(answers: Answers, elsewhere: Path) -> None:
    run = inside("new-plugin", answers.provider, "-o", ".", *options(answers))
    assert run.code == 0, run
    for check in (["check"], ["format", "--check", "--diff"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *check, "--isolated", "--no-cache", "."],
            cwd=elsewhere, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr


def test_its_own_tests_pass(elsewhere: Path) -> None:
    """The kit, its snapshot and its recording, and a video made by the stand-in.

    If only the snapshot differs, `nox -s template -- --write` writes it anew. That session also
    runs what is left out here: the tests of thousands of random values.
    """
    assert inside("new-plugin", OTHER.provider, *options(OTHER), "-o", ".").code == 0
    printed = run_tests(elsewhere, "-k", "not total")
    assert re.search(r"\d+ passed, 3 deselected in", printed), printed  # and none was skipped


def test_every_template_is_used() -> None:
    assert {path.name.removesuffix(".template") for path in TEMPLATES.iterdir()} == {
        *FILES.values()
    }


def test_what_the_guide_names_exists_and_is_documented() -> None:
    guide = rendered(ACME)["AGENTS.md"]
    shown = re.findall(r"`([^`\n]+)`", guide)
    called = {name for code in shown for name in re.findall(r"(?<![.\w])([A-Za-z_]+)\(", code)}
    known = {*dir(rushes), *rushes.vocabulary.__all__, "Meta", "variant"}
    assert called
    assert called - known == set()
    page = Path(__file__).parents[4] / "docs" / "write-a-plugin.md"
    documented = page.read_text(encoding="utf-8")
    assert [name for name in called if name not in documented] == []
    for module in re.findall(r"pydoc ([\w.]+)", guide):
        assert __import__(module)
    for path in re.findall(r"`((?:src|tests)/[\w/.]+)`", guide):
        assert path in rendered(ACME) or any(name.startswith(path) for name in rendered(ACME)), path


def test_the_plugin_and_its_stand_in_do_not_see_each_other() -> None:
    for path, text in rendered(ACME).items():
        if path.startswith("src/"):
            modules = {
                node.module or ""
                for node in ast.walk(ast.parse(text if path.endswith(".py") else ""))
                if isinstance(node, ast.ImportFrom)
            }
            is_stand_in = path.endswith("sandbox.py")
            wrong = "rushes_acme" if is_stand_in else "sandbox"
            assert not [module for module in modules if wrong in module], path
