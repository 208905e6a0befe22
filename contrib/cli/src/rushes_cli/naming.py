"""From a path of the request to the words the caller wrote."""

from collections.abc import Mapping


def default_names(simple: Mapping[str, str]) -> dict[str, str]:
    """Name the option of every field, given or not: where it could be said."""
    return {**simple, "images": "--first-frame", "shots": "--shot", "subjects": "--subject"}


def written(path: str, names: Mapping[str, str]) -> str:
    """Return what the caller wrote at a path: an option, or the path itself."""
    at = path
    while at:
        if at in names:
            # Below a native field the rest of the path is the caller's own; elsewhere the option
            # stands for all of it, `images[0].url` being just --first-frame.
            return names[at] + (path[len(at) :] if at.startswith("extra.") else "")
        at = at[: max(at.rfind("."), at.rfind("["), 0)]
    return path or names.get("", "")
