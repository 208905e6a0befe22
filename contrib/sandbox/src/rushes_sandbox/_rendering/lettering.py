"""Drawing any text with whatever fonts are available."""

import unicodedata
from functools import lru_cache
from itertools import groupby

from PIL import Image, ImageDraw, ImageFont

Font = ImageFont.FreeTypeFont

#: Pillow comes with a Latin font. For other scripts, fonts that systems usually have are tried
#: in this order; none of them has to exist.
FALLBACKS = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "NotoSansCJK-Regular.ttc",
    "DroidSansFallbackFull.ttf",
    "wqy-microhei.ttc",
    "Arial Unicode.ttf",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "segoeui.ttf",
    "msyh.ttc",
    "meiryo.ttc",
    "malgun.ttf",
    "Nirmala.ttf",
)

#: Drawn in place of a character that no available font has.
UNKNOWN = "\N{MIDDLE DOT}"

#: More characters than any layout can show, so that very long prompts stay cheap.
MAX_LENGTH = 900


@lru_cache(maxsize=256)
def font(size: int, number: int = 0) -> Font | None:
    """Open a font: number 0 is always available, the others are fallbacks."""
    if number == 0:
        plain = ImageFont.load_default(size)
        return plain if isinstance(plain, Font) else None
    try:
        return ImageFont.truetype(FALLBACKS[number - 1], size)
    except OSError:
        return None


@lru_cache(maxsize=8192)
def font_number(character: str) -> int | None:
    """Find the first font with a glyph for a character, or None."""
    for number in range(len(FALLBACKS) + 1):
        face = font(24, number)
        if face is not None and _picture(face, character) != _missing(number):
            return number
    return None


@lru_cache(maxsize=64)
def _missing(number: int) -> tuple[tuple[int, int], bytes]:
    face = font(24, number)
    return _picture(face, "\U0010ffff") if face else ((0, 0), b"")


def _picture(face: Font, character: str) -> tuple[tuple[int, int], bytes]:
    mask = face.getmask(character)
    return mask.size, bytes(mask)


def readable(text: str) -> str:
    """Make any text drawable on one line: no control characters, no lone surrogates."""
    clipped = text[:MAX_LENGTH] + ("\N{HORIZONTAL ELLIPSIS}" if len(text) > MAX_LENGTH else "")
    characters = []
    for character in clipped:
        kind = unicodedata.category(character)
        if character.isspace() or kind == "Cc":
            characters.append(" ")
        elif kind in {"Cf", "Mn", "Me"} and font_number(character) is None:
            continue
        elif kind in {"Cs", "Cn", "Co"} or font_number(character) is None:
            characters.append(UNKNOWN)
        else:
            characters.append(character)
    return " ".join("".join(characters).split())


def runs(text: str, size: int) -> list[tuple[Font, str]]:
    """Split a readable text into runs that one font can draw."""
    found = []
    # A space belongs to the text before it, so that a phrase is not split into words.
    numbers: list[int] = []
    for character in text:
        same = character == " " and numbers
        numbers.append(numbers[-1] if same else font_number(character) or 0)
    for number, group in groupby(zip(numbers, text, strict=True), key=lambda pair: pair[0]):
        face = font(size, number) or font(size)
        if face is not None:
            found.append((face, "".join(character for _, character in group)))
    return found


def width_of(text: str, size: int) -> float:
    """Measure a readable text in pixels."""
    return sum(face.getlength(part) for face, part in runs(text, size))


def write(
    draw: ImageDraw.ImageDraw,
    place: tuple[float, float],
    text: str,
    size: int,
    fill: tuple[int, ...] | int,
) -> None:
    """Draw a readable text; `place` is the left end of its baseline."""
    x, y = place
    for face, part in runs(text, size):
        draw.text((x, y), part, font=face, fill=fill, anchor="ls")
        x += face.getlength(part)


def wrap(text: str, size: int, width: float) -> list[str]:
    """Break a readable text into lines of at most `width` pixels."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if width_of(longer, size) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        line = word
        while len(line) > 1 and (
            len(line) > _max_characters(size, width) or width_of(line, size) > width
        ):
            head = _fitting(line, size, width)
            lines.append(line[:head])
            line = line[head:]
    return [*lines, line] if line else lines


def _max_characters(size: int, width: float) -> int:
    """Limit the characters of a line, so that an endless word is not measured as a whole."""
    return max(1, int(width / (size * 0.2)))


def _fitting(word: str, size: int, width: float) -> int:
    """Count the characters of a word that fit; at least one, so that wrapping always ends."""
    low, high = 1, min(len(word), _max_characters(size, width))
    while low < high:
        middle = (low + high + 1) // 2
        if width_of(word[:middle], size) <= width:
            low = middle
        else:
            high = middle - 1
    return low


def fit(text: str, sizes: list[int], width: float, height: float) -> tuple[int, list[str]]:
    """Choose the largest size at which a text fits a box, cutting it at the smallest."""
    text = readable(text)
    for size in sizes:
        lines = wrap(text, size, width)
        if len(lines) * leading(size) <= height:
            return size, lines
    room = max(1, int(height // leading(size)))
    return size, [*lines[: room - 1], shorten(lines[room - 1] + "  ", size, width)]


def shorten(text: str, size: int, width: float) -> str:
    """Cut a text to one line of `width` pixels, marking the cut."""
    if width_of(text.rstrip(), size) <= width and not text.endswith("  "):
        return text
    text = text.rstrip()[: _max_characters(size, width)]
    while text and width_of(text + "\N{HORIZONTAL ELLIPSIS}", size) > width:
        text = text[:-1]
    return text.rstrip(" ,.;:") + "\N{HORIZONTAL ELLIPSIS}"


def leading(size: int) -> float:
    """Return the distance between baselines for a size, in pixels."""
    return size * 1.22


def canvas(width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """Create an empty transparent picture to write on."""
    image = Image.new("RGBA", (width, height), (255, 255, 255, 0))
    return image, ImageDraw.Draw(image)
