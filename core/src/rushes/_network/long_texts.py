"""Long texts left out of a JSON answer as it arrives: one of them may be an encoded video."""

import re

LONG = 4096
"""How many bytes a text may have to be kept: addresses and reasons have fewer."""
LEFT_OUT = b"[a long text, left out]"
_END_OR_ESCAPE = re.compile(rb'["\\]')


class WithoutLongTexts:
    """Keeps a JSON document, with a note in place of each long text."""

    def __init__(self) -> None:
        self._text: bytearray | None = None
        self._escaped = False

    def keep(self, piece: bytes) -> bytes:
        """Return what to keep of the next piece, with what was held back of earlier ones."""
        kept, at = bytearray(), 0
        while at < len(piece):
            if self._text is None:
                begin = piece.find(b'"', at)
                end = len(piece) if begin < 0 else begin + 1
                kept += piece[at:end]
                self._text = None if begin < 0 else bytearray()
                at = end
            elif self._escaped:
                self._hold(piece[at : at + 1])
                self._escaped, at = False, at + 1
            else:
                at = self._read(piece, at, kept)
        return bytes(kept)

    def _read(self, piece: bytes, at: int, kept: bytearray) -> int:
        """Read a text to its end, or to the next escape; return where to go on."""
        found = _END_OR_ESCAPE.search(piece, at)
        end = found.start() if found else len(piece)
        self._hold(piece[at:end])
        if not found:
            return end
        if found[0] == b'"':
            text, self._text = self._text or b"", None
            kept += (LEFT_OUT if len(text) > LONG else text) + b'"'
        else:
            self._hold(b"\\")
            self._escaped = True
        return end + 1

    def _hold(self, characters: bytes) -> None:
        if self._text is not None and len(self._text) <= LONG:
            self._text += characters[: LONG + 1]
