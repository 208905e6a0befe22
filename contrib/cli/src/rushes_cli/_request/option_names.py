"""From the path of a field to the option it was given with."""

from collections.abc import Mapping, Sequence

SIMPLE_OPTIONS = {
    "prompt": "PROMPT",
    "negative_prompt": "--negative-prompt",
    "duration": "--duration",
    "aspect_ratio": "--aspect-ratio",
    "resolution": "--resolution",
    "audio": "--audio",
    "watermark": "--watermark",
    "guidance": "--guidance",
    "seed": "--seed",
    "continues": "--continues",
}
"""The fields of a request that are one option each."""
DEFAULT_OPTIONS = {
    **SIMPLE_OPTIONS,
    "images": "--first-frame",
    "videos": "--reference-video",
    "sounds": "--sound",
    "shots": "--shot",
    "subjects": "--subject",
    "first_frame": "--first-frame",
    "last_frame": "--last-frame",
    "reference": "--reference",
    "shots[].duration": "--shot-duration",
}
"""The option of every field, for problems with fields that were not given, and of each role."""


def option_for(path: str, option_names: Mapping[str, str]) -> str:
    """Return what the caller wrote for the field at a path: an option, or the path itself."""
    at = path
    while at:
        if at in option_names:
            # Below a native field the rest of the path is the caller's own; elsewhere the option
            # stands for all of it, `images[0].url` being just --first-frame.
            return option_names[at] + (path[len(at) :] if at.startswith("extra.") else "")
        at = at[: max(at.rfind("."), at.rfind("["), 0)]
    return path or option_names.get("", "")


def with_options(message: str, names: Sequence[str], option_names: Mapping[str, str]) -> str:
    """Return a problem's message with options for the fields that it names."""
    from rushes.problems import naming

    for name in names:
        option = option_for(name, option_names).replace("--no-", "--")  # "when --audio is true"
        message = option.join(naming(message, name))
    return message
