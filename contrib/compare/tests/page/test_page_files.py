"""What the page is made of, without a browser: escaping, marked lines, files, plain tables."""

import json
from base64 import b64decode, b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from page_results import VARIANTS, made
from rushes_compare import FolderError
from rushes_compare._page import player_table, write_page
from rushes_compare._page.escaping import escape_html, json_line, script_json
from rushes_compare._page.media import CHUNK, data_url, file_in_folder
from rushes_compare.results import Cell, Results, Row

HOSTILE = [
    "</script>",
    "<!--",
    "<img onerror=x>",
    "\u202e",
    "\x00",
    '"',
    "'",
    "&lt;",
    "]]>",
    "\u2028",
]
TEXT = st.lists(st.text() | st.sampled_from(HOSTILE)).map("".join)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


class Reader(HTMLParser):
    """Gathers the text, the attributes and the tags."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.given, self.tags = "", "", list[str]()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        self.given += "".join(value or "" for _, value in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


@given(TEXT)
def test_text_stays_text_in_html(text: str) -> None:
    reader = Reader()
    reader.feed(f'<p title="{escape_html(text)}">{escape_html(text)}</p>')
    reader.close()
    assert reader.tags == ["p"]
    assert reader.text == reader.given
    kept = [(a, b) for a, b in zip(text, reader.text, strict=True) if a != b]
    assert all(b == "\ufffd" for _, b in kept)


@given(JSON)
@example({"a": [float("nan"), float("inf")]})
def test_data_never_ends_its_script(value: Any) -> None:
    text = script_json(value)
    assert not set("<>&") & set(text)
    assert text.isascii()
    if "null" not in text:
        assert json.loads(text) == value


@given(JSON)
def test_json_for_people_is_json(value: Any) -> None:
    text = json_line(value)
    assert json.loads(text) == value
    assert not set("\u202e\u2066\u2028\u200b") & set(text)


@pytest.fixture
def one(tmp_path: Path) -> Results:
    """Return a comparison with one cell, whose files are only names."""
    folder = tmp_path / "one"
    (folder / "videos").mkdir(parents=True)
    cell = made(0, 0, VARIANTS[0], 2, (320, 180))
    assert cell.video
    (folder / cell.video.file).write_bytes(b"film")
    return Results(
        id="x", created_at=0, rows=[Row(name="<b>", request={"prompt": "<i>"})],
        variants=[VARIANTS[0]], cells=[cell],
    )  # fmt: skip


@pytest.mark.parametrize(
    "name", ["../secret.mp4", "/etc/passwd", "link.mp4", "videos", "\0", "x" * 9000, "", "key.txt"]
)
def test_files_outside_the_folder_stay_out_of_the_page(
    one: Results, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "one"
    (tmp_path / "secret.mp4").write_bytes(b"secret")
    (folder / "key.txt").write_bytes(b"secret")
    (folder / "link.mp4").symlink_to(tmp_path / "secret.mp4")
    assert file_in_folder(folder, name) is None
    cell = one.cells[0]
    assert cell.video
    stolen = msgspec.structs.replace(cell.video, file=name, poster=name)
    cells = [msgspec.structs.replace(cell, video=stolen)]
    page = write_page(msgspec.structs.replace(one, cells=cells), folder, embed=True)
    assert 'data-cell="0"' not in page.read_text()


def test_a_film_is_read_in_pieces(tmp_path: Path) -> None:
    file = tmp_path / "long.mp4"
    file.write_bytes(bytes(range(256)) * 20_000)
    pieces = list(data_url(file))
    assert max(map(len, pieces)) <= CHUNK * 4 // 3
    assert b64decode("".join(pieces).partition(",")[2]) == file.read_bytes()


def test_urls_are_quoted(one: Results, tmp_path: Path) -> None:
    folder, name = tmp_path / "one", 'videos/a #1?%20:"<é.mp4'
    (folder / name).write_bytes(b"film")
    cell = one.cells[0]
    assert cell.video
    cells = [msgspec.structs.replace(cell, video=msgspec.structs.replace(cell.video, file=name))]
    page = write_page(msgspec.structs.replace(one, cells=cells), folder)
    assert 'href="videos/a%20%231%3F%2520%3A%22%3C%C3%A9.mp4"' in page.read_text()


def test_an_older_page_stays_when_the_new_one_fails(
    one: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "one"
    write_page(one, folder)
    older = (folder / "report.html").read_text()
    broken = msgspec.structs.replace(one, rows=[Row(name="x", request={"prompt": object()})])
    with pytest.raises(TypeError):
        write_page(broken, folder, title="new")
    assert (folder / "report.html").read_text() == older
    assert [path.name for path in folder.iterdir() if "part" in path.name] == []


def test_a_page_that_cannot_be_written_is_reported(one: Results, tmp_path: Path) -> None:
    (tmp_path / "one" / "report.html").mkdir()
    with pytest.raises(FolderError, match=r"report\.html cannot be written: Is a directory"):
        write_page(one, tmp_path / "one")
    assert [path.name for path in (tmp_path / "one").iterdir() if "part" in path.name] == []
    (tmp_path / "file").touch()
    with pytest.raises(FolderError, match="cannot be written"):
        write_page(one, tmp_path / "file")


def test_the_policy_lets_only_our_own_script_run(one: Results, tmp_path: Path) -> None:
    text = write_page(one, tmp_path / "one").read_text()
    assert "unsafe" not in text.partition("</head>")[0].partition("<style>")[0]
    script = text.rpartition("<script>")[2].partition("</script>")[0]
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert f"; script-src 'sha256-{digest}'; " in text
    assert "innerHTML" not in text
    assert text.count("<script") == text.count("</script>") == 2


def test_a_table_of_players_has_no_script(
    one: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = player_table(one, tmp_path / "one")
    assert '<video controls preload="none" width="280" src="one/videos/00c0ffee00.mp4">' in text
    assert "&lt;b&gt;: &lt;i&gt;" in text
    assert "script" not in text
    row = Row(name="x", request={"prompt": "a \u202eb"})
    text = player_table(msgspec.structs.replace(one, rows=[row]), tmp_path / "one")
    assert "a \\u202eb" in text
    assert "\u202e" not in text


@pytest.mark.parametrize("state", ["planned", "recorded", "refused", "cannot"])
def test_the_table_has_no_price_for_what_was_not_bought(
    one: Results, tmp_path: Path, state: Any
) -> None:
    cell = Cell(id="a", row=0, variant=one.variants[0], state=state, estimate=0.25)
    text = player_table(msgspec.structs.replace(one, cells=[cell]), tmp_path / "one")
    assert f"{state}; nothing was bought<" in text
    assert "USD" not in text
