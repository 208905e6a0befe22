"""A comparison written down: many prompts and settings in one YAML or JSON file.

models: [toapis/kling-v3, apimart/kling-v3]
repeat: 2
settings: {duration: 5, resolution: 1080p}
prompts:
  - A red kite over white dunes
  - name: dusk
    prompt: The same at dusk
    images: [{url: start.png, role: first_frame}]
"""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct

from rushes_compare.plan import PlanError

LARGEST = 4 * 1024 * 1024
"""Bytes that such a file may have."""


class Wanted(Struct, frozen=True, kw_only=True):
    """What a file asks for; None where it does not say."""

    prompts: list[Any]
    models: list[str] | None = None
    repeat: int | None = None
    settings: dict[str, Any] = {}


def read_plan(path: Path) -> Wanted:
    """Read a file; raises PlanError, which says where and what is accepted.

    Local images are looked for beside the file.
    """
    data = _parsed(path)
    if isinstance(data, list):
        data = {"prompts": data}
    if not isinstance(data, dict):
        raise PlanError(f"{path}: an object is wanted, with the list `prompts` in it")
    known = Wanted.__struct_fields__
    for name in data:
        if name not in known:
            near = get_close_matches(str(name), known, n=1, cutoff=0.3) or known
            raise PlanError(f"{path}: there is no {name!r} here; {', '.join(near)} is known")
    wanted = Wanted(
        prompts=_checked(path, data, "prompts", list, "a list") or [],
        models=_checked(path, data, "models", list, "a list of variants"),
        repeat=_checked(path, data, "repeat", int, "a whole number"),
        settings=_beside(_checked(path, data, "settings", dict, "an object") or {}, path.parent),
    )
    prompts = [
        _beside(item, path.parent) if isinstance(item, dict) else item for item in wanted.prompts
    ]
    return Wanted(
        prompts=prompts, models=wanted.models, repeat=wanted.repeat, settings=wanted.settings
    )


def _parsed(path: Path) -> Any:
    try:
        if path.stat().st_size > LARGEST:
            raise PlanError(f"{path} is larger than {LARGEST // 1024 // 1024} MB")
        # JSON is YAML, but for tabs; the safe loader makes nothing but plain values.
        return yaml.safe_load(path.read_text(encoding="utf-8"))
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


def _checked(path: Path, data: Mapping[str, Any], name: str, kind: type, words: str) -> Any:
    value = data.get(name)
    wrong = not isinstance(value, kind) or isinstance(value, bool)
    if name == "models" and isinstance(value, list):
        wrong = not all(isinstance(item, str) for item in value)
    if value is not None and wrong:
        raise PlanError(f"{path}: `{name}` is {words}, not {value!r:.60}")
    return value


def _beside(request: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Have local images looked for beside the file that names them."""
    images = request.get("images")
    if not isinstance(images, list):
        return request
    return {**request, "images": [_placed(image, folder) for image in images]}


def _placed(image: Any, folder: Path) -> Any:
    url = image.get("url") if isinstance(image, dict) else None
    if not isinstance(url, str) or not url or "://" in url or url.startswith("data:"):
        return image
    return {**image, "url": str(folder / Path(url).expanduser())}
