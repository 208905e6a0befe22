"""The list of video models that OpenRouter gives, and the snapshot of it in this package.

The list: https://openrouter.ai/api/v1/videos/models, described at
https://openrouter.ai/docs/api_reference/videos.
"""

from functools import cache
from importlib.resources import files

import msgspec
from msgspec import Struct


class Model(Struct, kw_only=True):
    """What the list says of one model; what it does not say is None."""

    id: str
    canonical_slug: str = ""
    supported_durations: list[int] | None = None
    supported_resolutions: list[str] | None = None
    supported_aspect_ratios: list[str] | None = None
    supported_sizes: list[str] | None = None
    supported_frame_images: list[str] | None = None
    generate_audio: bool | None = None
    seed: bool | None = None
    allowed_passthrough_parameters: list[str] = []
    pricing_skus: dict[str, str] | None = None


class Listing(Struct, kw_only=True):
    """The whole list; `listed` is the day on which a snapshot was taken."""

    data: list[Model]
    listed: str = ""


_LISTING = msgspec.json.Decoder(Listing)


def read(content: bytes | str) -> Listing:
    """Read a list, as OpenRouter answers it or as a snapshot.

    Raises msgspec.MsgspecError if it is not one.
    """
    return _LISTING.decode(content)


@cache
def snapshot() -> Listing:
    """Return the snapshot in this package."""
    return read(files(__package__).joinpath("models.json").read_bytes())


def written(listing: Listing) -> str:
    """Return a list as the text of a snapshot, with one field a line."""
    models = []
    for model in listing.data:
        fields = msgspec.to_builtins(model).items()
        lines = (f"      {_json(name)}: {_json(value)}" for name, value in fields)
        models.append("    {\n" + ",\n".join(lines) + "\n    }")
    listed = _json(listing.listed)
    return f'{{\n  "listed": {listed},\n  "data": [\n' + ",\n".join(models) + "\n  ]\n}\n"


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=0).decode()
