"""Images of a request: drawn if they were uploaded here, otherwise replaced by a placeholder."""

from PIL import Image, ImageDraw, ImageOps

from rushes_sandbox._rendering import lettering
from rushes_sandbox._rendering.palette import oklch, seeded_random
from rushes_sandbox._rendering.scene import Picture

#: Larger images are not decoded: a small file may decompress to gigabytes.
MAX_PIXELS = 80_000_000


def fitted_image(picture: Picture, width: int, height: int) -> Image.Image:
    """Scale a picture to fill a frame; its middle stays, the rest is cropped."""
    image = _read(picture)
    if image is None:
        return placeholder(picture, width, height)
    return ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS)


def _read(picture: Picture) -> Image.Image | None:
    if picture.path is None:
        return None
    try:
        with Image.open(picture.path, formats=("JPEG", "PNG", "WEBP", "GIF")) as source:
            if source.width * source.height > MAX_PIXELS:
                return None
            upright = ImageOps.exif_transpose(source) or source
            return _on_white(upright)
    # A decoder may raise anything for arbitrary bytes; the video is rendered all the same.
    except Exception:  # noqa: BLE001
        return None


def _on_white(image: Image.Image) -> Image.Image:
    layered = image.convert("RGBA")
    ground = Image.new("RGBA", layered.size, (255, 255, 255, 255))
    return Image.alpha_composite(ground, layered).convert("RGB")


def placeholder(picture: Picture, width: int, height: int) -> Image.Image:
    """Draw a card with the label and URL of an image that this server does not have."""
    hue = seeded_random("still", picture.url).uniform(0, 360)
    column = Image.new("RGB", (1, 32))
    for y in range(32):
        column.putpixel((0, y), oklch(0.36 - 0.14 * y / 31, 0.07, hue + 30 * y / 31))
    image = column.resize((width, height), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image, "RGBA")
    unit = min(width, height)
    edge, line = round(unit * 0.07), max(1, round(unit / 360))
    if unit >= 240:
        box = (edge, edge, width - edge, height - edge)
        draw.rounded_rectangle(box, unit // 40, outline=(255, 255, 255, 70), width=line)
        _caption(draw, picture, width, height)
    else:
        _initials(draw, picture, width, height)
    return image


def _initials(draw: ImageDraw.ImageDraw, picture: Picture, width: int, height: int) -> None:
    """Label a thumbnail, which has no room for a URL."""
    size = max(7, round(min(width, height) * 0.2))
    label = lettering.shorten(lettering.readable(picture.label), size, width * 0.8)
    place = (width - lettering.width_of(label, size)) / 2, (height + size * 0.7) / 2
    lettering.write(draw, place, label, size, (255, 255, 255, 220))


def _caption(draw: ImageDraw.ImageDraw, picture: Picture, width: int, height: int) -> None:
    unit = min(width, height)
    large, small = max(8, round(unit * 0.065)), max(7, round(unit * 0.030))
    label = lettering.shorten(lettering.readable(picture.label), large, width * 0.76)
    url = lettering.readable(picture.url)
    rows = [(label, large, 255), *((row, small, 170) for row in _rows(url, small, width))]
    y = height / 2 - sum(lettering.leading(size) for _, size, _ in rows) / 2 - small
    for text, size, alpha in rows:
        y += lettering.leading(size)
        x = (width - lettering.width_of(text, size)) / 2
        lettering.write(draw, (x, y), text, size, (255, 255, 255, alpha))
        y += small if size == large else 0


def _rows(url: str, size: int, width: int) -> list[str]:
    if not url:
        return []
    return lettering.fit(url, [size], width * 0.72, lettering.leading(size) * 3)[1]
