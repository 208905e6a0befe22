"""Files that clients uploaded, kept in a folder."""

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

from rushes_sandbox._state.tokens import unguessable_token

_SUFFIXES = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
}


def image_type(content: bytes) -> str | None:
    """Detect an image's type by its first bytes; None for anything else."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return None


@dataclass(frozen=True)
class Upload:
    """One stored file. `created` and `expires` are in seconds since 1970."""

    name: str
    path: Path
    type: str
    size: int
    digest: str
    created: int
    expires: float


class UploadStore:
    """The folder of uploaded files, each under an unguessable name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._uploads: dict[str, Upload] = {}

    def add(
        self, content: bytes, kind: str, now: float, lifetime: float = math.inf, name: str = ""
    ) -> Upload:
        """Store a file for `lifetime` seconds, under a random name if none is given."""
        name = name or unguessable_token() + _SUFFIXES.get(kind, "")
        path = self._folder / name
        path.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        upload = Upload(name, path, kind, len(content), digest, int(now), now + lifetime)
        self._uploads[name] = upload
        return upload

    def get(self, name: str) -> Upload | None:
        """Find a file by the last part of its URL. The name is looked up, never opened."""
        return self._uploads.get(name)
