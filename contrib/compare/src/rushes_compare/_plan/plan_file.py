"""A plan in a file: many prompts and settings, as YAML or JSON.

models: [toapis/kling-v3, apimart/kling-v3]
repeat: 2
settings: {duration: 5, resolution: 1080p}
prices: {toapis/kling-v3: 0.08/s}
columns: [motion, usd_per_second]
bounds: {motion: {min: 2}, time_to_video: {max: 300}}
prompts:
  - A red kite over white dunes
  - name: dusk
    prompt: The same at dusk
    images: [{url: start.png, role: first_frame}]
"""

import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import ScalarNode
from rushes.files import read_whole
from rushes_cli.strict_json import MalformedJSON, read_json

from rushes_compare._plan.column_names import bounds_errors, column_errors
from rushes_compare._plan.prices import price_errors
from rushes_compare._plan.unknown_names import (
    unknown_field_errors,
    unknown_name_errors,
    unknown_variant_errors,
)
from rushes_compare.errors import PlanError
from rushes_compare.results import Bounds

MAX_BYTES = 4 * 1024 * 1024
"""Bytes of a plan file."""
MAX_VALUES = 1_000_000
"""Values in a plan file, each alias counted with all that it repeats."""


class PlanFile(Struct, frozen=True, kw_only=True):
    """What a plan file asks for; None for what it leaves out."""

    prompts: Annotated[list[Any], Meta(description="a list")] = []
    models: Annotated[list[str], Meta(description="a list of variants")] | None = None
    repeat: Annotated[int, Meta(description="a whole number")] | None = None
    settings: Annotated[dict[str, Any], Meta(description="an object")] = {}
    prices: Annotated[
        dict[str, Any], Meta(description="an object, like {toapis/kling-v3: 0.08/s}")
    ] = {}
    columns: Annotated[list[str], Meta(description="a list of columns")] = []
    bounds: Annotated[
        dict[str, Bounds], Meta(description="an object, like {motion: {min: 2, max: 40}}")
    ] = {}


_FIELDS = {field.name: field for field in msgspec.structs.fields(PlanFile)}


def read_plan_file(path: Path, installed: Collection[str] | None = None) -> PlanFile:
    """Read a plan file; with `installed`, other variants are an error.

    Local files are looked for beside the file. Raises PlanError with everything that is wrong:
    where, and what is accepted.
    """
    data = _parse(path)
    if isinstance(data, list):
        data = {"prompts": data}
    if not isinstance(data, dict):
        raise PlanError(f"{path}: the file must be an object with the list `prompts` in it")
    reasons = list(unknown_name_errors(data, _FIELDS))
    plan = PlanFile()
    for name, value in data.items():
        if name in _FIELDS and value is not None:
            try:
                given = msgspec.convert(value, _FIELDS[name].type)
                plan = msgspec.structs.replace(plan, **{name: given})
            except msgspec.ValidationError as error:
                reasons.append(_type_error(name, value, error))
    reasons += unknown_field_errors(plan.settings, "settings")
    for place, prompt in enumerate(plan.prompts):
        reasons += unknown_field_errors(prompt, f"prompts[{place}]", "name")
    reasons += price_errors(plan.prices, "prices")
    reasons += column_errors(plan.columns, "columns")
    reasons += bounds_errors(plan.bounds, "bounds")
    for name in plan.bounds:  # a misspelt limit would guard nothing
        known = Bounds.__struct_fields__
        reasons += unknown_name_errors(data["bounds"][name], known, f"bounds.{name}.")
    missing: list[str] = []
    if installed is not None:
        named = [(f"models[{place}]", name) for place, name in enumerate(plan.models or ())]
        named += [("prices", name) for name in plan.prices]
        missing += unknown_variant_errors(named, installed)
    if reasons or missing:
        located = ([f"{path}: {line}" for line in lines] for lines in (reasons, missing))
        first, uninstalled = located
        raise PlanError(*first, uninstalled=uninstalled)
    return msgspec.structs.replace(
        plan,
        prompts=[_beside(prompt, path.parent) for prompt in plan.prompts],
        settings=_beside(plan.settings, path.parent),
    )


def _type_error(name: str, value: Any, error: msgspec.ValidationError) -> str:
    """Return msgspec's error for one part of the file, with its path and what is accepted."""
    accepted = next(_descriptions(_FIELDS[name].type))
    reason, _, place = str(error).partition(" - at ")
    inside = f" ({reason} at {place.replace('$', name, 1)})" if place else ""
    return f"`{name}` must be {accepted}, not {value!r:.60}{inside}"


def _descriptions(kind: Any) -> Iterator[str]:
    """Yield the descriptions in the annotation of a field."""
    info = msgspec.inspect.type_info(kind)
    for part in info.types if isinstance(info, msgspec.inspect.UnionType) else (info,):
        if isinstance(part, msgspec.inspect.Metadata) and part.extra_json_schema:
            yield part.extra_json_schema["description"]


class _Constructor(SafeConstructor):
    """Constructs only values that JSON has, too.

    Dates and `=` are text, as in YAML 1.2: https://yaml.org/spec/1.2.2/#103-core-schema
    """

    def _text(self, node: ScalarNode) -> str:
        return str(node.value)

    def _int(self, node: ScalarNode) -> int | str:
        """Leave 010, 0x1F and 1_000 as text: they are rarely meant as 10, 31 and 1000."""
        if re.match(r"[-+]?0[0-9a-z]|.*_", node.value):
            return str(node.value)
        number: int = self.construct_yaml_int(node)
        return number

    yaml_constructors = {  # noqa: RUF012 - declared so in the base class
        **SafeConstructor.yaml_constructors,
        "tag:yaml.org,2002:timestamp": _text,
        "tag:yaml.org,2002:value": _text,
        "tag:yaml.org,2002:int": _int,
    }


def _parse(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            text = read_whole(file, MAX_BYTES).decode("utf-8-sig")
        value = _parse_text(text, path.suffix.lower() == ".json" or text.lstrip()[:1] in ("{", "["))
        _limit_values(value, path)
        return value
    except PlanError:
        raise
    except OSError as error:
        raise PlanError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PlanError(f"{path} is not UTF-8") from error
    except RecursionError as error:
        raise PlanError(f"{path} is nested too deeply") from error
    except YAMLError as error:
        place = getattr(error, "problem_mark", None)
        where = f", line {place.line + 1}" if place else ""
        reason = getattr(error, "problem", None) or "it is neither YAML nor JSON"
        raise PlanError(f"{path}{where}: {reason}") from error
    except ValueError as error:  # a value that its own tag does not allow, like !!int x
        raise PlanError(f"{path}: {error}") from error


def _parse_text(text: str, is_json: bool) -> Any:
    """Try JSON first: unlike YAML, it allows tabs."""
    if is_json:
        with suppress(MalformedJSON):
            return read_json(text.encode())
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _Constructor
    return yaml.load(text)


def _limit_values(value: Any, path: Path) -> None:
    """Raise PlanError if aliases repeat more than a plan can hold, or repeat themselves."""
    left, count = [value], 0
    while left:
        item = left.pop()
        count += 1
        if count > MAX_VALUES:
            raise PlanError(f"{path}: its aliases repeat more than {MAX_VALUES:,} values")
        if isinstance(item, dict):
            left.extend(item.values())
        elif isinstance(item, list):
            left.extend(item)


def _beside(request: Any, folder: Path) -> Any:
    """Resolve the local files of a request, and the images of its subjects, against a folder."""
    if not isinstance(request, dict):
        return request
    resolved = dict(request)
    listed = ("images", "videos", "sounds")
    for name, resolve in (*((field, _file_beside) for field in listed), ("subjects", _beside)):
        if isinstance(request.get(name), list):
            resolved[name] = [resolve(item, folder) for item in request[name]]
    return resolved


def _file_beside(file: Any, folder: Path) -> Any:
    """Resolve a file: an object with a `url`, or, in a subject, just the URL or path."""
    if isinstance(file, dict) and "url" in file:
        return {**file, "url": _file_beside(file["url"], folder)}
    if not isinstance(file, str) or not file or "://" in file or file.startswith("data:"):
        return file
    return str(folder / Path(file).expanduser())
