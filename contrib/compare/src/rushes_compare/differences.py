"""What differs between two payloads, place by place."""

from collections.abc import Iterator
from typing import Any

from rushes_compare.results import Difference


def differences(here: Any, there: Any) -> list[Difference]:
    """List every place where two JSON values differ, in the order of `here`, then of `there`."""
    return list(_walk(here, there, ""))


def _walk(here: Any, there: Any, path: str) -> Iterator[Difference]:
    if isinstance(here, dict) and isinstance(there, dict):
        for name in dict.fromkeys([*here, *there]):
            yield from _entry(here, there, name, f"{path}.{name}" if path else str(name))
    elif isinstance(here, list) and isinstance(there, list):
        ours, theirs = dict(enumerate(here)), dict(enumerate(there))
        for place in range(max(len(here), len(there))):
            yield from _entry(ours, theirs, place, f"{path}[{place}]")
    elif type(here) is not type(there) or here != there:
        yield Difference(path=path, here=here, there=there)


def _entry(
    here: dict[Any, Any], there: dict[Any, Any], name: Any, path: str
) -> Iterator[Difference]:
    if name not in there:
        yield Difference(path=path, here=here[name], only="here")
    elif name not in here:
        yield Difference(path=path, there=there[name], only="there")
    else:
        yield from _walk(here[name], there[name], path)
