"""Readers of foreign data: any input has one of a few outcomes."""

import math
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from journal_tasks import ended, make_task
from rushes import (
    Answer,
    ConfigurationError,
    JournalError,
    ResultError,
    pick,
    pick_number,
    pick_percent,
    pick_text,
)
from rushes._fetch.part_file import PartFile
from rushes._flow import Interrupted
from rushes._journal.records import read
from rushes._keys.redacting import MIN_LENGTH, may_show, redact, redacted
from rushes._plugins.refusals import refusal_by_status, retry_after
from rushes._session.session import excerpt
from rushes._submit.files import media_type
from rushes.home import Keys

LONG = "9" * 5000
LAST = "Fri, 31 Dec 9999 23:59:59 GMT"
FIRST = "Mon, 01 Jan 0001 00:00:00 GMT"

numbers = st.integers().map(str) | st.sampled_from([LONG, "-1", "7", "07", "1e9", "٣", "²", " 5 "])
dates = st.sampled_from([LAST, FIRST, "0", "Mon, 99 Foo 99999 99:99:99 +9999", "Thu, 1 Jan 1970"])
near_dates = st.lists(
    st.sampled_from(
        ["Sun,", "06", "Nov", "1994", "08:49:37", "GMT", "-0000", "+2500", "0", ",", ":"]
    )
    | st.text(max_size=3),
    max_size=8,
).map(" ".join)
texts = st.text(max_size=20) | numbers | dates | near_dates
sizes = st.integers(0, 40).map(str) | numbers
ranges = st.builds(
    "{}{}-{}/{}".format, st.sampled_from(["bytes ", "bytes", "items ", ""]), sizes, sizes,
    sizes | st.just("*"),
)  # fmt: skip


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@given(texts, texts | st.none())
@example(LAST, FIRST)
@example(LAST, "Sat, 01 Jan 2000 00:00:00 GMT")
@example(FIRST, LAST)
def test_any_retry_after_is_a_number_of_seconds_or_none(text: str, date: str | None) -> None:
    headers = {"retry-after": text} if date is None else {"retry-after": text, "date": date}
    found = retry_after(Answer(429, headers))
    assert found is None or 0 <= found < 1e9
    refusal = refusal_by_status(429, Answer(429, headers))
    assert (refusal.kind, refusal.retry_after) == ("wait", found)


json_text = st.binary(max_size=30) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | numbers,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
).map(lambda value: repr(value).replace("'", '"').encode("utf-8", "replace"))


@given(json_text, st.integers(100, 999), st.lists(st.text(max_size=3) | st.integers(-9, 9)))
@example(b"[" * 100_000, 200, [0])
@example(b'{"a":' * 100_000, 200, ["a"])
@example(b"9" * 5000, 200, [])
@example(b'{"error": {"message": ' + b"9" * 5000, 400, [])
@example(b"\xef\xbb\xbf{}", 200, [])
@example(b'"\\ud800"', 200, [])
@example(b"[1e999, -Infinity, NaN]", 200, [0])
def test_any_body_can_be_read(body: bytes, status: int, path: list[Any]) -> None:
    answer = Answer(status, {}, body)
    value = answer.json()
    for found in (value, pick(value, *path)):
        text, number, percent = pick_text(found), pick_number(found), pick_percent(found)
        assert text is None or text.strip()
        assert number is None or math.isfinite(number)
        assert percent is None or 0 <= percent <= 100
    refusal = refusal_by_status(status, answer)
    assert refusal.message
    assert refusal.kind == "unknown" or status < 500
    assert excerpt(answer).isprintable()


class Partial(PartFile):
    """A part file that already has this size, and perhaps a validator."""

    def __init__(self, folder: Path, size: int, tag: str | None) -> None:
        super().__init__(folder / "x.mp4", "job")
        self.size, self.tag = size, tag


@given(
    st.sampled_from([200, 206]),
    st.integers(0, 20),
    st.sampled_from([None, '"v1"']),
    st.fixed_dictionaries(
        {},
        optional={
            "content-range": ranges | texts,
            "content-length": sizes | texts,
            "etag": texts,
            "last-modified": texts,
            "content-encoding": st.sampled_from(["gzip", "identity", ""]),
        },
    ),
)
@example(206, 0, None, {"content-range": f"bytes 0-9/{LONG}"})
@example(206, 0, None, {"content-range": f"bytes {LONG}-9/10"})
@example(200, 7, None, {"content-length": LONG})
@example(206, 7, None, {"content-range": "bytes 0-9/10"})
@example(206, 7, '"v1"', {"content-range": "bytes 7-9/10"})
def test_any_head_of_a_download_is_accepted_or_refused(
    folder: Path, status: int, size: int, tag: str | None, headers: dict[str, str]
) -> None:
    part, refused = Partial(folder, size, tag), False
    try:
        part.begin(Answer(status, headers))
    except (Interrupted, ResultError) as error:
        refused = True
        assert part.size == 0 or isinstance(error, ResultError)  # noqa: PT017 - any outcome is fine
    try:
        if not refused:
            # Without the tag of what is there, the rest was not asked for: it starts over.
            assert part.size == (size if status == 206 and tag else 0)
            part.write(b"more")
            assert part.missing is None or part.missing.startswith(f"{part.size} of ")
    finally:
        part.discard()
    assert list(folder.iterdir()) == []


@given(st.binary(max_size=40) | st.binary(max_size=12).map(lambda tail: b"RIFF" + tail))
def test_any_bytes_have_an_media_type_or_none(head: bytes) -> None:
    found = media_type(head)
    assert found is None or found.startswith("image/")
    assert media_type(head[:32]) == found


RECORD = msgspec.json.encode(ended(make_task()))
odd_pieces = st.sampled_from([b"null", b"[]", b"{", b'"', b"-1", b"1e999", b"\xff", b"[" * 5000])


@st.composite
def records(draw: st.DrawFn) -> bytes:
    """Draw a record with one piece replaced."""
    start = draw(st.integers(0, len(RECORD)))
    end = draw(st.integers(start, len(RECORD)))
    return RECORD[:start] + draw(odd_pieces | st.binary(max_size=4)) + RECORD[end:]


@given(records() | st.binary(max_size=20))
@example(RECORD[:-1] + b', "later": ' + b"[" * 5000)
@example(RECORD[:-1] + b', "later": 1}')
def test_any_record_is_a_task_or_a_journal_error(record: bytes) -> None:
    try:
        task = read("/nonexistent/journal.db", "kite", record, None)
    except JournalError as error:
        assert "/nonexistent/journal.db" in str(error)  # noqa: PT017 - a task is fine, too
        return
    assert msgspec.json.decode(msgspec.json.encode(task), type=type(task)) == task


@given(
    st.binary(max_size=20)
    | st.dictionaries(st.text(max_size=5), st.text(max_size=5) | st.none()).map(msgspec.json.encode)
    | odd_pieces.map(lambda piece: b'{"acme": ' + piece)
)
def test_any_key_file_is_read_or_a_configuration_error(folder: Path, content: bytes) -> None:
    file = folder / "keys.json"
    file.write_bytes(content)
    try:
        found = Keys({}, {}, folder).stored()
        assert msgspec.json.decode(content) == found
    except ConfigurationError as error:
        assert str(file) in str(error)  # noqa: PT017 - keys are fine, too
    finally:
        file.unlink()


plain = st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="[]")
secrets = st.text(plain, min_size=MIN_LENGTH, max_size=40)
around = st.text(max_size=20)


@given(secrets, st.lists(around, min_size=1, max_size=4), st.integers(0, 40))
@example("k/+=&key", ["", "", ""], 0)
def test_redacted_text_never_shows_a_key(secret: str, between: list[str], cut: int) -> None:
    shown = redact(secret.join(between), secret)
    assert secret not in shown
    assert redact(shown, secret) == shown
    # A truncated key at the end is redacted unless it is too short to be of use.
    left = secret[: len(secret) - cut % (len(secret) - MIN_LENGTH + 1)]
    assert not redact(between[0] + left, secret).endswith(left)


def _spellings(char: str) -> st.SearchStrategy[str]:
    """Draw one of the ways to escape a character of a key."""
    code = ord(char)
    spellings = [
        char,
        "\\" + char,
        f"\\u{code:04x}",
        f"\\u{code:04X}",
        f"%{code:02x}",
        f"%{code:02X}",
    ]
    spellings += [f"&#{code};", f"&#{code:03};", f"&#x{code:x};", f"&#X{code:X};"]
    return st.sampled_from([*spellings, "+"] if char == " " else spellings)


@st.composite
def _written(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Draw a key and several spellings of it, with each character escaped in its own way."""
    within = st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="[]")
    secret = draw(st.text(within | st.sampled_from("\\%&u+ /"), min_size=MIN_LENGTH, max_size=20))
    return secret, draw(st.lists(st.tuples(*map(_spellings, secret)).map("".join), max_size=3))


@given(_written(), around)
@example(("\\\\\\\\\\\\", ["\\" * 12]), "\\")
@example(("%25%25", ["%2525%25%32%35"]), "")
@example(("\\a/b/c\\", ["\\a/b/c\\", "\\a/b/c\\"]), "")
def test_no_spelling_of_a_key_shows_it(written: tuple[str, list[str]], between: str) -> None:
    secret, forms = written
    # Line breaks around each keep them from overlapping.
    shown = redact("".join(f"{between}\n{form}\n" for form in forms), secret)
    assert shown.count("[key]") - between.count("[key]") * len(forms) >= len(forms)
    assert not [form for form in forms if form in shown]


@given(secrets, st.integers(0, 10), st.integers(0, 40), around)
@example("a b c d", 7, 40, "")
def test_a_value_that_may_show_no_key_has_nothing_to_remove(
    secret: str, style: int, cut: int, between: str
) -> None:
    """Each time one character, or all of them, are escaped in one way."""
    styles: list[Any] = [
        str, "\\{}".format, lambda c: f"\\u{ord(c):04x}", lambda c: f"%{ord(c):02X}",
        lambda c: f"&#{ord(c)};", lambda c: f"&#x{ord(c):x};",
        lambda c: c.replace(" ", "+"),
    ]  # fmt: skip
    escape = styles[style % len(styles)]
    at = cut % len(secret)
    forms = ("".join(map(escape, secret)), secret[:at] + escape(secret[at]) + secret[at + 1 :])
    for value in (*(between + form for form in forms), between + secret[:cut], between):
        echo = {"a": [value, None, 1.5], "b": b"x"}
        assert may_show(echo, secret) or redacted(echo, secret) == echo


@pytest.mark.parametrize("secret", ["\\" * 40 + "x", "%25" * 14, "\\u005c" * 8, "aaaaaa" * 7 + "b"])
def test_redacting_has_no_catastrophic_backtracking(secret: str) -> None:
    """A pattern that backtracks through every reading of this text would never end."""
    text = secret[:-1] * 40 + "!"
    assert redact(text, secret) == text


@given(
    secrets,
    st.recursive(
        st.none() | st.integers() | st.booleans() | around | st.just("KEY"),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(around | st.just("KEY"), inner),
        max_leaves=8,
    ),
)
def test_redacted_values_never_show_a_key(secret: str, value: Any) -> None:
    redacted_json = msgspec.json.encode(redacted(_with(value, secret), secret))
    assert secret not in str(msgspec.json.decode(redacted_json))
    assert redacted(value, None) == value


def _with(value: Any, secret: str) -> Any:
    if isinstance(value, dict):
        return {_with(name, secret): _with(item, secret) for name, item in value.items()}
    if isinstance(value, list):
        return [_with(item, secret) for item in value]
    return f"your {secret}!" if value == "KEY" else value
