"""The fields of a request that take several options: images, shots, subjects, native fields."""

from collections.abc import Mapping
from typing import Any

import click

from rushes_cli.strict_json import Malformed, read_json

Part = tuple[dict[str, Any], dict[str, str]]
"""Fields of the request, and the options that their paths come from."""


def images(given: Mapping[str, Any]) -> Part:
    """Read the images, the frames first."""
    found: list[dict[str, str]] = []
    names: dict[str, str] = {}
    references = given["reference"]
    for role in ("first_frame", "last_frame"):
        if given[role] is not None:
            names[f"images[{len(found)}]"] = f"--{role.replace('_', '-')}"
            found.append({"url": given[role], "role": role})
    for number, url in enumerate(references, 1):
        several = f" {number}" if len(references) > 1 else ""
        names[f"images[{len(found)}]"] = f"--reference{several}"
        found.append({"url": url, "role": "reference"})
    return ({"images": found} if found else {}), names


def shots(given: Mapping[str, Any]) -> Part:
    """Read the shots; the n-th length belongs to the n-th shot."""
    prompts, lengths = given["shots"], given["shot_durations"]
    if lengths and len(lengths) != len(prompts):
        raise click.UsageError(
            f"{len(prompts)} --shot and {len(lengths)} --shot-duration are given; "
            "give no --shot-duration, or one for each --shot in the same order."
        )
    found: list[dict[str, Any]] = []
    names = {"shots": "--shot"} if prompts else {}
    for index, prompt in enumerate(prompts):
        names[f"shots[{index}]"] = f"--shot {index + 1}"
        found.append({"prompt": prompt})
        if lengths:
            names[f"shots[{index}].duration"] = f"--shot-duration {index + 1}"
            found[-1]["duration"] = lengths[index]
    return ({"shots": found} if found else {}), names


def subjects(given: Mapping[str, Any]) -> Part:
    """Read the subjects, and the images that name them."""
    found: dict[str, dict[str, Any]] = {}
    names: dict[str, str] = {}
    for text in given["subjects"]:
        name, sign, description = text.partition("=")
        if name in found:
            raise click.UsageError(f"--subject {name} is given twice.")
        names[f"subjects[{len(found)}]"] = f"--subject {name}"
        found[name] = {"name": name, "images": []}
        if sign:
            found[name]["description"] = description
    order = list(found)
    for text in given["subject_images"]:
        name, sign, image = text.partition("=")
        if not sign:
            raise click.UsageError(f"--subject-image {text!r} is not of the form NAME=IMAGE.")
        if name not in found:
            known = f"; subjects: {', '.join(order)}" if order else ""
            raise click.UsageError(f"--subject-image {name}=…: no --subject has this name{known}.")
        pictures = found[name]["images"]
        here = f"subjects[{order.index(name)}].images"
        names[here] = f"--subject-image {name}"
        names[f"{here}[{len(pictures)}]"] = f"--subject-image {name} ({len(pictures) + 1})"
        pictures.append(image)
    return ({"subjects": list(found.values())} if found else {}), names


def extras(given: Mapping[str, Any]) -> Part:
    """Read the native fields; their values are JSON, so that 5 and "5" stay two things."""
    found: dict[str, Any] = {}
    for text in given["extras"]:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise click.UsageError(f"--extra {text!r} is not of the form FIELD=JSON.")
        if name in found:
            raise click.UsageError(f"--extra {name} is given twice.")
        try:
            found[name] = read_json(value.encode("utf-8", "surrogateescape"))
        except Malformed as error:
            raise click.UsageError(
                f"--extra {name}: {value!r} {error}. Text is written in quotes: '{name}=\"text\"'."
            ) from None
    return ({"extra": found} if found else {}), {f"extra.{n}": f"--extra {n}" for n in found}
