"""The providers that every row is run at: a new one is one entry here.

One whose distribution is not installed is left out.
"""

import re
from dataclasses import dataclass
from typing import Literal

from rushes import Request
from rushes.plugins import VARIANTS as GROUP
from rushes.plugins import installed
from rushes_sandbox import FAULTS, protocols

PROMPT = "A red kite over white dunes"


@dataclass(frozen=True)
class Provider:
    """One provider: the variant that stands for it, and which requests are what.

    Patterns are matched against whole paths below the provider's base URL.
    """

    variant: str
    creates: str
    asks: str
    #: What becomes of a submit whose answer was lost: the task can be looked up, the submit can be
    #: replayed, or neither.
    takes_up: frozenset[Literal["look-up", "replay"]] = frozenset()
    #: Where the video is fetched, if it is behind the key.
    fetches: str = ""
    duration: int = 5
    aspect_ratio: str = ""
    #: Whether the id is recognised in an error, too.
    named_in_errors: bool = True
    #: What a receipt keeps besides the id, and so has to be given with an id: names, and addresses
    #: below the base URL with `{id}`.
    keeps: tuple[tuple[str, str], ...] = ()
    #: Whether HTTP 403 is about the key; elsewhere it is about what the account may use.
    forbids_keys: bool = True
    #: The HTTP status of an answer about a wrong key.
    refuses_keys_with: int = 401

    @property
    def id(self) -> str:
        """The provider's id."""
        return self.variant.partition("/")[0]

    @property
    def request(self) -> Request:
        """The request for its video."""
        return Request(PROMPT, duration=self.duration, aspect_ratio=self.aspect_ratio or None)

    @property
    def options(self) -> list[str]:
        """The same as options of the command."""
        ratio = ["--aspect-ratio", self.aspect_ratio] if self.aspect_ratio else []
        return ["--duration", str(self.duration), *ratio]

    def path(self, url_path: str) -> str | None:
        """Return what is below the base URL; None for a path elsewhere."""
        prefix = f"/{self.id}"
        return url_path.removeprefix(prefix) if url_path.startswith(f"{prefix}/") else None

    def is_for(self, pattern: str, url_path: str) -> bool:
        """Whether a path at the sandbox fits one of the patterns."""
        path = self.path(url_path)
        return bool(pattern) and path is not None and re.fullmatch(pattern, path) is not None

    def memo(self, base_url: str, remote_id: str) -> dict[str, str] | None:
        """Return what a user gives with the id of a task, if the id is not enough."""
        kept = {name: base_url + path.format(id=remote_id) for name, path in self.keeps}
        return kept or None

    @property
    def key_header(self) -> str:
        """The name of the header that carries the key."""
        return protocols().by_id[self.id].key.name

    @property
    def uploads(self) -> bool:
        """Whether a local image is uploaded before the submit."""
        return FAULTS["upload-500"].applies_to(protocols().by_id[self.id])


_ALL = (
    Provider(
        "toapis/kling-v3",
        "/v1/videos/generations",
        "/v1/videos/generations/[^/]+",
        takes_up=frozenset({"look-up", "replay"}),
    ),
    Provider(
        "apimart/kling-v3",
        "/v1/videos/generations",
        "/v1/tasks/[^/]+",
        takes_up=frozenset({"replay"}),
    ),
    Provider("uniall/kling-v3-std-silent", "/v1/video/generations", "/v1/videos/[^/]+"),
    Provider(
        "fal/kling-v3-standard",
        "/fal-ai/kling-video/v3/standard/(text|image)-to-video",
        "/fal-ai/kling-video/requests/[^/]+/status",
        keeps=tuple(
            (f"{name}_url", f"/fal-ai/kling-video/requests/{{id}}{end}")
            for name, end in (("status", "/status"), ("response", ""), ("cancel", "/cancel"))
        ),
    ),
    Provider(
        "kling/kling-3.0",
        "/(text|image)-to-video/kling-3.0",
        "/tasks",
        takes_up=frozenset({"look-up"}),
        forbids_keys=False,
    ),
    Provider(
        "openrouter/kling-v3.0-std",
        "/videos",
        "/videos/[^/]+",
        fetches="/videos/[^/]+/content",
    ),
    Provider(
        "byteplus/seedance-1.5-pro",
        "/contents/generations/tasks",
        "/contents/generations/tasks/[^/]+",
        named_in_errors=False,
    ),
    Provider(
        "runway/gen4.5",
        "/v1/(text|image)_to_video",
        "/v1/tasks/[^/]+",
        aspect_ratio="16:9",
        named_in_errors=False,
    ),
)
_INSTALLED = {entry.name.replace(".", "/", 1) for entry in installed().group(GROUP)}

PROVIDERS: dict[str, Provider] = {
    each.id: each for each in _ALL if each.variant in _INSTALLED and each.id in protocols().by_id
}

UPLOADING = tuple(name for name, each in PROVIDERS.items() if each.uploads)
"""The others take a local image inline or not at all."""


def that_can(fault: str) -> tuple[str, ...]:
    """Return the providers whose answers can be wrong in the way of a fault."""
    known = protocols().by_id
    return tuple(name for name in PROVIDERS if FAULTS[fault].applies_to(known[name]))
