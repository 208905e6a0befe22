"""From options and files to a request, remembering how the caller wrote each field."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from rushes_cli.files import read_json_file
from rushes_cli.naming import default_names
from rushes_cli.parts import extras, images, shots, subjects

SIMPLE = {
    "prompt": "PROMPT",
    "negative_prompt": "--negative-prompt",
    "duration": "--duration",
    "aspect_ratio": "--aspect-ratio",
    "resolution": "--resolution",
    "audio": "--audio",
    "watermark": "--watermark",
    "guidance": "--guidance",
    "seed": "--seed",
}


@dataclass(frozen=True)
class Asked:
    """What is wanted: a request in common words, or a payload in a provider's own.

    `names` leads from paths of the request to the words of the command line.
    """

    content: Any
    native: bool
    names: Mapping[str, str]


def asked(given: Mapping[str, Any]) -> Asked:
    """Put together what the options say, and the file that they name."""
    fields, names = _from_options(given)
    request_file, native_file = given["request_file"], given["native_file"]
    if native_file is not None:
        wrong = ["--request"] if request_file is not None else list(names.values())
        if wrong:
            raise click.UsageError(
                f"--native is a whole payload; it goes with no {wrong[0]}. "
                "Write the field into the payload."
            )
        return Asked(
            read_json_file(native_file, "--native"),
            native=True,
            names={"": f"--native {native_file}"},
        )
    if request_file is None:
        return Asked(fields, native=False, names={**default_names(SIMPLE), **names})
    content = read_json_file(request_file, "--request")
    if isinstance(content, dict):
        content = _merged(content, fields, names, request_file)
    return Asked(content, native=False, names={"": f"--request {request_file}", **names})


def _from_options(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    fields = {name: given[name] for name in SIMPLE if given[name] is not None}
    names = {name: SIMPLE[name] for name in fields}
    for name in ("audio", "watermark"):
        if fields.get(name) is False:
            names[name] = f"--no-{name}"
    for part in (images, shots, subjects, extras):
        more, more_names = part(given)
        fields |= more
        names |= more_names
    return fields, names


def _merged(
    content: dict[str, Any], fields: dict[str, Any], names: Mapping[str, str], file: str
) -> dict[str, Any]:
    """Add the options to a request from a file; which one would win is nobody's to guess."""
    where = "standard input" if file == "-" else file
    extra = content.get("extra")
    if "extra" in fields and isinstance(extra, dict):
        for key in fields["extra"]:
            if key in extra:
                raise _twice(f"--extra {key}", f"extra.{key}", where)
        fields = {**fields, "extra": {**extra, **fields["extra"]}}
        content = {name: value for name, value in content.items() if name != "extra"}
    for name in fields:
        if content.get(name) is not None:
            option = next(names[path] for path in names if path.startswith(name))
            raise _twice(option, name, where)
    return {**content, **fields}


def _twice(option: str, field: str, where: str) -> click.UsageError:
    return click.UsageError(f"{option} and `{field}` in {where} say the same; give one of them.")
