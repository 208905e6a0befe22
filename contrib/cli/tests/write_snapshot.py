"""Write the snapshot in the template of `rushes new-plugin` anew; read its diff.

It is needed when the template changes, or what the conformance kit keeps of a variant: a plugin is
written with answers that stand nowhere else, its kit writes its snapshot, and where an answer
stands in it, the template has the answer's name.
Usage: python contrib/cli/tests/write_snapshot.py
"""

import tempfile
from pathlib import Path

from cli_runs import inside
from generated_plugins import TEMPLATES, options, run_tests
from rushes import Source
from rushes_cli._template.answers import QUESTIONS, Answers

ANSWERS = Answers(
    provider="qqprovider",
    model="qqmodel",
    base_url="https://qqbase.example",
    key_variable="QQPROVIDER_API_KEY",
    page_title="Qqtitle",
    page_url="https://qqpage.example",
)
NO_VARIABLES = '"variables": {}'


def main() -> None:
    """Write it."""
    with tempfile.TemporaryDirectory() as folder:
        run = inside("new-plugin", ANSWERS.provider, *options(ANSWERS), "-o", folder)
        assert run.code == 0, run
        run_tests(Path(folder), "-k", "snapshot", RUSHES_SNAPSHOT="write")
        written = Path(folder, "tests", "snapshots", "qqprovider-qqmodel.json")
        text = written.read_text(encoding="utf-8").replace("$", "$$")
    text = text.replace(str(Source(ANSWERS.page_title, ANSWERS.page_url)), "${page}")
    for name in (question.name for question in QUESTIONS if question.name != "key_variable"):
        text = text.replace(getattr(ANSWERS, name), f"${{{name}}}")
    text = text.replace(ANSWERS.provider, "${provider}")
    assert text.count(NO_VARIABLES) == 1
    text = text.replace(NO_VARIABLES, '"variables": ${declared_variables}')
    assert "qq" not in text.lower()
    (TEMPLATES / "snapshot.json.template").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
