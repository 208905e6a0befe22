"""The directory of plugins: a line for each distribution, ours among them."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "directory.md"
LINE = re.compile(
    r"\| \[(?P<name>[a-z0-9]+(?:-[a-z0-9]+)*)\]"
    r"\((?P<link>https://[^\s()]+|\.\./plugins/[a-z0-9-]+)\) "
    r"\| (?P<providers>`[a-z0-9-]+`(?:, `[a-z0-9-]+`)*) "
    r"\| (?P<models>[^|`]*[^|` ]) \| (?P<by>[^|]*[^| ]) \|"
)


def lines() -> list[re.Match[str]]:
    """Return every line of the table, below its head; fail for one that is not of the form."""
    _, head, table = PAGE.read_text(encoding="utf-8").partition(
        "| distribution | providers | models | by |\n|---|---|---|---|\n"
    )
    assert head
    found = []
    for line in table.splitlines():
        entry = LINE.fullmatch(line)
        assert entry, f"not of the form | [name](link) | `provider` | models | by |: {line}"
        found.append(entry)
    return found


def test_names_are_unique_and_in_order() -> None:
    names = [line["name"] for line in lines()]
    assert names == sorted(set(names))
    providers = [one for line in lines() for one in line["providers"].split(", ")]
    assert len(providers) == len({*providers}), "a provider's name belongs to one distribution"


def test_ours_are_listed_with_their_providers() -> None:
    listed = {line["name"]: line for line in lines()}
    for folder in sorted((ROOT / "plugins").iterdir()):
        if not (folder / "pyproject.toml").is_file():
            continue
        project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
        providers = {name.partition(".")[0] for name in project["entry-points"]["rushes"]}
        line = listed[project["name"]]
        assert line["link"] == f"../plugins/{folder.name}"
        assert {one.strip("`") for one in line["providers"].split(", ")} == providers


@pytest.mark.parametrize(
    "line",
    [
        "| [acme-video](https://git.example/acme-video) | `acme` | Zoom 1 | Ann Author |",
        "| [rushes-acme](https://acme.example/x) | `acme`, `acme-eu` | Zoom, Pan | Acme |",
    ],
)
def test_a_line_of_somebody_else_has_this_form(line: str) -> None:
    assert LINE.fullmatch(line)


@pytest.mark.parametrize(
    "line",
    [
        "| rushes-acme | `acme` | Zoom 1 | Ann |",
        "| [Rushes Acme](https://acme.example) | `acme` | Zoom 1 | Ann |",
        "| [rushes-acme](http://acme.example) | `acme` | Zoom 1 | Ann |",
        "| [rushes-acme](https://acme.example) | acme | Zoom 1 | Ann |",
        "| [rushes-acme](https://acme.example) | `acme` | | Ann |",
        "| [rushes-acme](https://acme.example) | `acme` | Zoom 1 |",
    ],
)
def test_other_lines_are_refused(line: str) -> None:
    assert not LINE.fullmatch(line)
