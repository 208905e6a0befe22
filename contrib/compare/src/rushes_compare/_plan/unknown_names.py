"""Unknown fields and variants, each with its place and the nearest known name."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from rushes import Image, Request, Shot, Subject, Video

_INSIDE: dict[str, tuple[str, ...]] = {
    "images": Image.__struct_fields__,
    "videos": Video.__struct_fields__,
    "shots": Shot.__struct_fields__,
    "subjects": Subject.__struct_fields__,
}


def unknown_field_errors(request: Any, where: str, *more: str) -> Iterator[str]:
    """Yield an error for each unknown field of a request and of what it lists.

    `more` are names accepted beside a request's own. The fields in `extra` are the provider's; what
    is not an object is reported elsewhere.
    """
    if not isinstance(request, Mapping):
        return
    yield from unknown_name_errors(request, (*more, *Request.__struct_fields__), f"{where}.")
    for name, fields in _INSIDE.items():
        items = request.get(name)
        for place, item in enumerate(items if isinstance(items, (list, tuple)) else ()):
            if isinstance(item, Mapping):
                yield from unknown_name_errors(item, fields, f"{where}.{name}[{place}].")


def unknown_name_errors(
    given: Iterable[Any], known: Collection[str], before: str = ""
) -> Iterator[str]:
    """Yield an error for each unknown name; `before` is the beginning of its path."""
    for name in given:
        if name not in known:
            near = get_close_matches(str(name), known, n=1, cutoff=0.5)
            words = f"nearest: {near[0]}" if near else f"accepted: {', '.join(known)}"
            yield f"{before}{name!s:.60}: there is no such field ({words})"


def unknown_variant_errors(
    named: Iterable[tuple[str, Any]], installed: Collection[str]
) -> Iterator[str]:
    """Yield an error for each variant that is not installed; `named` is where each was given."""
    for where, name in named:
        if not isinstance(name, str) or name in installed:
            continue
        near = get_close_matches(name, installed, n=3, cutoff=0.4)
        words = f"nearest: {', '.join(near)}" if near else f"installed: {', '.join(installed)}"
        yield f"{where}: no variant {name!r:.80} is installed ({words})"
