"""Images that callers uploaded: told by their content, kept in a folder, found by address."""

import hashlib
import math
import secrets
from dataclasses import dataclass
from pathlib import Path

from rushes_sandbox.studio.scene import Picture
from rushes_sandbox.tasks import TOKEN_BYTES

_ENDINGS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
}


def image_type(content: bytes) -> str | None:
    """Tell an image's type by its first bytes, whatever the sender called it."""
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
    """One stored image. `expires` is in seconds since 1970."""

    name: str
    path: Path
    type: str
    size: int
    digest: str
    created: int
    expires: float


class Shelf:
    """The folder of uploaded images, each under an unguessable name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._uploads: dict[str, Upload] = {}

    def put(self, content: bytes, kind: str, now: float, lifetime: float = math.inf) -> Upload:
        """Keep an image for `lifetime` seconds."""
        name = secrets.token_urlsafe(TOKEN_BYTES) + _ENDINGS[kind]
        path = self._folder / name
        path.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        upload = Upload(name, path, kind, len(content), digest, int(now), now + lifetime)
        self._uploads[name] = upload
        return upload

    def get(self, name: str) -> Upload | None:
        """Find an image by the last part of its address. Names are looked up, never opened."""
        return self._uploads.get(name)

    def picture(self, address: str, label: str, prefix: str, now: float) -> Picture:
        """Tell what there is to show for an address; only own addresses are ever read."""
        upload = self.get(address.removeprefix(prefix)) if address.startswith(prefix) else None
        if upload is None or now >= upload.expires:
            return Picture(label, address)
        # Without the address, which is new with each upload: the same image, the same film.
        return Picture(label, "", upload.digest, upload.path)
