"""JSON that money depends on."""

import pytest
from rushes_cli.strict_json import MAX_DEPTH, MalformedJSON, read_json


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "empty"),
        (b" \n\t", "empty"),
        (b"{", "line 1, column 2"),
        (b'{"a": 1,\n "b": }', "line 2, column 7"),
        (b'{"a": 1} x', "line 1, column 10"),
        (b'{"a": 1,\n "a": 2}', 'the key "a" twice, at line 2, column 2'),
        (b'{"a": 1, "\\u0061": 2}', "twice, at line 1, column 10"),
        (b'{"b": [{"a": {}, "c": "\\"a\\":", "a": {}}]}', "twice, at line 1, column 33"),
        (b'{"a": NaN}', "NaN, which is not valid JSON, at line 1, column 7"),
        (b'["NaN", -Infinity]', "-Infinity, which is not valid JSON, at line 1, column 9"),
        (b'{"a": "\xff"}', "not UTF-8: byte 0xff at line 1, byte 8"),
        (b'{\n"a": "\xc3"}', "line 2, byte 7"),
        (b"[" * 101 + b"]" * 101, f"deeper than {MAX_DEPTH} levels, at line 1, column 101"),
        (b'{"a":' * 200_000, "deeper than"),
        (b"1" * 5000, "a number of 5000 digits, at line 1, column 1"),
        (b'"\\"' * 100_000, "not valid JSON"),
        (b"\x00", "not valid JSON"),
        (b"'a'", "not valid JSON"),
        (b'"a\nb"', "control character"),
    ],
)
def test_errors_give_line_and_column(text: bytes, words: str) -> None:
    with pytest.raises(MalformedJSON) as refused:
        read_json(text)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a": {"a": [{"a": 1}, {"a": 1}]}}', {"a": {"a": [{"a": 1}, {"a": 1}]}}),
        (b"\xef\xbb\xbf{}", {}),
        (b"[" * 100 + b"]" * 100, None),
        (b'["' + b"[" * 200 + b'"]', ["[" * 200]),
        (b'{"a": ":", "b": ":"}', {"a": ":", "b": ":"}),
        (b'"\\ud800"', "\ud800"),
        (b"5", 5),
        (b"5.0", 5.0),
    ],
)
def test_valid_json_is_read(text: bytes, value: object) -> None:
    found = read_json(text)
    if value is not None:
        assert found == value
        assert type(found) is type(value)
