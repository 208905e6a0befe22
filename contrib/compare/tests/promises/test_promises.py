"""The rules that compare what was requested with what was delivered."""

from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rushes_compare._promises.promises import ALIKE, RATIO, SECONDS, UNLIKE, check_promises
from rushes_compare.results import Stretch, Video


def video(**changes: Any) -> Video:
    """Describe a 1080p film of 5 s with sound."""
    fields: dict[str, Any] = {
        "file": "videos/a.mp4", "bytes": 1000, "container": "mp4", "video_codec": "h264",
        "audio_codec": "aac", "width": 1920, "height": 1080, "frame_rate": 24.0, "duration": 5.0,
        "bit_rate": 1600, "silent": False, "loudness": -20.0,
    }  # fmt: skip
    return Video(**{**fields, **changes})


def kept(request: dict[str, Any], payload: dict[str, Any] | None = None, **film: Any) -> Any:
    """Return whether each promise was kept, by its name."""
    return {one.name: one.kept for one in check_promises(request, payload or {}, video(**film))}


def test_what_was_not_requested_is_not_a_promise() -> None:
    assert kept({"prompt": "x", "seed": 4, "guidance": 0.5}) == {"file": True}
    assert kept({}) == {"file": True}


def test_everything_requested_is_kept() -> None:
    request = {
        "prompt": "x", "resolution": "1080p", "aspect_ratio": "16:9", "duration": 5, "audio": True,
        "shots": [{"prompt": "a", "duration": 2}, {"prompt": "b", "duration": 3}],
        "images": [{"url": "a.png", "role": "first_frame"}],
    }  # fmt: skip
    checked = check_promises(request, {}, video(cuts=[2.0], first_frame=0.97))
    assert [(one.name, one.asked, one.delivered, one.kept) for one in checked] == [
        ("resolution", "1080p", "1920 \N{MULTIPLICATION SIGN} 1080", True),
        ("aspect_ratio", "16:9", "1920 \N{MULTIPLICATION SIGN} 1080", True),
        ("duration", "5 s", "5.00 s", True),
        ("audio", "sound", "sound", True),
        ("shots", "2 shots", "2 shots", True),
        ("first_frame", "the given picture", "97 % alike", True),
        ("file", "a complete video that moves", "complete, and it moves", True),
    ]


@pytest.mark.parametrize(
    ("word", "size", "verdict"),
    [
        ("720p", (1280, 720), True),
        ("720P", (720, 1280), True),
        ("1080p", (1280, 720), False),
        ("1080p", (1440, 1080), True),
        ("1080p", (1920, 1088), False),
        ("4k", (3840, 2160), True),
        ("4K", (1920, 1080), False),
        ("720p", (1920, 1080), False),
        ("best", (1920, 1080), None),
    ],
)
def test_the_shorter_side_is_the_resolution(
    word: str, size: tuple[int, int], verdict: bool | None
) -> None:
    checked = kept({"resolution": word}, width=size[0], height=size[1])
    assert checked["resolution"] is verdict


@given(
    st.integers(1, 32),
    st.integers(1, 32),
    st.fractions(Fraction(2, 10), Fraction(2)),
    st.integers(400, 2000),
)
def test_a_ratio_is_kept_within_two_percent(wide: int, high: int, off: Fraction, side: int) -> None:
    width, height = round(side * wide * off), side * high
    true = Fraction(width, height) / Fraction(wide, high)
    checked = kept({"aspect_ratio": f"{wide}:{high}"}, width=width, height=height)
    if abs(float(true) - 1) < RATIO - 1e-9:
        assert checked["aspect_ratio"] is True
    elif abs(float(true) - 1) > RATIO + 1e-9:
        assert checked["aspect_ratio"] is False
    assert kept({"aspect_ratio": "16:9"})["aspect_ratio"] is True


def test_a_given_image_may_decide_the_ratio() -> None:
    request = {"aspect_ratio": "1:1", "images": [{"url": "a.png", "role": "reference"}]}
    assert kept(request)["aspect_ratio"] is None
    assert kept(request, width=720, height=720)["aspect_ratio"] is True
    assert kept({"aspect_ratio": "1:1"})["aspect_ratio"] is False
    for odd in ("auto", "0:1", "1:0", "16/9"):
        assert kept({"aspect_ratio": odd})["aspect_ratio"] is None


@given(st.floats(0.5, 60), st.floats(-3, 3), st.sampled_from([1.0, 2.0, 12.0, 24.0, 60.0]))
def test_a_duration_is_kept_within_a_quarter_of_a_second_or_a_frame(
    seconds: float, off: float, rate: float
) -> None:
    allowed = max(SECONDS, 1 / rate)
    checked = kept({"duration": seconds}, duration=seconds + off, frame_rate=rate)
    if abs(abs(off) - allowed) > 1e-3:
        assert checked["duration"] is (abs(off) < allowed)


def test_shots_give_the_duration_if_nothing_else_does() -> None:
    shots = [{"prompt": "a", "duration": 2}, {"prompt": "b", "duration": 3}]
    assert kept({"shots": shots}, cuts=[2.0])["duration"] is True
    assert kept({"shots": shots}, cuts=[2.0], duration=4.0)["duration"] is False
    assert kept({"shots": shots}, {"duration": 4}, duration=4.0)["duration"] is True
    assert "duration" not in kept({"shots": [{"prompt": "a"}, *shots]})


@pytest.mark.parametrize(
    ("wanted", "codec", "silent", "delivered", "verdict"),
    [
        (True, "aac", False, "sound", True),
        (True, "aac", True, "a silent track", False),
        (True, None, None, "no sound track", False),
        (False, None, None, "no sound track", True),
        (False, "aac", True, "a silent track", True),
        (False, "aac", False, "sound", False),
    ],
)
def test_a_silent_track_is_not_sound(
    wanted: bool, codec: str | None, silent: bool | None, delivered: str, verdict: bool
) -> None:
    film = video(audio_codec=codec, silent=silent)
    checked = next(
        one for one in check_promises({"audio": wanted}, {}, film) if one.name == "audio"
    )
    assert (checked.delivered, checked.kept) == (delivered, verdict)


@given(st.integers(1, 8), st.integers(0, 8))
def test_shots_are_cuts_and_one(count: int, found: int) -> None:
    request = {"shots": [{"prompt": str(number)} for number in range(count)]}
    cuts = [float(number + 1) for number in range(found)]
    assert kept(request, cuts=cuts, duration=10.0)["shots"] is (found == count - 1)
    damaged = kept(request, cuts=cuts, duration=10.0, damage=["it breaks off"])
    assert damaged["shots"] is (True if found == count - 1 else None)


@given(st.floats(0, 1))
def test_a_first_frame_matches_differs_or_is_unknown(likeness: float) -> None:
    checked = kept({}, first_frame=likeness)["first_frame"]
    assert checked is (True if likeness >= ALIKE else False if likeness < UNLIKE else None)


def test_a_missing_image_cannot_be_compared() -> None:
    there = {"images": [{"url": "https://img.example.org/a.png", "role": "first_frame"}]}
    assert kept(there)["first_frame"] is None
    assert "first_frame" not in kept({"images": [{"url": "a.png", "role": "last_frame"}]})


@pytest.mark.parametrize(
    ("film", "words"),
    [
        ({"black": [Stretch(start=0, end=5)]}, "black from beginning to end"),
        ({"frozen": [Stretch(start=0, end=2), Stretch(start=2.1, end=5)]}, "nothing moves"),
        ({"frame_rate": 12.0}, "only 12 frames per second"),
        ({"damage": ["its frames change their size on the way"]}, "change their size"),
    ],
)
def test_an_unusable_file_breaks_a_promise_without_a_request(
    film: dict[str, Any], words: str
) -> None:
    (checked,) = check_promises({}, {}, video(**film))
    assert (checked.name, checked.kept) == ("file", False)
    assert words in checked.delivered


def test_a_pause_does_not_break_a_promise() -> None:
    half = [Stretch(start=1, end=4)]
    assert kept({}, frozen=half, black=half) == {"file": True}


@pytest.mark.parametrize(
    ("payload", "checked"),
    [
        ({"duration": 5, "mode": "pro", "aspect_ratio": "16:9", "audio": True},
         {"duration": True, "resolution": True, "aspect_ratio": True, "audio": True}),
        ({"duration": "5", "mode": "4k"}, {"duration": True, "resolution": False}),
        ({"mode": "std", "prompt": "x"}, {"resolution": False}),
        ({"extra_body": {"multi_prompt": [{"prompt": "a"}, {"prompt": "b"}]}}, {"shots": False}),
        ({"duration": 10**400}, {}),
        ({"mode": ["pro"], "duration": {}, "audio": "yes", "multi_prompt": "a", "extra_body": 1},
         {}),
    ],
)  # fmt: skip
def test_a_native_payload_is_read_by_the_fields_that_gateways_share(
    payload: dict[str, Any], checked: dict[str, bool]
) -> None:
    assert kept({"extra": payload}, payload) == {**checked, "file": True}


def test_the_request_takes_precedence_over_the_payload() -> None:
    checked = kept({"duration": 5, "resolution": "1080p"}, {"duration": 10, "mode": "std"})
    assert checked == {"duration": True, "resolution": True, "file": True}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
NAMES = ("duration", "aspect_ratio", "resolution", "audio", "shots", "images", "mode",
         "multi_prompt", "extra_body")  # fmt: skip


@given(*[st.dictionaries(st.sampled_from(NAMES), JSON)] * 2)
def test_odd_values_are_not_promises_and_never_raise(
    request: dict[str, Any], payload: dict[str, Any]
) -> None:
    checked = check_promises(request, payload, video())
    assert checked[-1].name == "file"
    assert len({one.name for one in checked}) == len(checked)
    msgspec.json.encode(checked)


def test_what_a_variant_always_delivers_is_a_promise() -> None:
    always = {"resolution": "720p", "audio": False, "watermark": True}
    checked = check_promises({"prompt": "x"}, {}, video(), always)
    assert [(one.name, one.asked, one.kept) for one in checked] == [
        ("resolution", "720p, as always", False),
        ("audio", "no sound, as always", False),
        ("file", "a complete video that moves", True),
    ]
    kept = {"width": 1280, "height": 720, "audio_codec": None}
    assert all(one.kept for one in check_promises({}, {}, video(**kept), always))


def test_the_request_takes_precedence_over_what_is_always_delivered() -> None:
    always = {"resolution": "720p", "audio": False, "duration": 10, "aspect_ratio": "1:1"}
    request = {"resolution": "1080p", "audio": True, "duration": 5}
    checked = {
        one.name: one.asked
        for one in check_promises(request, {"aspect_ratio": "16:9"}, video(), always)
    }
    assert checked == {
        "resolution": "1080p", "audio": "sound", "duration": "5 s", "aspect_ratio": "16:9",
        "file": "a complete video that moves",
    }  # fmt: skip
    checked = {one.name: one.asked for one in check_promises({}, {"mode": "pro"}, video(), always)}
    assert checked["resolution"] == "1080p"
    assert checked["duration"] == "10 s, as always"
    odd = {"resolution": 7, "audio": "yes", "duration": -1, "aspect_ratio": None}
    assert [one.name for one in check_promises({}, {}, video(), odd)] == ["file"]
