"""Any text can be drawn, and stays inside its box."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rushes_sandbox import Picture, Scene, Shot
from rushes_sandbox._rendering import lettering
from rushes_sandbox._rendering.images import placeholder
from rushes_sandbox._rendering.palette import oklch, palette_for
from rushes_sandbox._rendering.titles import titles

ODD = [
    "",
    " ",
    "\x00\x01\x7f",
    "\ud800",
    "\udfff half a pair \ud83d",
    "小さな紙の船",
    "🚀👩‍👩‍👧‍👦🇫🇷",
    "שלום مرحبا नमस्ते",
    "e\u0301\u0300\u0302" * 50,
    "\u200b\u202e\ufeff",
    "W" * 10_000,
    "word " * 2_000,
    "\n\t\r\u2028",
    "\U0010ffff\ue000",
]


def scene(prompt: str, width: int, height: int) -> Scene:
    picture = Picture(prompt, prompt)
    return Scene(
        variant="toapis / kling-v3",
        prompt=prompt,
        width=width,
        height=height,
        shots=(Shot(prompt, 1.0), Shot(prompt, 1.0)),
        sound=True,
        references=(picture,) * 20,
        negative_prompt=prompt,
        watermark=True,
    )


@pytest.mark.parametrize("prompt", ODD)
@pytest.mark.parametrize("size", [(640, 360), (360, 640), (360, 360)])
def test_odd_prompts_are_drawn_inside_the_frame(prompt: str, size: tuple[int, int]) -> None:
    for title in titles(scene(prompt, *size), 0, palette_for(prompt, 0)):
        assert 0 <= title.left <= title.left + title.image.width <= size[0]
        assert 0 <= title.top <= title.top + title.image.height <= size[1]
        assert (title.left % 2, title.top % 2) == (0, 0)
    assert placeholder(Picture(prompt, prompt), *size).size == size
    assert len(scene(prompt, *size).key) == 64


@given(st.text(max_size=80), st.integers(8, 60), st.integers(40, 400))
def test_lines_are_no_wider_than_asked(text: str, size: int, width: int) -> None:
    readable = lettering.readable(text)
    for line in lettering.wrap(readable, size, width):
        assert lettering.width_of(line, size) <= width or len(line) == 1


@given(st.text(min_size=1, max_size=400), st.integers(60, 400), st.integers(30, 300))
def test_a_text_is_cut_to_its_box_and_marked(text: str, width: int, height: int) -> None:
    size, lines = lettering.fit(text, [40, 24], width, height)
    assert len(lines) <= max(1, height / lettering.leading(size))


def test_a_long_text_is_marked_where_it_is_cut() -> None:
    _, lines = lettering.fit("many words " * 100, [30], 300, 100)
    assert lines[-1].endswith("\N{HORIZONTAL ELLIPSIS}")


def test_a_short_text_is_set_as_large_as_it_fits() -> None:
    assert lettering.fit("few words", [40, 20], 400, 100) == (40, ["few words"])


def test_latin_text_is_kept_and_the_undrawable_marked() -> None:
    assert lettering.readable("Ein  Boot\n\x00fährt") == "Ein Boot fährt"
    assert lettering.readable("a\ud800b") == f"a{lettering.UNKNOWN}b"


@given(st.floats(0, 1), st.floats(0, 0.4), st.floats(0, 360))
def test_colours_stay_in_range(lightness: float, chroma: float, hue: float) -> None:
    assert all(0 <= part <= 255 for part in oklch(lightness, chroma, hue))


def test_neighbouring_shots_have_other_skies() -> None:
    skies = [palette_for("a lantern", shot).horizon for shot in range(6)]
    assert len(set(skies)) == 6
