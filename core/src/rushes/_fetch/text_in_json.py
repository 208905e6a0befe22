"""A text at a path of a JSON document that arrives in pieces: it is never in memory as a whole."""

import re

from rushes._plugins.reading import steps
from rushes.errors import ResultError

MAX_DEPTH = 100
"""How many levels of objects and lists are accepted at most."""
MAX_KEY = 512
"""How many bytes of a key are compared at most; the rest of a longer one is ignored."""
_END_OR_ESCAPE = re.compile(rb'["\\]')
_NOT_SCALAR = re.compile(rb"[^-+.0-9A-Za-z]")
_SPACE = b" \t\r\n"
_ESCAPES = dict(zip(b'"\\/bfnrt', b'"\\/\b\f\n\r\t', strict=True))


class _Level:
    """An open object or list: where in it we are, and whether it is on the way to the text."""

    def __init__(self, kind: str, *, on_the_way: bool) -> None:
        self.kind, self.on_the_way = kind, on_the_way
        self.step: str | int | None = 0 if kind == "[" else None


class TextInJson:
    """Finds one text in a document; `ended` once it is over, `complete` once the document is.

    Everything else is read only as far as needed to find it. An object that names a step of the
    path twice is refused: readers disagree which of them counts.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.ended = self.complete = False
        self._steps = steps(path)
        self._levels: list[_Level] = []
        self._passed: set[int] = set()
        self._expected = "a value"
        self._string: str | None = None
        self._key = bytearray()
        self._escape = b""

    def feed(self, piece: bytes) -> bytes:
        """Take the next piece of the document, and return what it has of the text.

        Raises ResultError if it is not JSON, or something else than a text is at the path.
        """
        text = bytearray()
        at = 0
        while at < len(piece):
            if self._string is not None:
                at = self._in_string(piece, at, text)
            elif self._expected == "the rest of a value":
                found = _NOT_SCALAR.search(piece, at)
                at = found.start() if found else len(piece)
                if found:
                    self._value_ended()
            else:
                if piece[at] not in _SPACE:
                    self._token(chr(piece[at]))
                at += 1
        return bytes(text)

    def _in_string(self, piece: bytes, at: int, text: bytearray) -> int:
        """Read on in a string; return where to go on."""
        if self._escape:
            self._escaped(piece[at], text)
            return at + 1
        found = _END_OR_ESCAPE.search(piece, at)
        end = found.start() if found else len(piece)
        self._deliver(piece[at:end], text)
        if not found:
            return end
        if found[0] == b"\\":
            self._escape = b"\\"
        else:
            self._string_ended()
        return end + 1

    def _escaped(self, byte: int, text: bytearray) -> None:
        """Read on in an escaped character (RFC 8259, 7)."""
        self._escape += bytes([byte])
        if self._escape == b"\\u" or 2 < len(self._escape) < 6:
            return
        code, self._escape = self._escape[1:], b""
        try:
            character = chr(int(code[1:], 16)) if code[:1] == b"u" else chr(_ESCAPES[byte])
        except (ValueError, KeyError):
            raise self._not_json() from None
        self._deliver(character.encode("utf-8", "surrogatepass"), text)

    def _deliver(self, characters: bytes, text: bytearray) -> None:
        if self._string == "the text":
            text += characters
        elif self._string == "a key":
            self._key += characters[: MAX_KEY + 1 - len(self._key)]

    def _string_ended(self) -> None:
        kind, self._string = self._string, None
        if kind == "a key":
            self._levels[-1].step = self._key.decode("utf-8", "replace")
            self._expected = "a colon"
            return
        self.ended = self.ended or kind == "the text"
        self._value_ended()

    def _token(self, character: str) -> None:
        """Read one character outside of strings and scalars."""
        if self._expected == "a colon" and character == ":":
            self._expected = "a value"
        elif self._expected in ("a key", "a key or }") and character == '"':
            self._string, self._key = "a key", bytearray()
        elif self._expected in ("a value", "a value or ]") and character not in ",:]}":
            self._value(character)
        elif character in "]}" and self._levels and self._may_close(character):
            self._levels.pop()
            self._value_ended()
        elif character == "," and self._expected == "a comma":
            level = self._levels[-1]
            if isinstance(level.step, int):
                level.step += 1
            self._expected = "a value" if level.kind == "[" else "a key"
        else:
            raise self._not_json()

    def _may_close(self, character: str) -> bool:
        fits = self._levels[-1].kind == ("[" if character == "]" else "{")
        return fits and self._expected in ("a comma", f"a value or {character}", "a key or }")

    def _value(self, character: str) -> None:
        """Begin a value: enter it, if it is on the way to the text."""
        on_the_way = self._enter()
        if on_the_way and len(self._levels) == len(self._steps):
            if character != '"':
                raise ResultError(f"what is at {self.path} in the answer is not a text")
            self._string = "the text"
        elif character == '"':
            self._string = "another text"
        elif character in "[{":
            if len(self._levels) == MAX_DEPTH:
                raise ResultError(f"the answer has more than {MAX_DEPTH} levels")
            self._levels.append(_Level(character, on_the_way=on_the_way))
            self._expected = "a value or ]" if character == "[" else "a key or }"
        elif character in "-NI" or character.isalnum():
            self._expected = "the rest of a value"
        else:
            raise self._not_json()

    def _enter(self) -> bool:
        """Whether the value that begins here is on the way to the text, or the text itself."""
        depth = len(self._levels)
        if not depth:
            return True
        level = self._levels[-1]
        if not (level.on_the_way and depth <= len(self._steps)):
            return False
        step = self._steps[depth - 1]
        if level.step != step or isinstance(step, int) != (level.kind == "["):
            return False
        if depth in self._passed:
            raise ResultError(f"the answer has {step} of {self.path} twice")
        self._passed.add(depth)
        return True

    def _value_ended(self) -> None:
        self.complete = not self._levels
        self._expected = "nothing" if self.complete else "a comma"

    def _not_json(self) -> ResultError:
        return ResultError("the answer that should contain the video is not JSON")
