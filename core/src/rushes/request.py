"""What the caller wants, independent of any provider."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec

from rushes._structs.type_info import ready

__all__ = ["Image", "Request", "Role", "Shot", "Subject", "Video", "VideoRole"]

Role = Literal["first_frame", "last_frame", "reference"]
"""What an image is for."""
VideoRole = Literal["reference", "edit"]
"""What a video is for: to refer to, or to be edited."""
_Filled = Annotated[str, msgspec.Meta(min_length=1)]


class Image(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An image to start from, to end on, or to refer to.

    `url` is a public http(s) address or the path of a local file, which is uploaded first if the
    provider has an endpoint for that.
    """

    url: _Filled
    role: Role


class Video(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A video to refer to, or to edit.

    `url` is a public http(s) address or the path of a local file, as of an image.
    """

    url: _Filled
    role: VideoRole


class Shot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One shot of several, in order. `duration` is in seconds."""

    prompt: _Filled
    duration: int | float | None = None


class Subject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person or thing that a prompt refers to by name; names are unique within a request.

    `images` are addresses or local paths.
    """

    name: _Filled
    description: _Filled | None = None
    images: Sequence[_Filled] = ()


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One request for a video. For absent fields the provider's default applies.

    None, empty text and empty lists count as absent, and so does a prompt of only white space. 5.0
    counts as 5 where an integer is expected.

    `duration` is in seconds, `aspect_ratio` reads like "16:9", `resolution` like "720p", "1080p" or
    "4k", `guidance` runs from 0 (free) to 1 (literal). `sounds` are to refer to: addresses or local
    paths. `continues` is the provider's id of a finished task (`Task.remote_id`), whose video is
    extended. `extra` holds a provider's own fields under the names on its page; they are checked
    like the rest. A request with nothing but `extra` is a native payload.
    """

    prompt: str | None = None
    negative_prompt: str | None = None
    duration: int | float | None = None
    aspect_ratio: str | None = None
    resolution: str | None = None
    images: Sequence[Image] = ()
    videos: Sequence[Video] = ()
    sounds: Sequence[_Filled] = ()
    shots: Sequence[Shot] = ()
    subjects: Sequence[Subject] = ()
    audio: bool | None = None
    watermark: bool | None = None
    guidance: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    seed: int | None = None
    continues: str | None = None
    extra: Mapping[Any, Any] = {}


ready(Request)
