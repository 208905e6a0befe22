"""Names that nothing knows: fields of a request, variants. Each is told with what is nearest."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from rushes import Image, Request, Shot, Subject

_INSIDE: dict[str, tuple[str, ...]] = {
    "images": Image.__struct_fields__,
    "shots": Shot.__struct_fields__,
    "subjects": Subject.__struct_fields__,
}


def unknown_fields(request: Any, where: str, *more: str) -> Iterator[str]:
    """Say of each field that no request has, and no image, shot or subject in it, where it is.

    `more` are names that are taken beside a request's own. What is in `extra` is a provider's
    business; what is no object at all is judged elsewhere.
    """
    if not isinstance(request, Mapping):
        return
    yield from unknown_names(request, (*more, *Request.__struct_fields__), f"{where}.")
    for name, fields in _INSIDE.items():
        items = request.get(name)
        for place, item in enumerate(items if isinstance(items, (list, tuple)) else ()):
            if isinstance(item, Mapping):
                yield from unknown_names(item, fields, f"{where}.{name}[{place}].")


def unknown_names(given: Iterable[Any], known: Collection[str], before: str = "") -> Iterator[str]:
    """Say of each name that is not known where it is; `before` is what its place begins with."""
    for name in given:
        if name not in known:
            near = get_close_matches(str(name), known, n=1, cutoff=0.5)
            words = f"nearest: {near[0]}" if near else f"accepted: {', '.join(known)}"
            yield f"{before}{name!s:.60}: there is no such field ({words})"


def unknown_variants(named: Iterable[tuple[str, Any]], installed: Collection[str]) -> Iterator[str]:
    """Say of each variant that is not installed where it was named, and what is nearest."""
    for where, name in named:
        if not isinstance(name, str) or name in installed:
            continue
        near = get_close_matches(name, installed, n=3, cutoff=0.4)
        words = f"nearest: {', '.join(near)}" if near else f"installed: {', '.join(installed)}"
        yield f"{where}: no variant {name!r:.80} is installed ({words})"
