"""The text on a video: what was requested. It names no variant, so that votes can be blind."""

from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFilter

from rushes_sandbox._rendering import lettering
from rushes_sandbox._rendering.images import fitted_image
from rushes_sandbox._rendering.palette import Palette
from rushes_sandbox._rendering.scene import Scene


@dataclass(frozen=True)
class Title:
    """A transparent picture and the position of its upper left corner, in even pixels."""

    image: Image.Image
    left: int
    top: int


def titles(scene: Scene, number: int, palette: Palette) -> list[Title]:
    """Draw all text that does not move during shot number `number` (from 0)."""
    page = _Page(scene, palette)
    page.head()
    page.body(scene.shots[number].prompt)
    page.foot(number)
    return [_cropped(page.image, box) for box in page.boxes]


class _Page:
    """All text of a frame, inside safe margins."""

    def __init__(self, scene: Scene, palette: Palette) -> None:
        self.scene, self.palette = scene, palette
        self.width, self.height = scene.width, scene.height
        self.unit = min(scene.width, scene.height)
        self.margin = round(self.unit * 0.075)
        self.small = max(9, round(self.unit * 0.028))
        self.sheet, self.draw = lettering.canvas(scene.width, scene.height)
        self.split = round(self.height * 0.8)

    @property
    def image(self) -> Image.Image:
        """The text with a soft shadow, for bright skies."""
        shadow = self.sheet.getchannel("A").filter(ImageFilter.GaussianBlur(self.unit / 110))
        under = Image.new("RGBA", self.sheet.size, (8, 8, 16, 0))
        under.putalpha(shadow.point([round(level * 0.55) for level in range(256)]))
        return Image.alpha_composite(under, self.sheet)

    @property
    def boxes(self) -> list[tuple[int, int, int, int]]:
        """The upper and the lower part, separate so that the empty middle costs nothing."""
        return [
            (0, 0, self.width, self.split),
            (0, self.split, self.width, self.height),
        ]

    def head(self) -> None:
        """Write the name of this server, after a dot in the colour of the sun."""
        baseline = self.margin + self.small
        dot = self.small * 0.27
        centre = baseline - self.small * 0.36
        left = self.margin
        self.draw.ellipse(
            (left, centre - dot, left + 2 * dot, centre + dot), fill=(*self.palette.sun, 255)
        )
        place = (left + 4.2 * dot, baseline)
        lettering.write(self.draw, place, "rushes sandbox", self.small, (255, 255, 255, 235))

    def body(self, prompt: str) -> None:
        """Write the prompt as large as it fits, then the negative prompt and the references."""
        wide, square = self.width > self.height, self.width == self.height
        room = self.width * 0.64 if wide else self.width - 2 * self.margin
        sizes = [round(self.unit * part) for part in (0.088, 0.072, 0.058, 0.048, 0.040, 0.034)]
        tall = self.height * (0.28 if square else 0.40)
        extras = bool(self.scene.references) * 0.14 + bool(self.scene.negative_prompt) * 0.06
        size, lines = lettering.fit(prompt, sizes, room, tall - extras * self.unit)
        y = self.margin + self.small * 2.1
        for line in lines:
            y += lettering.leading(size)
            # Slightly to the left: the side bearing of a large letter looks like an indent.
            place = (self.margin - size * 0.05, y)
            lettering.write(self.draw, place, line, size, (*self.palette.ink, 255))
        y += self.small * 0.9
        if self.scene.negative_prompt:
            y += lettering.leading(self.small)
            text = lettering.readable("without " + self.scene.negative_prompt)
            line = lettering.shorten(text, self.small, room)
            lettering.write(self.draw, (self.margin, y), line, self.small, (255, 255, 255, 205))
        if self.scene.references:
            self._references(y + self.small)

    def foot(self, number: int) -> None:
        """Write size, length and sound at the lower right; the time code is at the left."""
        scene = self.scene
        facts = [f"{scene.width} \N{MULTIPLICATION SIGN} {scene.height}", f"{scene.seconds:g} s"]
        facts.append("with sound" if scene.sound else "silent")
        if len(scene.shots) > 1:
            facts.insert(0, f"shot {number + 1} of {len(scene.shots)}")
        baseline = self.height - self.margin
        self._right("  ·  ".join(facts), baseline, 215)
        if scene.watermark:
            self._watermark(baseline - self.small * 3.4)

    def _right(self, text: str, baseline: float, alpha: int) -> None:
        text = lettering.readable(text.replace("  ", "\0")).replace("\0", "  ")
        x = self.width - self.margin - lettering.width_of(text, self.small)
        lettering.write(self.draw, (x, baseline), text, self.small, (255, 255, 255, alpha))

    def _watermark(self, top: float) -> None:
        text, size = "watermark", self.small
        pad = size * 0.55
        right = self.width - self.margin
        left = right - lettering.width_of(text, size) - 2 * pad
        self.draw.rounded_rectangle(
            (left, top, right, top + size * 1.75),
            radius=size * 0.87,
            outline=(255, 255, 255, 150),
            width=max(1, round(self.unit / 480)),
        )
        place = (left + pad, top + size * 1.2)
        lettering.write(self.draw, place, text, size, (255, 255, 255, 190))

    def _references(self, top: float) -> None:
        side, gap = round(self.unit * 0.115), round(self.unit * 0.02)
        room = (self.width - 2 * self.margin + gap) // (side + gap)
        mask = Image.new("L", (side * 2, side * 2))
        ImageDraw.Draw(mask).rounded_rectangle(
            (0, 0, side * 2 - 1, side * 2 - 1), radius=side // 4, fill=255
        )
        mask = mask.resize((side, side), Image.Resampling.LANCZOS)
        for place, picture in enumerate(self.scene.references[:room]):
            left = self.margin + place * (side + gap)
            self.sheet.paste(fitted_image(picture, side, side), (left, round(top)), mask)


def _cropped(image: Image.Image, box: tuple[int, int, int, int]) -> Title:
    part = image.crop(box)
    left, top, right, bottom = part.getbbox() or (0, 0, 2, 2)
    left, top = left & ~1, top & ~1
    right, bottom = right + right % 2, bottom + bottom % 2
    return Title(part.crop((left, top, right, bottom)), box[0] + left, box[1] + top)
