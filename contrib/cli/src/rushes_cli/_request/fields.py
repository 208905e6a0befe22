"""The fields of a request that take several options: files, shots, subjects, native fields."""

from collections.abc import Mapping
from typing import Any

import click

from rushes_cli.strict_json import MalformedJSON, read_json

FieldsAndNames = tuple[dict[str, Any], dict[str, str]]
"""Fields of a request, and the option for each path in them."""


def read_images(given: Mapping[str, Any]) -> FieldsAndNames:
    """Read `--first-frame`, `--last-frame` and `--reference`, in this order."""
    images: list[dict[str, str]] = []
    names: dict[str, str] = {}
    references = given["reference"]
    for role in ("first_frame", "last_frame"):
        if given[role] is not None:
            names[f"images[{len(images)}]"] = f"--{role.replace('_', '-')}"
            images.append({"url": given[role], "role": role})
    for number, url in enumerate(references, 1):
        which = f" {number}" if len(references) > 1 else ""
        names[f"images[{len(images)}]"] = f"--reference{which}"
        images.append({"url": url, "role": "reference"})
    return ({"images": images} if images else {}), names


def read_files(given: Mapping[str, Any]) -> FieldsAndNames:
    """Read `--edit-video`, `--reference-video` and `--sound`, in this order."""
    options = [("videos", "edit_videos", "edit"), ("videos", "reference_videos", "reference"),
               ("sounds", "sounds", None)]  # fmt: skip
    fields: dict[str, list[Any]] = {}
    names: dict[str, str] = {}
    for field, option, role in options:
        for number, url in enumerate(given[option], 1):
            items = fields.setdefault(field, [])
            which = f" {number}" if len(given[option]) > 1 else ""
            names[f"{field}[{len(items)}]"] = f"--{option[:-1].replace('_', '-')}{which}"
            items.append({"url": url, "role": role} if role else url)
    return fields, names


def read_shots(given: Mapping[str, Any]) -> FieldsAndNames:
    """Read `--shot` and `--shot-duration`; the n-th duration belongs to the n-th shot."""
    prompts, durations = given["shots"], given["shot_durations"]
    if durations and len(durations) != len(prompts):
        raise click.UsageError(
            f"{len(prompts)} --shot and {len(durations)} --shot-duration are given; "
            "give no --shot-duration, or one for each --shot in the same order."
        )
    shots: list[dict[str, Any]] = []
    names = {"shots": "--shot"} if prompts else {}
    for index, prompt in enumerate(prompts):
        names[f"shots[{index}]"] = f"--shot {index + 1}"
        shots.append({"prompt": prompt})
        if durations:
            names[f"shots[{index}].duration"] = f"--shot-duration {index + 1}"
            shots[-1]["duration"] = durations[index]
    return ({"shots": shots} if shots else {}), names


def read_subjects(given: Mapping[str, Any]) -> FieldsAndNames:
    """Read `--subject`, and `--subject-image` for the subject that it names."""
    subjects: dict[str, dict[str, Any]] = {}
    names: dict[str, str] = {}
    for text in given["subjects"]:
        name, sign, description = text.partition("=")
        if name in subjects:
            raise click.UsageError(f"--subject {name} is given twice.")
        names[f"subjects[{len(subjects)}]"] = f"--subject {name}"
        subjects[name] = {"name": name, "images": []}
        if sign:
            subjects[name]["description"] = description
    order = list(subjects)
    for text in given["subject_images"]:
        name, sign, image = text.partition("=")
        if not sign:
            raise click.UsageError(f"--subject-image {text!r} is not of the form NAME=IMAGE.")
        if name not in subjects:
            hint = f"; subjects: {', '.join(order)}" if order else ""
            raise click.UsageError(f"--subject-image {name}=…: no --subject has this name{hint}.")
        images = subjects[name]["images"]
        path = f"subjects[{order.index(name)}].images"
        names[path] = f"--subject-image {name}"
        names[f"{path}[{len(images)}]"] = f"--subject-image {name} ({len(images) + 1})"
        images.append(image)
    return ({"subjects": list(subjects.values())} if subjects else {}), names


def read_extras(given: Mapping[str, Any]) -> FieldsAndNames:
    """Read `--extra`; its values are JSON, so that 5 and "5" stay different."""
    extra: dict[str, Any] = {}
    for text in given["extras"]:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise click.UsageError(f"--extra {text!r} is not of the form FIELD=JSON.")
        if name in extra:
            raise click.UsageError(f"--extra {name} is given twice.")
        try:
            extra[name] = read_json(value.encode("utf-8", "surrogateescape"))
        except MalformedJSON as error:
            raise click.UsageError(
                f"--extra {name}: {value!r} {error}. Put text in quotes: '{name}=\"text\"'."
            ) from None
    return ({"extra": extra} if extra else {}), {f"extra.{n}": f"--extra {n}" for n in extra}
