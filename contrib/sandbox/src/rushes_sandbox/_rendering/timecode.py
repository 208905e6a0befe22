"""The running clock in the corner of a video."""

from PIL import Image

from rushes_sandbox._rendering import lettering
from rushes_sandbox._rendering.scene import FRAMES_PER_SECOND, Scene


class TimeCode:
    """A running clock, minutes to frames, every digit as wide as the widest."""

    def __init__(self, scene: Scene) -> None:
        unit = min(scene.width, scene.height)
        size = max(10, round(unit * 0.044))
        self._cell = round(max(lettering.width_of(digit, size) for digit in "0123456789")) + 1
        self._colon = round(size * 0.36)
        self._height = round(size * 1.3) & ~1
        self._glyphs = {
            character: self._glyph(character, size, self._cell) for character in "0123456789"
        }
        self._glyphs[":"] = self._glyph(":", size, self._colon)
        margin = round(unit * 0.075)
        self.left = margin & ~1
        self.top = (scene.height - margin - round(size * 1.0)) & ~1

    def _glyph(self, character: str, size: int, cell: int) -> Image.Image:
        image, draw = lettering.canvas(cell, self._height)
        x = (cell - lettering.width_of(character, size)) / 2
        lettering.write(draw, (x, size), character, size, (255, 255, 255, 240))
        return image

    def frame(self, number: int) -> Image.Image:
        """Draw the time of frame `number` of the video."""
        seconds, frame = divmod(number, FRAMES_PER_SECOND)
        text = f"{seconds // 60:02}:{seconds % 60:02}:{frame:02}"
        width = 6 * self._cell + 2 * self._colon
        image = Image.new("RGBA", (width + width % 2, self._height), (255, 255, 255, 0))
        x = 0
        for character in text:
            image.paste(self._glyphs[character], (x, 0))
            x += self._glyphs[character].width
        return image
