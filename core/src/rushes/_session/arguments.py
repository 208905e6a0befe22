"""What callers pass to a verb or a client, checked before anything is recorded, sent or paid.

What is recorded with a wrong type could be paid for, and not be read again.
"""

import math
import os
from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any

import msgspec

from rushes.errors import ConfigurationError
from rushes.problems import show
from rushes.task import Task


def _is_number(value: Any) -> bool:
    """Whether a value is a number of seconds or the like: no bool, nor one that floats lack."""
    if type(value) is bool or not isinstance(value, Real):
        return False
    try:
        return not math.isnan(float(value))
    except OverflowError:
        return False


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _is_path(value: Any) -> bool:
    return isinstance(value, (str, os.PathLike)) and isinstance(os.fspath(value), str)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _names_variants(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, (list, tuple)) and all(isinstance(each, str) for each in value)
    )


def _is_record(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("id"), str)


_PATH = "a path: text, or a Path"
_NUMBER = "a number of seconds"
_ARGUMENTS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "variant": (_is_text, "the name of a variant: text"),
    "variants": (_names_variants, "the name of a variant, or a list of names in their order"),
    "reference": (_is_text, "a task's reference: text"),
    "named": (_is_text, "a reference of your own: text"),
    "task": (lambda value: isinstance(value, (str, Task)), "a Task, or its reference: text"),
    "after": (lambda value: isinstance(value, Task), "a Task"),
    "output": (_is_path, _PATH),
    "home": (_is_path, _PATH),
    "overwrite": (_is_bool, "True or False"),
    "watch": (_is_bool, "True or False"),
    "lost": (_is_bool, "True or False"),
    "unfinished": (_is_bool, "True or False"),
    "timeout": (_is_number, _NUMBER),
    "since": (_is_number, "a number of seconds since 1970"),
    "older_than": (_is_number, _NUMBER),
    "limit": (_is_count, "a whole number, 0 or more"),
    "on_update": (callable, "a function that takes a Task"),
    "remote_id": (_is_text, "text"),
    "provider": (_is_text, "the name of a provider: text"),
    "headers": (lambda value: isinstance(value, Mapping), "a mapping of names to values"),
    "body": (lambda value: isinstance(value, bytes), "bytes, as they were received"),
    "record": (_is_record, "what `raw_record` returned"),
}


_OPTIONAL = {"named", "output", "home", "overwrite", "timeout", "on_update", "remote_id"}
"""The arguments for which None is passed if there is none."""


def require(**given: Any) -> None:
    """Raise ConfigurationError for the first argument of a wrong type."""
    for name, value in given.items():
        accepts, words = _ARGUMENTS[name]
        if not (value is None and name in _OPTIONAL) and not accepts(value):
            raise ConfigurationError(f"{_called(name)} must be {words}, not {_shown(value)}")


def _called(name: str) -> str:
    """Return what an argument is called where it is passed."""
    return {"variants": "variant", "named": "task"}.get(name, name)


def _shown(value: Any) -> str:
    return repr(value) if value is None or isinstance(value, bool) else show(value)


def require_seconds(name: str, value: Any, kind: type[msgspec.Struct]) -> None:
    """Raise ConfigurationError if a struct has fields that are no numbers of seconds."""
    if value is None:
        return
    if not isinstance(value, kind):
        raise ConfigurationError(f"{name} must be a {kind.__name__}, not {show(value)}")
    for field in kind.__struct_fields__:
        seconds = getattr(value, field)
        if seconds is None and field == "floor":
            continue
        if not _is_number(seconds) or seconds < 0:
            raise ConfigurationError(
                f"{name}: {field} must be a number of seconds, 0 or more, not {_shown(seconds)}"
            )
