"""The request, and its films, rendered once before any case: rendering takes seconds."""

from pathlib import Path

import msgspec
from rushes import Client, Image, Polling
from rushes_sandbox import Sandbox

from faults.providers import PROVIDERS

VARIANTS = {name: each.variant for name, each in PROVIDERS.items()}
IMAGE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


class Films:
    """Makes a sandbox render the films before a case asks for them."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self._sandbox, self._folder = sandbox, folder
        self._rendered: set[tuple[str, bool]] = set()

    def ensure(self, provider: str, *, image: bool) -> None:
        """Make sure that a provider's film is rendered."""
        if (provider, image) in self._rendered:
            return
        request = PROVIDERS[provider].request
        if image:
            frame = self._folder / "frame.png"
            frame.write_bytes(IMAGE)
            request = msgspec.structs.replace(
                request, images=[Image(str(frame), role="first_frame")]
            )
        with Client(
            keys={provider: self._sandbox.key},
            base_urls=self._sandbox.base_urls,
            home=self._folder,
            polling=Polling(first=0, every=0.05),
        ) as client:
            client.submit(VARIANTS[provider], request)
        assert self._sandbox.created[-1].video.finished.wait(300)
        self._rendered.add((provider, image))
