"""From answers to the files of a distribution."""

from dataclasses import asdict
from importlib.resources import files
from string import Template

from rushes_cli._template.answers import Answers, own_key_variable, title

FILES = {
    ".github/workflows/ci.yml": "ci.yml",
    ".gitignore": "gitignore",
    "AGENTS.md": "AGENTS.md",
    "LICENSE": "LICENSE",
    "README.md": "README.md",
    "pyproject.toml": "pyproject.toml",
    "src/$package/__init__.py": "init.py",
    "src/$package/provider.py": "provider.py",
    "src/$package/py.typed": "py.typed",
    "src/$package/sandbox.py": "sandbox.py",
    "src/$package/video.py": "video.py",
    "tests/recordings/$provider-$model.json": "recording.json",
    "tests/snapshots/$provider-$model.json": "snapshot.json",
    "tests/test_job.py": "test_job.py",
    "tests/test_kit.py": "test_kit.py",
}
"""Each file of the distribution, and the template that it is made from."""


def rendered(answers: Answers) -> dict[str, str]:
    """Return the text of each file, by its path in the distribution."""
    values = _values(answers)
    folder = files("rushes_cli._template") / "files"
    made = {}
    for path, name in FILES.items():
        text = (folder / f"{name}.template").read_text(encoding="utf-8")
        made[Template(path).substitute(values)] = Template(text).substitute(values)
    return made


def _values(answers: Answers) -> dict[str, str]:
    import rushes
    from rushes import Source
    from rushes.variant import environment_prefix

    own = own_key_variable(answers.provider) == answers.key_variable
    variables = (
        "" if own else f'    variables={{\n        "api_key": "{answers.key_variable}",\n    }},\n'
    )
    declared = "{}" if own else f'{{\n      "api_key": "{answers.key_variable}"\n    }}'
    major, minor, *_ = (int(part) for part in rushes.__version__.split("."))
    return {
        **asdict(answers),
        "distribution": answers.distribution,
        "package": answers.package,
        "prefix": environment_prefix(answers.provider),
        "title": title(answers.provider),
        "page": str(Source(answers.page_title, answers.page_url)),
        "variables": variables,
        "declared_variables": declared,  # the same, in the snapshot
        "versions": f">={major}.{minor},<{major}.{minor + 1}",
    }
