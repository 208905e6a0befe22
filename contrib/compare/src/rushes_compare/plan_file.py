"""A comparison written down: many prompts and settings in one YAML or JSON file.

models: [toapis/kling-v3, apimart/kling-v3]
repeat: 2
settings: {duration: 5, resolution: 1080p}
prices: {toapis/kling-v3: 0.08/s}
prompts:
  - A red kite over white dunes
  - name: dusk
    prompt: The same at dusk
    images: [{url: start.png, role: first_frame}]
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct

from rushes_compare.plan import PlanError
from rushes_compare.prices import wrong_prices
from rushes_compare.unknown import unknown_fields, unknown_names, unknown_variants

LARGEST = 4 * 1024 * 1024
"""Bytes that such a file may have."""


class _Loader(yaml.SafeLoader):
    """Makes plain JSON values only: 16:9 is text, no number to the base of 60, and so is a date."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - a class attribute of the base, replaced here
        first: [(tag, form) for tag, form in known if tag.rpartition(":")[2] in ("bool", "null")]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


# Numbers as JSON and YAML 1.2 have them, https://yaml.org/spec/1.2.2/#103-core-schema
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)


class Wanted(Struct, frozen=True, kw_only=True):
    """What a file asks for; None where it does not say."""

    prompts: list[Any]
    models: list[str] | None = None
    repeat: int | None = None
    settings: dict[str, Any] = {}
    prices: dict[str, str] = {}


_KINDS: dict[str, tuple[type, str]] = {
    "prompts": (list, "a list"),
    "models": (list, "a list of variants"),
    "repeat": (int, "a whole number"),
    "settings": (dict, "an object"),
    "prices": (dict, "an object, like {toapis/kling-v3: 0.08/s}"),
}


def read_plan(path: Path, installed: Collection[str] | None = None) -> Wanted:
    """Read a file; with `installed`, no other variant is taken.

    Raises PlanError, which says of everything that is wrong where it is and what is accepted. Local
    images are looked for beside the file.
    """
    data = _parsed(path)
    if isinstance(data, list):
        data = {"prompts": data}
    if not isinstance(data, dict):
        raise PlanError(f"{path}: an object is wanted, with the list `prompts` in it")
    reasons = [*unknown_names(data, Wanted.__struct_fields__), *_misshapen(data)]
    given = {name: data.get(name) for name in _KINDS if _fits(name, data.get(name))}
    prompts, settings = given.get("prompts") or [], given.get("settings") or {}
    models, prices = given.get("models"), given.get("prices") or {}
    reasons += unknown_fields(settings, "settings")
    for place, prompt in enumerate(prompts):
        reasons += unknown_fields(prompt, f"prompts[{place}]", "name")
    reasons += wrong_prices(prices, "prices")
    missing: list[str] = []
    if installed is not None:
        named = [(f"models[{place}]", name) for place, name in enumerate(models or ())]
        missing += unknown_variants([*named, *(("prices", name) for name in prices)], installed)
    if reasons or missing:
        told, lost = ([f"{path}: {line}" for line in lines] for lines in (reasons, missing))
        raise PlanError(*told, uninstalled=lost)
    return Wanted(
        prompts=[_beside(prompt, path.parent) for prompt in prompts],
        models=models,
        repeat=given.get("repeat"),
        settings=_beside(settings, path.parent),
        prices=prices,
    )


def _misshapen(data: Mapping[Any, Any]) -> Iterator[str]:
    """Say of each part that it is not of its kind."""
    for name, (_, words) in _KINDS.items():
        if not _fits(name, data.get(name)):
            yield f"`{name}` is {words}, not {data[name]!r:.60}"


def _fits(name: str, value: Any) -> bool:
    """Whether a part is of its kind, or left out."""
    if value is None:
        return True
    if name == "models" and isinstance(value, list):
        return all(isinstance(item, str) for item in value)
    return isinstance(value, _KINDS[name][0]) and not isinstance(value, bool)


def _parsed(path: Path) -> Any:
    try:
        if path.stat().st_size > LARGEST:
            raise PlanError(f"{path} is larger than {LARGEST // 1024 // 1024} MB")
        text = path.read_text(encoding="utf-8-sig")
        return _value(text, path.suffix.lower() == ".json" or text.lstrip()[:1] in ("{", "["))
    except PlanError:
        raise
    except OSError as error:
        raise PlanError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PlanError(f"{path} is not UTF-8") from error
    except RecursionError as error:
        raise PlanError(f"{path} is nested too deeply") from error
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        where = f", line {place.line + 1}" if place else ""
        words = getattr(error, "problem", None) or "it is neither YAML nor JSON"
        raise PlanError(f"{path}{where}: {words}") from error
    except ValueError as error:  # a value that its own tag forbids, like !!timestamp 7
        raise PlanError(f"{path}: {error}") from error


def _value(text: str, is_json: bool) -> Any:
    """Parse JSON as such first: YAML has no tabs."""
    if is_json:
        with suppress(json.JSONDecodeError):
            return json.loads(text)
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - it is a safe one


def _beside(request: Any, folder: Path) -> Any:
    """Have local images, a subject's too, looked for beside the file that names them."""
    if not isinstance(request, dict):
        return request
    placed = dict(request)
    for name, place in (("images", _placed), ("subjects", _beside)):
        if isinstance(request.get(name), list):
            placed[name] = [place(item, folder) for item in request[name]]
    return placed


def _placed(image: Any, folder: Path) -> Any:
    """Place an image: an object with a `url`, or, in a subject, the address itself."""
    if isinstance(image, dict) and "url" in image:
        return {**image, "url": _placed(image["url"], folder)}
    if not isinstance(image, str) or not image or "://" in image or image.startswith("data:"):
        return image
    return str(folder / Path(image).expanduser())
